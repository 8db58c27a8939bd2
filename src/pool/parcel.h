// Parcel: a job in a queue whose own fences ThreadSanitizer cannot see.
//
// Ownership   The holder of the pointer: the spawning thread, the queue, then the worker, which delivers it.
// Fences      P1  publish: release store in the constructor -> acquire load in Deliver(). The job is whole when seen.
//                          The queue orders the two already; this pair shows that to the tool.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "base/check.h"
#include "kvs/thread_pool.h"
#include "pool/job_runner.h"

namespace kvs::pool {

class Parcel {
 public:
  Parcel(JobRunner& runner, Job job) : runner_(runner), job_(std::move(job)) {
    is_whole_.store(true, std::memory_order_release);  // P1
  }

  // Runs the job on this thread, and destroys the parcel.
  static void Deliver(Parcel* parcel) {
    KVS_CHECK(parcel->is_whole_.load(std::memory_order_acquire));  // P1
    const std::unique_ptr<Parcel> owned(parcel);
    owned->runner_.Run(std::move(owned->job_));
  }

 private:
  JobRunner& runner_;
  Job job_;
  std::atomic<bool> is_whole_{false};
};

}  // namespace kvs::pool
