// JobRunner: runs jobs, catches their exceptions and counts them.
//
// Threads     Call anything from any thread.
// Fences      R1  failed_jobs_: relaxed. A figure for people; nothing is reached through it.
#pragma once

#include <atomic>
#include <cstdint>

#include "kvs/thread_pool.h"

namespace kvs::pool {

class JobRunner {
 public:
  // Runs `job`, then destroys it with its captures. An exception is logged to stderr.
  void Run(Job job);

  std::uint64_t failed_jobs() const { return failed_jobs_.load(std::memory_order_relaxed); }  // R1

 private:
  void CountFailure(const char* what);

  std::atomic<std::uint64_t> failed_jobs_{0};
};

}  // namespace kvs::pool
