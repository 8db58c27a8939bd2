// KVS_CHECK: an invariant of our own. Stays on in release builds: a store that has lost its mind must not write.
//
// For bugs of kvs only. What the world does (input, files, the network) is an Error, never a check.
#pragma once

namespace kvs::base {

// Prints the condition and where it stands to stderr, then aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace kvs::base

#define KVS_CHECK(condition)                                                \
  (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                     : ::kvs::base::CheckFailed(#condition, __FILE__, __LINE__))
