// Committer: brings what was appended to the disk, for everyone who waits at once (group commit).
//
// Design      One thread. It takes all that wait, syncs the open segments once, oldest first, and wakes each waiter by
//             itself: measured faster than a leader among the writers with one condition variable (docs/decisions.md).
// Threads     WaitUntilSynced() from any thread, without the append lock.
// Errors      The first sync that fails poisons the store, and is never tried again: who waits gets kPoisoned.
#pragma once

#include <chrono>
#include <cstdint>
#include <semaphore>
#include <thread>
#include <vector>

#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "store/health.h"
#include "store/live_log.h"
#include "sync/mutex.h"

namespace kvs::store {

class Committer {
 public:
  Committer(LiveLog& log, Health& health, const KvStoreOptions& options);
  ~Committer();  // Stop() came before.

  void Start();
  // Answers who waits, and ends the thread. What is not synced by then stays so.
  void Stop() KVS_EXCLUDES(mutex_);

  // Returns once everything before `position` of the log survives power loss.
  Status WaitUntilSynced(std::uint64_t position) KVS_EXCLUDES(mutex_);

  std::uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }  // R1

 private:
  struct Waiter {
    std::uint64_t position = 0;
    Status status{};
    std::binary_semaphore is_done{0};
  };

  void Run();
  // Waits until somebody waits, or the interval is over, and takes them. False: the thread ends.
  bool TakeWaiters(std::vector<Waiter*>* waiters) KVS_EXCLUDES(mutex_);
  Status SyncOnce() KVS_EXCLUDES(mutex_);

  // Constant after construction.
  LiveLog& log_;
  Health& health_;
  const KvStoreOptions& options_;

  sync::Mutex mutex_;
  sync::ConditionVariable wanted_;
  std::vector<Waiter*> waiters_ KVS_GUARDED_BY(mutex_);
  std::uint64_t synced_position_ KVS_GUARDED_BY(mutex_) = 0;
  bool stops_ KVS_GUARDED_BY(mutex_) = false;

  std::atomic<std::uint64_t> syncs_{0};  // R1: relaxed, a figure for people.
  std::thread thread_;
};

}  // namespace kvs::store
