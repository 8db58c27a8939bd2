# kvs_find_rocksdb(<result>)
#
# Sets <result> to the target of the shared RocksDB library, or to nothing if the engine is left out.
# KVS_WITH_ROCKSDB is OFF: the engine is left out. ON: a missing library ends the configuration. AUTO: if the library is
# missing, the engine is left out with a warning. Under ThreadSanitizer the engine is always left out.
set(kvs_rocksdb_version_min 7.0)

function(kvs_find_rocksdb result)
  set(${result} "" PARENT_SCOPE)
  if(KVS_SANITIZE MATCHES "thread")
    # The library is not instrumented, so the sanitizer sees its memory accesses but not its atomics.
    message(STATUS "The rocksdb engine: left out, because ThreadSanitizer would report races in it that are none")
    return()
  endif()
  if(KVS_WITH_ROCKSDB STREQUAL "OFF")
    return()
  endif()

  find_package(RocksDB QUIET CONFIG)
  if(NOT RocksDB_FOUND OR NOT TARGET RocksDB::rocksdb-shared)
    set(problem "there is no RocksDB library with its headers here")
  elseif(RocksDB_VERSION VERSION_LESS kvs_rocksdb_version_min)
    set(problem "RocksDB ${RocksDB_VERSION} is older than ${kvs_rocksdb_version_min}")
  else()
    message(STATUS "The rocksdb engine: RocksDB ${RocksDB_VERSION}")
    set(${result} RocksDB::rocksdb-shared PARENT_SCOPE)
    return()
  endif()
  if(NOT KVS_WITH_ROCKSDB STREQUAL "AUTO")
    message(FATAL_ERROR "KVS_WITH_ROCKSDB is ${KVS_WITH_ROCKSDB}, but ${problem}.")
  endif()
  kvs_say_rocksdb_is_left_out("${problem}")
endfunction()

# Two messages: a WARNING is counted and coloured, but only a NOTICE keeps its line breaks.
function(kvs_say_rocksdb_is_left_out problem)
  message(WARNING "The rocksdb engine is left out of this build: ${problem}.")
  message(NOTICE
    "+----------------------------------------------------------------------+\n"
    "|  The rocksdb engine is LEFT OUT of this build.                       |\n"
    "|  `--engine rocksdb` will answer with an error.                       |\n"
    "|                                                                      |\n"
    "|  To have it: install RocksDB ${kvs_rocksdb_version_min} or newer and configure again.       |\n"
    "|  On Debian 12: apt-get install librocksdb-dev                        |\n"
    "|  To build without it in silence: -DKVS_WITH_ROCKSDB=OFF              |\n"
    "+----------------------------------------------------------------------+")
endfunction()
