// KVS_CHECK: asserts an invariant of our own, in release builds too: a store with broken invariants must not write.
//
// For bugs of kvs only. A failure in the world (input, files, the network) is an Error, never a check.
#pragma once

namespace kvs::base {

// Prints the condition and its source position to stderr, then aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace kvs::base

#define KVS_CHECK(condition)                                                \
  (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                     : ::kvs::base::CheckFailed(#condition, __FILE__, __LINE__))
