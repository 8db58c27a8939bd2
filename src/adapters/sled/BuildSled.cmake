# kvs_build_sled(<target>)
#
# Declares <target>, the sled crate behind its C interface, built by cargo with the versions of Cargo.lock.
# KVS_WITH_SLED is OFF: no target. ON: a missing tool ends the configuration. AUTO: if a tool is missing, the engine is
# left out with a warning. Under ThreadSanitizer there is never a target.
set(kvs_sled_cargo_version_min 1.70)
set(kvs_sled_directory ${CMAKE_CURRENT_LIST_DIR})

function(kvs_build_sled target)
  if(KVS_SANITIZE MATCHES "thread")
    # Rust code is not instrumented, so the sanitizer sees its memory accesses but not its locks and atomics.
    message(STATUS "The sled engine: left out, because ThreadSanitizer would report races in it that are none")
    return()
  endif()
  if(NOT KVS_WITH_SLED STREQUAL "OFF")
    kvs_find_cargo(cargo problem)
    if(problem STREQUAL "")
      kvs_declare_sled(${target} ${cargo})
      message(STATUS "The sled engine: built by ${cargo}")
      return()
    endif()
    if(NOT KVS_WITH_SLED STREQUAL "AUTO")
      message(FATAL_ERROR "KVS_WITH_SLED is ${KVS_WITH_SLED}, but ${problem}.")
    endif()
    kvs_say_sled_is_left_out("${problem}")
  endif()
endfunction()

# Sets `out_problem` to the reason why cargo cannot build the crate, or to nothing if it can.
function(kvs_find_cargo out_cargo out_problem)
  find_program(KVS_CARGO cargo HINTS $ENV{HOME}/.cargo/bin DOC "The cargo that builds the sled engine")
  set(${out_cargo} ${KVS_CARGO} PARENT_SCOPE)
  if(NOT KVS_CARGO)
    set(${out_problem} "there is no cargo here" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${KVS_CARGO} --version OUTPUT_VARIABLE words ERROR_QUIET)
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${words}")
  if(NOT version OR version VERSION_LESS kvs_sled_cargo_version_min)
    set(${out_problem} "${KVS_CARGO} is older than ${kvs_sled_cargo_version_min}" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${KVS_CARGO} fetch --locked --quiet --manifest-path ${kvs_sled_directory}/Cargo.toml
    RESULT_VARIABLE exit_code ERROR_VARIABLE words)
  if(exit_code)
    set(${out_problem} "cargo cannot fetch the sources of sled (is there a network?): ${words}" PARENT_SCOPE)
    return()
  endif()
  set(${out_problem} "" PARENT_SCOPE)
endfunction()

function(kvs_declare_sled target cargo)
  find_package(Threads REQUIRED)
  set(target_directory ${CMAKE_CURRENT_BINARY_DIR}/cargo)
  set(archive ${target_directory}/release/libkvs_sled.a)
  file(GLOB sources CONFIGURE_DEPENDS ${kvs_sled_directory}/src/*.rs)
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${target_directory}
            ${cargo} build --locked --release --quiet --manifest-path ${kvs_sled_directory}/Cargo.toml
    DEPENDS ${sources} ${kvs_sled_directory}/Cargo.toml ${kvs_sled_directory}/Cargo.lock
    COMMENT "Building the sled crate"
    VERBATIM)
  add_custom_target(${target}_build DEPENDS ${archive})
  add_library(${target} STATIC IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${archive})
  target_link_libraries(${target} INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
  add_dependencies(${target} ${target}_build)
endfunction()

# Two messages: a WARNING is counted and coloured, but only a NOTICE keeps its line breaks.
function(kvs_say_sled_is_left_out problem)
  message(WARNING "The sled engine is left out of this build: ${problem}.")
  message(NOTICE
    "+----------------------------------------------------------------------+\n"
    "|  The sled engine is LEFT OUT of this build.                          |\n"
    "|  `--engine sled` will answer with an error.                          |\n"
    "|                                                                      |\n"
    "|  To have it: install cargo ${kvs_sled_cargo_version_min} or newer and configure again.        |\n"
    "|  On Debian 12: apt-get install cargo-web                             |\n"
    "|  To build without it in silence: -DKVS_WITH_SLED=OFF                 |\n"
    "+----------------------------------------------------------------------+")
endfunction()
