#include "sync/parallel.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <vector>

#include "base/probe.h"
#include "base/system_error.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace kvs::sync {
namespace {

class Numbers {
 public:
  explicit Numbers(std::size_t count) : count_(count) {}

  std::optional<std::size_t> Take() KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (!status_ || next_ == count_) return std::nullopt;
    return next_++;
  }

  void Fail(const Status& status) KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (status_) status_ = status;
  }

  Status status() KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return status_;
  }

 private:
  const std::size_t count_;
  Mutex mutex_;
  std::size_t next_ KVS_GUARDED_BY(mutex_) = 0;
  Status status_ KVS_GUARDED_BY(mutex_);
};

}  // namespace

Status ForEachInParallel(std::size_t count, FunctionRef<Status(std::size_t number)> call) {
  Numbers numbers(count);
  const auto work = [&] {
    while (const auto number = numbers.Take()) {
      if (const Status status = base::OrNoMemory([&] { return call(*number); }); !status) numbers.Fail(status);
    }
  };
  const std::size_t threads = std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), count);
  std::vector<std::thread> others;
  while (others.size() + 1 < threads) {
    auto other = StartThread(work);
    KVS_PROBE_IF(!other, "system refuses a thread for parallel work");
    if (!other) break;  // Fewer threads do the same.
    others.push_back(*std::move(other));
  }
  work();
  for (std::thread& other : others) Join(other);
  return numbers.status();
}

}  // namespace kvs::sync
