// CoarseNow: the monotonic clock as of the kernel's last tick. It is some milliseconds late and costs a fifth.
#pragma once

#include <time.h>

#include <chrono>

namespace kvs::base {

// Has the same origin as std::chrono::steady_clock.
inline std::chrono::steady_clock::time_point CoarseNow() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  const auto since = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  return std::chrono::steady_clock::time_point(since);
}

}  // namespace kvs::base
