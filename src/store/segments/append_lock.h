// AppendLock: lets one writer at a time append. A function that needs the lock takes a Held as its argument.
//
// Design      A thread takes the lock by making a Held, and passes the Held on. Functions that work under the lock
//             cannot be called without one, so any compiler proves the locking.
// Threads     The lock is taken before all other locks of the store. A wait releases it meanwhile.
#pragma once

#include <chrono>

#include "sync/mutex.h"

namespace kvs::store {

class KVS_CAPABILITY("append lock") AppendLock {
 public:
  class KVS_SCOPED_CAPABILITY Held {
   public:
    explicit Held(AppendLock& lock) KVS_ACQUIRE(lock) KVS_NO_THREAD_SAFETY_ANALYSIS : lock_(lock) {
      lock_.mutex_.Lock();
    }
    ~Held() KVS_RELEASE() KVS_NO_THREAD_SAFETY_ANALYSIS { lock_.mutex_.Unlock(); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

    // A wait may end although nothing changed: call it in a loop that checks the condition.
    void WaitFor(sync::ConditionVariable& change) const KVS_NO_THREAD_SAFETY_ANALYSIS { change.Wait(lock_.mutex_); }
    void WaitUntil(sync::ConditionVariable& change,
                   std::chrono::steady_clock::time_point deadline) const KVS_NO_THREAD_SAFETY_ANALYSIS {
      change.WaitUntil(lock_.mutex_, deadline);
    }

   private:
    friend class AppendLock;
    struct Adopt {};
    Held(AppendLock& lock, Adopt) KVS_ACQUIRE(lock) KVS_NO_THREAD_SAFETY_ANALYSIS : lock_(lock) {}

    AppendLock& lock_;
  };

  AppendLock() = default;
  AppendLock(const AppendLock&) = delete;
  AppendLock& operator=(const AppendLock&) = delete;

  // Calls `call` with a Held unless another thread has the lock. Returns whether it did.
  template <class Call>
  bool CallIfFree(const Call& call) KVS_EXCLUDES(this) KVS_NO_THREAD_SAFETY_ANALYSIS {
    if (!mutex_.TryLock()) return false;
    const Held held(*this, Held::Adopt{});
    call(held);
    return true;
  }

 private:
  sync::Mutex mutex_;
};

}  // namespace kvs::store
