// Committer: syncs the log, for all waiting writers together (group commit).
//
// Design      One sync at a time. If no sync is under way and no other writer waits, a writer syncs on its own thread.
//             So a lone writer costs no switch of threads. All other writers queue for the committer's thread, which
//             syncs the open segments once for all of them, oldest first, and wakes each writer. Woken writers usually
//             come back with their next records immediately. So the next sync waits a moment for them: one sync for all
//             is better than two for half of them each (docs/performance.md). After some time without a sync, the files
//             are marked as synced to their ends.
// Threads     WaitUntilSynced() from any thread, without the append lock.
// Errors      The first sync that fails poisons the store, and is never tried again. Waiting writers get kPoisoned.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "base/tunable.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "store/space/health.h"
#include "store/tail/live_log.h"
#include "sync/mutex.h"
#include "sync/signal.h"
#include "sync/skip_backoff.h"

namespace kvs::store {

class Committer {
 public:
  Committer(LiveLog& log, Health& health, const KvStoreOptions& options);
  ~Committer();  // Call Stop() before.

  Status Start();  // kNoSpace.
  // Syncs for the writers that wait, then ends the thread. Other records may stay unsynced.
  void Stop() KVS_EXCLUDES(mutex_);

  // Returns once everything before `position` of the log survives power loss.
  Status WaitUntilSynced(std::uint64_t position) KVS_EXCLUDES(mutex_);

  // Marks the open segments as synced up to the last sync. A sync itself writes only the mark of the one before it.
  void MarkSynced();

  // How many writers wait for a sync that has not begun yet.
  std::size_t waiting() const KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    return waiters_.size();
  }

  std::uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }  // R1

 private:
  using Time = std::chrono::steady_clock::time_point;
  // The time from a sync until the files are marked as synced to their ends.
  KVS_TUNABLE(std::chrono::milliseconds, kRest, 100, 1, 500);
  // How often the committer yields to the writers that it woke, before it syncs without them.
  KVS_TUNABLE(int, kGatherYields, 100, 0, 500);
  KVS_TUNABLE(unsigned, kGatherPausesMax, 256, 1, 1'024);

  struct Waiter {
    Status status{};
    sync::Signal is_done{};
  };
  enum class Task : std::uint8_t { kSync, kTick, kEnd };

  void Run();
  // Waits for a task, and sets is_syncing_ for it. waiters: out, the writers that wait for the sync.
  Task NextTask(std::vector<Waiter*>* waiters) KVS_EXCLUDES(mutex_);
  std::optional<Time> NextTick() const KVS_REQUIRES(mutex_);
  void Tick();
  // The caller sets is_syncing_ before, and clears it after.
  Status SyncOnce() KVS_EXCLUDES(mutex_);
  Status TrySync() KVS_EXCLUDES(mutex_);
  void EndSync() KVS_EXCLUDES(mutex_);
  // Wakes the writers that waited for the sync, and gives them time to come back.
  void Answer(std::vector<Waiter*>* waiters, const Status& status) KVS_EXCLUDES(mutex_);
  void YieldToWriters(std::size_t writers) KVS_EXCLUDES(mutex_);

  // Constant after construction.
  LiveLog& log_;
  Health& health_;
  const KvStoreOptions& options_;

  mutable sync::Mutex mutex_;
  sync::ConditionVariable wanted_;
  std::vector<Waiter*> waiters_ KVS_GUARDED_BY(mutex_);
  bool is_syncing_ KVS_GUARDED_BY(mutex_) = false;  // A thread has begun a sync and not ended it.
  std::uint64_t synced_position_ KVS_GUARDED_BY(mutex_) = 0;
  bool needs_marks_ KVS_GUARDED_BY(mutex_) = false;  // A sync came after the files were last marked to their ends.
  bool stops_ KVS_GUARDED_BY(mutex_) = false;

  // Used by the committer's thread. It skips some yields after woken writers have not come back.
  sync::SkipBackoff yield_backoff_{kGatherPausesMax};

  std::atomic<std::uint64_t> syncs_{0};  // R1: relaxed, a figure for people.
  std::thread thread_;
};

}  // namespace kvs::store
