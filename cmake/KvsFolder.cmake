# kvs_folder(<folder> SOURCES <file>... [LINKS <target>...])
#
# Declares src/<folder> as one static library, which is installed with the others: `log` is kvs_log (alias kvs::log),
# and the room `store/tail` is kvs_store_tail (alias kvs::store_tail). LINKS repeats the folder's row of the floor table
# in ARCHITECTURE.md, plus libraries from outside: tools/tidy.py compares the two.
function(kvs_folder folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  string(REPLACE "/" "_" name ${folder})
  add_library(kvs_${name} STATIC ${arg_SOURCES})
  add_library(kvs::${name} ALIAS kvs_${name})
  set_target_properties(kvs_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(kvs_${name}
    PRIVATE ${PROJECT_SOURCE_DIR}/src
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(kvs_${name} PUBLIC tl::expected PRIVATE $<BUILD_INTERFACE:kvs_warnings> ${arg_LINKS})
  target_compile_features(kvs_${name} PUBLIC cxx_std_20)
  set_property(GLOBAL APPEND PROPERTY KVS_FOLDERS ${name})
  set_property(GLOBAL APPEND PROPERTY KVS_LINKS tl::expected ${arg_LINKS})
  kvs_check_headers(${folder} kvs_${name} ${arg_LINKS})
endfunction()

# kvs_check_headers(<folder> <library> <target>...)
#
# The target kvs_headers_alone compiles each header of src/<folder> by itself: what it needs, it includes. A nested
# folder with a CMakeLists.txt is a room of its own, which checks its own headers.
function(kvs_check_headers folder library)
  if(NOT TARGET kvs_headers_alone)
    add_custom_target(kvs_headers_alone)
  endif()
  set(root ${PROJECT_SOURCE_DIR}/src)
  file(GLOB_RECURSE headers RELATIVE ${root} CONFIGURE_DEPENDS ${root}/${folder}/*.h)
  file(GLOB_RECURSE rooms RELATIVE ${root} CONFIGURE_DEPENDS ${root}/${folder}/*/CMakeLists.txt)
  foreach(room IN LISTS rooms)
    cmake_path(GET room PARENT_PATH room)
    list(FILTER headers EXCLUDE REGEX "^${room}/")
  endforeach()
  if(NOT headers)
    return()
  endif()
  set(sources)
  foreach(header IN LISTS headers)
    set(source ${PROJECT_BINARY_DIR}/headers/${header}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(${library}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  target_include_directories(${library}_headers PRIVATE $<TARGET_PROPERTY:${library},INCLUDE_DIRECTORIES>)
  target_link_libraries(${library}_headers PRIVATE tl::expected kvs_warnings ${ARGN})
  add_dependencies(kvs_headers_alone ${library}_headers)
endfunction()

# kvs_test(<name> SOURCES <file>... [LINKS <target>...] [TIMEOUT <seconds>] [LABELS <label>...])
#
# Declares one GoogleTest program, and each of its cases as a test of ctest.
function(kvs_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LINKS;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE ${arg_LINKS} kvs_warnings GTest::gtest GTest::gtest_main GTest::gmock)
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
