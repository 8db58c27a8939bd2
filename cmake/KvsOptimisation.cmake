# kvs_optimise(): the flags of KVS_LTO and KVS_PGO, for all that is declared after it. Only g++ takes them.
#
# KVS_LTO  A program is optimised as a whole when it is linked. The objects hold what g++ needs for that besides their
#          machine code. What is installed is machine code alone: see kvs_install_machine_code().
# KVS_PGO  TRAIN: programs count which branches they take, and add the counts to files in KVS_PROFILES when they end.
#          USE: these counts tell what is worth optimising. What the training has not reached is optimised as ever.
function(kvs_optimise)
  if(NOT KVS_LTO AND NOT KVS_PGO)
    return()
  endif()
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR "KVS_LTO and KVS_PGO need g++; this is ${CMAKE_CXX_COMPILER_ID}")
  endif()
  if(KVS_LTO)
    add_compile_options(-flto=auto -ffat-lto-objects)
    # g++ 12 warns wrongly of std::string when it links kvs-server.
    add_link_options(-flto=auto -Wno-stringop-overread -Wno-stringop-overflow)
  endif()
  # Files of counts are named by the paths of objects in their build tree. Without the prefix only one tree finds them.
  set(files -fprofile-prefix-path=${CMAKE_BINARY_DIR})
  if(KVS_PGO STREQUAL "TRAIN")
    add_compile_options(-fprofile-generate=${KVS_PROFILES} -fprofile-update=prefer-atomic ${files})
    add_link_options(-fprofile-generate=${KVS_PROFILES})
  elseif(KVS_PGO STREQUAL "USE")
    kvs_check_profiles()
    add_compile_options(-fprofile-use=${KVS_PROFILES} -fprofile-partial-training -fprofile-correction ${files}
      -Wno-missing-profile)
    add_link_options(-fprofile-use=${KVS_PROFILES} -fprofile-partial-training)
  elseif(KVS_PGO)
    message(FATAL_ERROR "KVS_PGO is TRAIN, USE or empty, not ${KVS_PGO}")
  endif()
endfunction()

# g++ says nothing of counts that are not there.
function(kvs_check_profiles)
  file(GLOB counts ${KVS_PROFILES}/*.gcda)
  if(NOT counts)
    message(FATAL_ERROR "no counts in ${KVS_PROFILES}: run the programs of a build with KVS_PGO=TRAIN first")
  endif()
endfunction()

# kvs_install_machine_code(<library>...): takes out of the installed libraries what only the same g++ can link.
#
# g++ optimises at the link whatever has the sections for it, also without -flto. Another version of it refuses them.
function(kvs_install_machine_code)
  if(NOT KVS_LTO)
    return()
  endif()
  set(names)
  foreach(library IN LISTS ARGV)
    string(APPEND names " $<TARGET_FILE_NAME:${library}>")
  endforeach()
  install(CODE "
    foreach(name IN ITEMS${names})
      execute_process(COMMAND ${CMAKE_OBJCOPY} -R .gnu.lto_* -R .gnu.debuglto_*
        \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR}/\${name} COMMAND_ERROR_IS_FATAL ANY)
    endforeach()")
endfunction()
