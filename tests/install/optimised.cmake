# Trains the small PROJECT, builds it from the counts and with LTO in another tree, and installs that. The second tree
# finds the counts, and the installed library is machine code and no more. A build without counts is refused.
include(${CMAKE_CURRENT_LIST_DIR}/machine_code.cmake)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(configure tree)
  execute_process(COMMAND ${CMAKE_COMMAND} -S ${PROJECT} -B ${SCRATCH}/${tree} -G ${GENERATOR} -DKVS_SOURCE=${SOURCE}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=Release -DKVS_PROFILES=${SCRATCH}/profiles ${ARGN}
    RESULT_VARIABLE result ERROR_VARIABLE error)
  set(result ${result} PARENT_SCOPE)
  set(error "${error}" PARENT_SCOPE)
endfunction()

function(build_and_count tree)
  configure(${tree} ${ARGN})
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${tree}: ${error}")
  endif()
  run(${CMAKE_COMMAND} --build ${SCRATCH}/${tree})
  run(${SCRATCH}/${tree}/count_odd)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
configure(untrained -DKVS_PGO=USE)
if(result EQUAL 0 OR NOT error MATCHES "no counts")
  message(FATAL_ERROR "a build without counts is not refused: ${error}")
endif()
build_and_count(train -DKVS_PGO=TRAIN)
build_and_count(use -DKVS_PGO=USE -DKVS_LTO=ON)
run(${CMAKE_COMMAND} --install ${SCRATCH}/use --prefix ${SCRATCH}/prefix)
expect_link_time_parts(${SCRATCH}/use TRUE)
expect_link_time_parts(${SCRATCH}/prefix FALSE)
file(GLOB_RECURSE library ${SCRATCH}/prefix/*.a)
run(${COMPILER} ${PROJECT}/count_odd.cc ${library} -o ${SCRATCH}/count_odd)
run(${SCRATCH}/count_odd)
