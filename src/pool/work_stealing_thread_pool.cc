#include <concurrentqueue/blockingconcurrentqueue.h>  // LightweightSemaphore: its own header does not compile alone.
#include <oneapi/tbb/concurrent_queue.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/probe.h"
#include "base/try.h"
#include "kvs/thread_pool.h"
#include "pool/job_runner.h"
#include "pool/thread_starter.h"

namespace kvs {

// Why not a task_arena: oneTBB wakes its waiters for the first job that comes to an idle arena, and not for the next as
// long as somebody is awake there. Jobs may block here, so a sleeping worker has to wake for each.
//
// Invariants  I1  Push comes before signal, so there are never more permits than jobs, but for the destructor's: who
//                 got a permit finds a job, or is_ending_ holds.
// Fences      P1  end:     release store of is_ending_ -> acquire load in WaitForJob(). Who sees it sees every job that
//                          was ever spawned, and so may trust queues that he finds empty.
//             R1  next_worker_: relaxed. Gives each worker a number; nothing is reached through it.
class WorkStealingThreadPool::Impl {
 public:
  explicit Impl(unsigned threads) : own_queues_(threads) {}

  ~Impl() {
    is_ending_.store(true, std::memory_order_release);  // P1
    permits_.signal(static_cast<std::ptrdiff_t>(workers_.size()));
    for (std::thread& worker : workers_) worker.join();
  }

  Status Start(unsigned threads) {
    return pool::StartThreads(
        threads, [this] { Work(); }, workers_);
  }

  void Spawn(Job job) {
    Queue& queue = self.pool == this ? own_queues_[self.worker] : outside_queue_;
    queue.push(std::move(job));
    permits_.signal();
  }

  std::uint64_t failed_jobs() const { return runner_.failed_jobs(); }

 private:
  // With std::allocator, because ThreadSanitizer sees into it and not into oneTBB's own.
  using Queue = tbb::concurrent_queue<Job, std::allocator<Job>>;

  // Which worker this thread is, of which pool.
  struct Self {
    const Impl* pool = nullptr;
    std::size_t worker = 0;
  };
  static thread_local Self self;

  void Work() {
    self = {this, next_worker_.fetch_add(1, std::memory_order_relaxed)};  // R1
    for (Job job = WaitForJob(); job; job = WaitForJob()) runner_.Run(std::exchange(job, nullptr));
  }

  // Empty: the pool ends, and no job is left.
  Job WaitForJob() {
    permits_.wait();
    while (true) {
      const bool is_ending =
          is_ending_.load(std::memory_order_acquire);  // P1: before the look that has to be the last.
      if (Job job; TryTake(job)) return job;
      if (is_ending) return {};
      KVS_PROBE("another worker took the job");
      std::this_thread::yield();  // Another worker took the job that was here; one is where we looked before.
    }
  }

  // Looks into the own queue, then outside, then at the others, each worker beginning with its neighbour.
  bool TryTake(Job& job) {
    if (own_queues_[self.worker].try_pop(job) || outside_queue_.try_pop(job)) return true;
    for (std::size_t i = 1; i < own_queues_.size(); ++i) {
      if (own_queues_[(self.worker + i) % own_queues_.size()].try_pop(job)) return true;
    }
    return false;
  }

  pool::JobRunner runner_;
  std::vector<Queue> own_queues_;  // Of each worker.
  Queue outside_queue_;            // Of the threads that are no workers.
  moodycamel::LightweightSemaphore permits_;
  std::atomic<bool> is_ending_{false};
  std::atomic<std::size_t> next_worker_{0};
  std::vector<std::thread> workers_;  // Constant after Start().
};

thread_local WorkStealingThreadPool::Impl::Self WorkStealingThreadPool::Impl::self;

Result<std::unique_ptr<WorkStealingThreadPool>> WorkStealingThreadPool::Create(unsigned threads) {
  KVS_TRY(pool::CheckThreads(threads));
  auto impl = std::make_unique<Impl>(threads);
  KVS_TRY(impl->Start(threads));
  return std::unique_ptr<WorkStealingThreadPool>(new WorkStealingThreadPool(std::move(impl)));
}

WorkStealingThreadPool::WorkStealingThreadPool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WorkStealingThreadPool::~WorkStealingThreadPool() = default;
void WorkStealingThreadPool::Spawn(Job job) { impl_->Spawn(std::move(job)); }
std::uint64_t WorkStealingThreadPool::failed_jobs() const { return impl_->failed_jobs(); }

}  // namespace kvs
