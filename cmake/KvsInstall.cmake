# kvs_install(): the target kvs::kvs, and `cmake --install`: libraries, headers, programs, and what find_package reads.
#
# kvs::kvs is an interface over the libraries of all folders. A library that is an imported file of the build tree (the
# sled crate) is installed beside them and declared anew in kvsConfig.cmake; its target must be GLOBAL.
include(CMakePackageConfigHelpers)

function(kvs_install)
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/kvs/*.h)
  get_property(folders GLOBAL PROPERTY KVS_FOLDERS)
  list(TRANSFORM folders PREPEND kvs_ OUTPUT_VARIABLE libraries)

  add_library(kvs INTERFACE)
  add_library(kvs::kvs ALIAS kvs)
  target_sources(kvs INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  set_target_properties(kvs PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  target_link_libraries(kvs INTERFACE ${libraries})
  add_dependencies(kvs_headers_alone kvs_verify_interface_header_sets)

  install(TARGETS kvs ${libraries} EXPORT kvsTargets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  kvs_install_machine_code(${libraries})
  foreach(program kvs-server kvs-client kvs-inspect kvs-backup kvs-torture)
    if(TARGET ${program})
      install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
  endforeach()

  set(package_directory ${CMAKE_INSTALL_LIBDIR}/cmake/kvs)
  install(EXPORT kvsTargets NAMESPACE kvs:: DESTINATION ${package_directory})
  kvs_outside_packages(kvs_packages)
  kvs_install_imported(kvs_imported)
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/kvsConfig.cmake.in ${PROJECT_BINARY_DIR}/kvsConfig.cmake
    INSTALL_DESTINATION ${package_directory} NO_SET_AND_CHECK_MACRO)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/kvsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/kvsConfig.cmake ${PROJECT_BINARY_DIR}/kvsConfigVersion.cmake
    DESTINATION ${package_directory})
endfunction()

# The packages from outside that the folders link: a target is named PACKAGE::library, but for tl-expected.
function(kvs_outside_packages result)
  get_property(links GLOBAL PROPERTY KVS_LINKS)
  list(FILTER links INCLUDE REGEX "^[A-Za-z0-9-]+::")
  list(FILTER links EXCLUDE REGEX "^kvs::")
  list(TRANSFORM links REPLACE "::.*" "")
  list(TRANSFORM links REPLACE "^tl$" "tl-expected")
  list(REMOVE_DUPLICATES links)
  set(${result} "${links}" PARENT_SCOPE)
endfunction()

# Installs the files of the imported targets that folders link, and answers "name|file|link|link..." for each. Those of
# packages from outside have a name with "::".
function(kvs_install_imported result)
  get_property(targets GLOBAL PROPERTY KVS_LINKS)
  list(FILTER targets EXCLUDE REGEX "::")
  list(REMOVE_DUPLICATES targets)
  set(declarations)
  foreach(target IN LISTS targets)
    if(NOT TARGET ${target})
      continue()
    endif()
    get_target_property(is_imported ${target} IMPORTED)
    if(NOT is_imported)
      continue()
    endif()
    get_target_property(file ${target} IMPORTED_LOCATION)
    get_target_property(links ${target} INTERFACE_LINK_LIBRARIES)
    if(NOT links)
      set(links)
    endif()
    install(FILES ${file} DESTINATION ${CMAKE_INSTALL_LIBDIR})
    cmake_path(GET file FILENAME file_name)
    list(JOIN links "|" joined_links)
    list(APPEND declarations "${target}|${CMAKE_INSTALL_LIBDIR}/${file_name}|${joined_links}")
  endforeach()
  set(${result} "${declarations}" PARENT_SCOPE)
endfunction()
