// Health: whether the store may still be written to.
//
// Threads     Call anything from any thread.
// Ordering    The first cause stays. A poisoned store stays poisoned until it is opened again.
//
// Fences      R1  is_poisoned_: relaxed. A write that passed Check() before the poisoning gets the result of its own
//                 append and sync. A later write may see the flag a moment late, which does no harm. The cause is read
//                 under the mutex.
#pragma once

#include <atomic>
#include <string>

#include "kvs/result.h"
#include "sync/mutex.h"

namespace kvs::store {

class Health {
 public:
  // Ok, or kPoisoned with the cause.
  Status Check() const KVS_EXCLUDES(mutex_) {
    if (!is_poisoned_.load(std::memory_order_relaxed)) [[likely]]
      return Ok();  // R1
    const sync::MutexLock lock(mutex_);
    return Error{.code = ErrorCode::kPoisoned, .sys_errno = cause_.sys_errno, .context = Explain(cause_)};
  }

  // Refuses all writes from now on. Returns the error for them, which names the first cause.
  Error Poison(const Error& cause) KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    if (!is_poisoned_.load(std::memory_order_relaxed)) cause_ = cause;  // R1
    is_poisoned_.store(true, std::memory_order_relaxed);                // R1
    return Error{.code = ErrorCode::kPoisoned, .sys_errno = cause_.sys_errno, .context = Explain(cause_)};
  }

  // Refuses all writes of a store whose files cannot be written to. cause: in, why they cannot.
  void MakeReadOnly(const Error& cause) KVS_EXCLUDES(mutex_) {
    {
      const sync::MutexLock lock(mutex_);
      reason_ = "the store was opened read-only: ";
      is_read_only_ = true;
    }
    static_cast<void>(Poison(cause));
  }

  bool is_read_only() const KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    return is_read_only_;
  }
  bool is_poisoned() const { return is_poisoned_.load(std::memory_order_relaxed); }  // R1

 private:
  std::string Explain(const Error& cause) const KVS_REQUIRES(mutex_) {
    return reason_ + std::string(ErrorCodeName(cause.code)) + ": " + cause.context;
  }

  mutable sync::Mutex mutex_;
  std::string reason_ KVS_GUARDED_BY(mutex_) = "no more writes after this failure, open the store again: ";
  bool is_read_only_ KVS_GUARDED_BY(mutex_) = false;
  Error cause_ KVS_GUARDED_BY(mutex_){.code = ErrorCode::kPoisoned};
  std::atomic<bool> is_poisoned_{false};
};

}  // namespace kvs::store
