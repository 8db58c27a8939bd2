# Builds and installs all of SOURCE with LTO, then builds and runs PROGRAM against it without, by each of COMPILERS.
include(${CMAKE_CURRENT_LIST_DIR}/machine_code.cmake)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${SCRATCH}/kvs -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER}
  -DKVS_BUILD_TESTS=OFF -DKVS_WERROR=ON -DKVS_LTO=ON -DKVS_WITH_SLED=OFF)
run(${CMAKE_COMMAND} --build ${SCRATCH}/kvs)
foreach(compiler IN LISTS COMPILERS)
  run(${CMAKE_COMMAND} -DBUILD=${SCRATCH}/kvs -DSCRATCH=${SCRATCH}/program -DPROGRAM=${PROGRAM} -DGENERATOR=${GENERATOR}
    -DCOMPILER=${compiler} -DBUILD_TYPE=Release -P ${CMAKE_CURRENT_LIST_DIR}/run.cmake)
  expect_link_time_parts(${SCRATCH}/program/prefix FALSE)
endforeach()
