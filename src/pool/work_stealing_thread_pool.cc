#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/try.h"
#include "kvs/thread_pool.h"
#include "pool/job_runner.h"
#include "pool/parcel.h"
#include "pool/stealing_arena.h"
#include "pool/thread_starter.h"

#if defined(__SANITIZE_THREAD__)
// libtbb is not instrumented, but its calls of memset and the like are seen: those, and nothing of ours, are left out.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libtbb.so\n"; }
#endif

namespace kvs {

class WorkStealingThreadPool::Impl {
 public:
  explicit Impl(unsigned threads) : arena_(threads) {}

  ~Impl() {
    arena_.Stop();
    for (std::thread& worker : workers_) worker.join();
  }

  Status Start(unsigned threads) {
    return pool::StartThreads(
        threads, [this] { arena_.Work(); }, workers_);
  }

  void Spawn(Job job) {
    arena_.Run([](void* parcel) noexcept { pool::Parcel::Deliver(static_cast<pool::Parcel*>(parcel)); },
               new pool::Parcel(runner_, std::move(job)));
  }

  std::uint64_t failed_jobs() const { return runner_.failed_jobs(); }

 private:
  pool::JobRunner runner_;
  pool::StealingArena arena_;
  std::vector<std::thread> workers_;  // Constant after Start().
};

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
