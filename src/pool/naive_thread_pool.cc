#include <list>
#include <thread>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "kvs/thread_pool.h"
#include "pool/job_runner.h"
#include "pool/thread_starter.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace kvs {

// A thread that has run its job moves its own handle from running_ to ended_, where the next Spawn() or the destructor
// joins it: so there are never more ended threads than jobs at one time.
class NaiveThreadPool::Impl {
 public:
  ~Impl() {
    WaitUntilNoneRuns();
    JoinEnded();
  }

  void Spawn(Job job) KVS_EXCLUDES(mutex_) {
    JoinEnded();
    if (!StartThreadFor(job)) runner_.Run(std::move(job));
  }

  std::uint64_t failed_jobs() const { return runner_.failed_jobs(); }

 private:
  using Threads = std::list<std::thread>;

  bool StartThreadFor(const Job& job) KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);  // Held until the handle is in running_, where the thread looks for it.
    const auto self = running_.emplace(running_.end());
    Result<std::thread> thread = sync::StartThread([this, job = Job(job), self]() mutable {
      runner_.Run(std::exchange(job, nullptr));
      MoveToEnded(self);
    });
    if (!thread) {
      KVS_PROBE("job runs on the thread that spawned it");
      running_.erase(self);
      return false;
    }
    *self = *std::move(thread);
    return true;
  }

  void MoveToEnded(Threads::iterator self) KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    ended_.splice(ended_.end(), running_, self);
    if (running_.empty()) none_runs_.NotifyAll();
  }

  void WaitUntilNoneRuns() KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    while (!running_.empty()) none_runs_.Wait(mutex_);
  }

  void JoinEnded() KVS_EXCLUDES(mutex_) {
    for (std::thread& thread : TakeEnded()) thread.join();
  }

  Threads TakeEnded() KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    return std::exchange(ended_, {});
  }

  pool::JobRunner runner_;
  sync::Mutex mutex_;
  sync::ConditionVariable none_runs_;
  Threads running_ KVS_GUARDED_BY(mutex_);
  Threads ended_ KVS_GUARDED_BY(mutex_);
};

Result<std::unique_ptr<NaiveThreadPool>> NaiveThreadPool::Create(unsigned threads) {
  KVS_TRY(pool::CheckThreads(threads));
  return std::unique_ptr<NaiveThreadPool>(new NaiveThreadPool(std::make_unique<Impl>()));
}

NaiveThreadPool::NaiveThreadPool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
NaiveThreadPool::~NaiveThreadPool() = default;
void NaiveThreadPool::Spawn(Job job) { impl_->Spawn(std::move(job)); }
std::uint64_t NaiveThreadPool::failed_jobs() const { return impl_->failed_jobs(); }

}  // namespace kvs
