#include "sync/epoch.h"

#include <pthread.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/probe.h"
#include "sync/mutex.h"

namespace kvs::sync {
namespace {

// Gives out the smallest free number, so that the slots in use stay close together.
class ThreadNumbers {
 public:
  std::size_t Take() KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (free_.empty()) return next_++;
    const std::size_t number = free_.top();
    free_.pop();
    return number;
  }
  // The mutex orders the old owner's use of its slots before the new owner's.
  void Return(std::size_t number) KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    free_.push(number);
  }

 private:
  Mutex mutex_;
  std::size_t next_ KVS_GUARDED_BY(mutex_) = 0;
  std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> free_ KVS_GUARDED_BY(mutex_);
};

// Never destroyed: threads may end after the statics of the program.
ThreadNumbers& AllThreadNumbers() {
  static ThreadNumbers* const numbers = new ThreadNumbers;
  return *numbers;
}

}  // namespace

// By a key of the thread, whose destructor runs after those of thread_local variables, which may still pin, and runs
// again where another key's has pinned meanwhile. The key's value only has to be there.
void EpochDomain::TakeThreadNumber() {
  static const pthread_key_t key = [] {
    pthread_key_t made;
    KVS_CHECK(::pthread_key_create(&made, ReturnThreadNumber) == 0);
    return made;
  }();
  KVS_CHECK(::pthread_setspecific(key, &thread_number_) == 0);
  thread_number_ = AllThreadNumbers().Take();
}

void EpochDomain::ReturnThreadNumber(void* /*value*/) {
  AllThreadNumbers().Return(std::exchange(thread_number_, kNoNumber));
}

EpochDomain::Chunk* EpochDomain::AddChunksUpTo(std::size_t index) {
  KVS_CHECK(index < chunks_.size());
  for (std::size_t i = 0; i <= index; ++i) {
    if (chunks_[i].load(std::memory_order_acquire) != nullptr) continue;  // P4
    auto fresh = std::make_unique<Chunk>();
    Chunk* expected = nullptr;
    if (chunks_[i].compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) {  // P4
      static_cast<void>(fresh.release());
    }
    KVS_PROBE_IF(expected != nullptr, "another thread made the chunk of pins");
  }
  return chunks_[index].load(std::memory_order_acquire);  // P4
}

std::uint64_t EpochDomain::OldestPinned() {
  std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
  for (auto& entry : chunks_) {
    Chunk* chunk = nullptr;
    if (entry.compare_exchange_strong(chunk, nullptr, std::memory_order_acq_rel)) break;  // P4, I3
    for (EpochGuard::Slot& slot : *chunk) {
      const std::uint64_t pinned = slot.pinned_epoch.fetch_add(0, std::memory_order_acq_rel);  // P1, P2
      if (pinned != 0) oldest = std::min(oldest, pinned);
    }
  }
  return oldest;
}

EpochDomain::~EpochDomain() {
  KVS_CHECK(OldestPinned() == std::numeric_limits<std::uint64_t>::max());
  for (auto& entry : chunks_) delete entry.load(std::memory_order_acquire);
}

}  // namespace kvs::sync
