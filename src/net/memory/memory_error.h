// MemoryError, OrMemoryError: the error of a command that does not get its memory.
#pragma once

#include <new>
#include <utility>

#include "base/byte_meter.h"
#include "kvs/result.h"

namespace kvs::server {

// failure: in, base::MemoryRefused, or the exception of an allocation.
inline Error MemoryError(const std::bad_alloc& failure) {
  const bool is_limit = dynamic_cast<const base::MemoryRefused*>(&failure) != nullptr;
  return Error{.code = ErrorCode::kOverloaded,
               .context = is_limit
                              ? "the clients of this server have all the memory that client-memory-limit allows them; "
                                "nothing was done: try later, ask for less, or raise the limit"
                              : "this server has no memory left for the command; nothing was done: try later, or "
                                "lower client-memory-limit"};
}

// Returns what `work` returns, a Status or a Result, or the error.
template <class Work>
auto OrMemoryError(Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc& failure) {
    return MemoryError(failure);
  }
}

}  // namespace kvs::server
