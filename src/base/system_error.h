// SystemError, IsPassing: map a refusal of the operating system to an Error, in one place.
//
// Errors      kNoSpace: the system has run out of something for now. That is disk space, quota, file length,
//             descriptors, mappings, memory or threads; sys_errno tells which. Otherwise kIo.
#pragma once

#include <cerrno>
#include <filesystem>
#include <new>
#include <string>
#include <string_view>

#include "kvs/result.h"

namespace kvs::base {

// call: in, the operation and its object.
Error SystemError(std::string call, int sys_errno = errno);
Error SystemError(std::string_view call, const std::filesystem::path& path, int sys_errno = errno);

// True if the shortage may pass: nothing was done or harmed, and the same call may succeed later.
inline bool IsPassing(const Error& error) { return error.code == ErrorCode::kNoSpace; }

// True if the disk or the quota is full.
inline bool IsDiskFull(const Error& error) {
  return IsPassing(error) && (error.sys_errno == ENOSPC || error.sys_errno == EDQUOT || error.sys_errno == 0);
}

// Returns the result of `work`, a Status or a Result. If `work` throws std::bad_alloc, returns kNoSpace. Only for work
// that has done nothing yet when it throws.
template <class Work>
auto OrNoMemory(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return SystemError("no memory", ENOMEM);
  }
}

}  // namespace kvs::base
