# Configures SOURCE in SCRATCH as somebody does who knows none of its presets, and builds LIBRARY. LTO: with KVS_LTO,
# which has to be seen in the library.
include(${CMAKE_CURRENT_LIST_DIR}/machine_code.cmake)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

set(options -DKVS_BUILD_TESTS=OFF)
if(LTO)
  list(APPEND options -DKVS_LTO=ON)
endif()
file(REMOVE_RECURSE ${SCRATCH})
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${SCRATCH} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} ${options})
run(${CMAKE_COMMAND} --build ${SCRATCH} --target ${LIBRARY})
if(LTO)
  expect_link_time_parts(${SCRATCH} TRUE)
endif()
