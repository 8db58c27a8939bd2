# kvs_find_cargo(<out_cargo> <out_problem> <version_min> <crate>)
#
# Finds the cargo that can build the crate in the folder <crate>, and fetches what that crate needs. Sets <out_problem>
# to the reason why there is none, or to nothing.
function(kvs_find_cargo out_cargo out_problem version_min crate)
  find_program(KVS_CARGO cargo HINTS $ENV{HOME}/.cargo/bin DOC "The cargo that builds the engines written in Rust")
  set(${out_cargo} ${KVS_CARGO} PARENT_SCOPE)
  if(NOT KVS_CARGO)
    set(${out_problem} "there is no cargo here" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${KVS_CARGO} --version OUTPUT_VARIABLE words ERROR_QUIET)
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" version "${words}")
  if(NOT version OR version VERSION_LESS version_min)
    set(${out_problem} "${KVS_CARGO} is older than ${version_min}" PARENT_SCOPE)
    return()
  endif()
  execute_process(COMMAND ${KVS_CARGO} fetch --locked --quiet --manifest-path ${crate}/Cargo.toml
    RESULT_VARIABLE exit_code ERROR_VARIABLE words)
  if(exit_code)
    set(${out_problem} "cargo cannot fetch the sources (is there a network?): ${words}" PARENT_SCOPE)
    return()
  endif()
  set(${out_problem} "" PARENT_SCOPE)
endfunction()

# kvs_add_crate(<target> <kind> <cargo> <crate> <file>)
#
# Declares <target>, the library of the crate in the folder <crate>, built by <cargo> with the versions of Cargo.lock.
# kind: STATIC or SHARED. file: the name of the library.
function(kvs_add_crate target kind cargo crate file)
  set(target_directory ${CMAKE_CURRENT_BINARY_DIR}/cargo)
  set(library ${target_directory}/release/${file})
  file(GLOB sources CONFIGURE_DEPENDS ${crate}/src/*.rs)
  add_custom_command(OUTPUT ${library}
    COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${target_directory}
            ${cargo} build --locked --release --quiet --manifest-path ${crate}/Cargo.toml
    DEPENDS ${sources} ${crate}/Cargo.toml ${crate}/Cargo.lock
    COMMENT "Building the crate ${target}"
    VERBATIM)
  add_custom_target(${target}_build DEPENDS ${library})
  add_library(${target} ${kind} IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${library} IMPORTED_NO_SONAME ON)
  add_dependencies(${target} ${target}_build)
endfunction()
