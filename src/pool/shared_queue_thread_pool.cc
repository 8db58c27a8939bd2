#include <cstddef>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/probe.h"
#include "base/try.h"
#include "kvs/thread_pool.h"
#include "pool/job_runner.h"
#include "pool/parcel.h"
#include "pool/parcel_queue.h"
#include "pool/thread_starter.h"

namespace kvs {

// The queue keeps order only among the jobs of one spawning thread. So nullptr, which ends a worker, may overtake jobs
// that other threads spawned before it: who finds one drains the queue before he leaves.
class SharedQueueThreadPool::Impl {
 public:
  ~Impl() {
    PushEnds(workers_.size());
    for (std::thread& worker : workers_) worker.join();
  }

  Status Start(unsigned threads) {
    return pool::StartThreads(
        threads, [this] { Work(); }, workers_);
  }

  void Spawn(Job job) { queue_.Push(new pool::Parcel(runner_, std::move(job))); }

  std::uint64_t failed_jobs() const { return runner_.failed_jobs(); }

 private:
  void PushEnds(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) queue_.Push(nullptr);
  }

  void Work() {
    while (pool::Parcel* parcel = queue_.WaitAndPop()) pool::Parcel::Deliver(parcel);
    Drain();
  }

  // Runs what is left. The ends found on the way are the other workers', who get them back.
  void Drain() {
    std::size_t ends_of_others = 0;
    while (const std::optional<pool::Parcel*> parcel = queue_.TryPop()) {
      if (*parcel != nullptr) {
        pool::Parcel::Deliver(*parcel);
      } else {
        KVS_PROBE("end of a worker overtook jobs");
        ++ends_of_others;
      }
    }
    PushEnds(ends_of_others);
  }

  pool::JobRunner runner_;
  pool::ParcelQueue queue_;
  std::vector<std::thread> workers_;  // Constant after Start().
};

Result<std::unique_ptr<SharedQueueThreadPool>> SharedQueueThreadPool::Create(unsigned threads) {
  KVS_TRY(pool::CheckThreads(threads));
  auto impl = std::make_unique<Impl>();
  KVS_TRY(impl->Start(threads));
  return std::unique_ptr<SharedQueueThreadPool>(new SharedQueueThreadPool(std::move(impl)));
}

SharedQueueThreadPool::SharedQueueThreadPool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SharedQueueThreadPool::~SharedQueueThreadPool() = default;
void SharedQueueThreadPool::Spawn(Job job) { impl_->Spawn(std::move(job)); }
std::uint64_t SharedQueueThreadPool::failed_jobs() const { return impl_->failed_jobs(); }

}  // namespace kvs
