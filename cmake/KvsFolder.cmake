# kvs_folder(<name> SOURCES <file>... [LINKS <target>...])
#
# Declares the folder src/<name> as the static library kvs_<name> (alias kvs::<name>), which is installed with the
# others. LINKS repeats the folder's row of the floor table in ARCHITECTURE.md, plus libraries from outside:
# tools/tidy.py compares the two.
function(kvs_folder name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
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
  kvs_check_headers(${name} ${arg_LINKS})
endfunction()

# kvs_check_headers(<name> <target>...)
#
# The target kvs_headers_alone compiles each header of src/<name> by itself: what it needs, it includes.
function(kvs_check_headers name)
  if(NOT TARGET kvs_headers_alone)
    add_custom_target(kvs_headers_alone)
  endif()
  file(GLOB_RECURSE headers RELATIVE ${PROJECT_SOURCE_DIR}/src CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.h)
  if(NOT headers)
    return()
  endif()
  set(sources)
  foreach(header IN LISTS headers)
    set(source ${PROJECT_BINARY_DIR}/headers/${header}.cc)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n")
    list(APPEND sources ${source})
  endforeach()
  add_library(kvs_${name}_headers OBJECT EXCLUDE_FROM_ALL ${sources})
  target_include_directories(kvs_${name}_headers PRIVATE $<TARGET_PROPERTY:kvs_${name},INCLUDE_DIRECTORIES>)
  target_link_libraries(kvs_${name}_headers PRIVATE tl::expected kvs_warnings ${ARGN})
  add_dependencies(kvs_headers_alone kvs_${name}_headers)
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
