# Configures SOURCE in SCRATCH as somebody does who knows none of its presets and options, and builds one library.
function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${SCRATCH} -G ${GENERATOR} -DCMAKE_CXX_COMPILER=${COMPILER} -DKVS_BUILD_TESTS=OFF)
run(${CMAKE_COMMAND} --build ${SCRATCH} --target kvs_protocol)
