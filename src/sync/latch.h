// Latch: a count that threads wait for to reach zero; used once.
//
// Threads     Call anything from any thread.
// Ordering    What happened before a CountDown() is seen after Wait().
#pragma once

#include <cstddef>

#include "base/check.h"
#include "sync/mutex.h"

namespace kvs::sync {

class Latch {
 public:
  explicit Latch(std::size_t count) : count_(count) {}

  void CountDown() KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    KVS_CHECK(count_ > 0);
    if (--count_ == 0) reached_zero_.NotifyAll();
  }

  void Wait() KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    while (count_ > 0) reached_zero_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  ConditionVariable reached_zero_;
  std::size_t count_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::sync
