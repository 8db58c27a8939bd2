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
    kvs_find_cargo(cargo problem ${kvs_sled_cargo_version_min} ${kvs_sled_directory})
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

function(kvs_declare_sled target cargo)
  find_package(Threads REQUIRED)
  kvs_add_crate(${target} STATIC ${cargo} ${kvs_sled_directory} libkvs_sled.a)
  target_link_libraries(${target} INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
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
