// Mutex, MutexLock and ConditionVariable: the standard ones, with clang's thread-safety attributes.
//
// Write the data that a mutex protects as KVS_GUARDED_BY(mutex_), and functions that need it held as
// KVS_REQUIRES(mutex_): the `clang` preset then proves the locking.
//
// In a test with a Schedule, threads wait there instead.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "sync/schedule.h"
#include "sync/thread_annotations.h"

namespace kvs::sync {

class KVS_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  // Tries for a moment before it sleeps: these locks are held for less time than a sleep costs, two system calls and a
  // change of threads.
  void Lock() KVS_ACQUIRE() {
    if (Schedule* const schedule = Schedule::OfThisThread()) return LockIn(*schedule);
    for (int i = 0; i < kTries; ++i) {
      if (mutex_.try_lock()) return;
      for (int pause = 0; pause < kPausesBetweenTries; ++pause) Pause();
    }
    mutex_.lock();
  }
  bool TryLock() KVS_TRY_ACQUIRE(true) { return mutex_.try_lock(); }  // False: another thread holds it.
  void Unlock() KVS_RELEASE() {
    mutex_.unlock();
    if (Schedule* const schedule = Schedule::OfThisThread()) schedule->WakeAll(this);
  }

 private:
  static constexpr int kTries = 32;
  static constexpr int kPausesBetweenTries = 4;

  void LockIn(Schedule& schedule) {
    schedule.Pause();
    while (!mutex_.try_lock()) schedule.Block(this, Schedule::Time::max());
  }

  // Tells the processor that this is a waiting loop.
  static void Pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }

  friend class ConditionVariable;
  std::mutex mutex_;
};

class KVS_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) KVS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() KVS_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits may wake for no reason: call them in a loop that checks the condition.
class ConditionVariable {
 public:
  void Wait(Mutex& mutex) KVS_REQUIRES(mutex) {
    if (Schedule* const schedule = Schedule::OfThisThread()) return WaitIn(*schedule, mutex, Schedule::Time::max());
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  void WaitUntil(Mutex& mutex, std::chrono::steady_clock::time_point deadline) KVS_REQUIRES(mutex) {
    if (Schedule* const schedule = Schedule::OfThisThread()) return WaitIn(*schedule, mutex, deadline);
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_until(lock, deadline);
    lock.release();
  }
  void NotifyOne() {
    condition_.notify_one();
    if (Schedule* const schedule = Schedule::OfThisThread()) schedule->WakeOne(this);
  }
  void NotifyAll() {
    condition_.notify_all();
    if (Schedule* const schedule = Schedule::OfThisThread()) schedule->WakeAll(this);
  }

 private:
  // No other thread of the schedule runs between the two, so that no notification is missed.
  void WaitIn(Schedule& schedule, Mutex& mutex, Schedule::Time deadline) KVS_REQUIRES(mutex) {
    mutex.Unlock();
    schedule.Block(this, deadline);
    mutex.Lock();
  }

  std::condition_variable condition_;
};

}  // namespace kvs::sync
