# kvs_folder(<name> SOURCES <file>... [LINKS <target>...] [PUBLIC_LINKS <target>...])
#
# Declares the folder src/<name> as the static library kvs_<name> (alias kvs::<name>). LINKS repeats the folder's row of
# the floor table in ARCHITECTURE.md: tools/tidy.py compares the two.
function(kvs_folder name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINKS")
  add_library(kvs_${name} STATIC ${arg_SOURCES})
  add_library(kvs::${name} ALIAS kvs_${name})
  target_include_directories(kvs_${name}
    PRIVATE ${PROJECT_SOURCE_DIR}/src
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(kvs_${name} PUBLIC tl::expected PRIVATE kvs_warnings ${arg_LINKS})
  target_compile_features(kvs_${name} PUBLIC cxx_std_20)
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
