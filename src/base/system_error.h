// SystemError, IsPassing: what a refusal of the operating system means, decided in one place.
//
// Errors      kNoSpace: what the system has none left of, for now: room on the disk or in the quota, the length that a
//             file may have, descriptors, mappings, memory, threads. sys_errno tells which. Otherwise kIo.
#pragma once

#include <cerrno>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>

#include "kvs/result.h"

namespace kvs::base {

// `call`: what was tried, on what.
Error SystemError(std::string call, int sys_errno = errno);
Error SystemError(std::string_view call, const std::filesystem::path& path, int sys_errno = errno);

// What is missing may return by itself: nothing was done, nothing is harmed, and the same call may succeed later.
inline bool IsPassing(const Error& error) { return error.code == ErrorCode::kNoSpace; }

// Whether it is the disk or the quota that is full.
inline bool IsDiskFull(const Error& error) {
  return IsPassing(error) && (error.sys_errno == ENOSPC || error.sys_errno == EDQUOT || error.sys_errno == 0);
}

// What `work` answers, a Status or a Result; where it finds no memory, the error that passes. For work that has done
// nothing yet where it throws.
template <class Work>
auto OrNoMemory(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return SystemError("no memory", ENOMEM);
  }
}

}  // namespace kvs::base
