// Committer: brings what was appended to the disk, for all waiting writers together (group commit).
//
// Design      One sync at a time. If no sync is under way and no other writer waits, a writer syncs on its own thread.
//             A lone writer then costs no change of threads. All others queue for the committer's thread, which syncs
//             the open segments once for all of them, oldest first, and wakes each writer.
//             The woken writers come back with their next records immediately, if at all. The next sync waits a moment
//             for them: one sync for all is better than two for halves (docs/performance.md).
//             When no sync came for a while the files are marked as synced to their ends.
// Threads     WaitUntilSynced() from any thread, without the append lock.
// Errors      The first sync that fails poisons the store, and is never tried again: waiting writers get kPoisoned.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/tunable.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "store/space/health.h"
#include "store/tail/live_log.h"
#include "sync/mutex.h"
#include "sync/skip_backoff.h"

namespace kvs::store {

class Committer {
 public:
  Committer(LiveLog& log, Health& health, const KvStoreOptions& options);
  ~Committer();  // Stop() came before.

  Status Start();  // kNoSpace.
  // Answers the writers that wait, and ends the thread. Records that are not synced by then stay unsynced.
  void Stop() KVS_EXCLUDES(mutex_);

  // Returns once everything before `position` of the log survives power loss.
  Status WaitUntilSynced(std::uint64_t position) KVS_EXCLUDES(mutex_);

  // Marks the open segments as synced to where the last sync came, which only the next ones would do.
  void MarkSynced();

  // How many writers wait for a sync that has not begun yet.
  std::size_t waiting() const KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    return waiters_.size();
  }

  std::uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }  // R1

 private:
  using Time = std::chrono::steady_clock::time_point;
  // How long after a sync the files are marked as synced to their ends.
  KVS_TUNABLE(std::chrono::milliseconds, kRest, 100, 1, 500);
  // How often the committer looks for writers that were just woken before it syncs without them.
  KVS_TUNABLE(int, kGatherYields, 100, 0, 500);
  KVS_TUNABLE(unsigned, kGatherPausesMax, 256, 1, 1'024);

  struct Waiter {
    Status status{};
    std::binary_semaphore is_done{0};
  };
  enum class Task : std::uint8_t { kSync, kTick, kEnd };

  void Run();
  // Waits until there is something to do, and begins a sync; `waiters`: for whom.
  Task NextTask(std::vector<Waiter*>* waiters) KVS_EXCLUDES(mutex_);
  std::optional<Time> NextTick() const KVS_REQUIRES(mutex_);
  void Tick();
  // The caller begins the sync before, and ends it after.
  Status SyncOnce() KVS_EXCLUDES(mutex_);
  Status TrySync() KVS_EXCLUDES(mutex_);
  void EndSync() KVS_EXCLUDES(mutex_);
  // Wakes the writers that waited for the sync, and gives them the time to come back.
  void Answer(std::vector<Waiter*>* waiters, const Status& status) KVS_EXCLUDES(mutex_);
  void YieldToWriters(std::size_t writers) KVS_EXCLUDES(mutex_);

  // Constant after construction.
  LiveLog& log_;
  Health& health_;
  const KvStoreOptions& options_;

  mutable sync::Mutex mutex_;
  sync::ConditionVariable wanted_;
  std::vector<Waiter*> waiters_ KVS_GUARDED_BY(mutex_);
  bool is_syncing_ KVS_GUARDED_BY(mutex_) = false;  // Somebody has begun a sync and not ended it.
  std::uint64_t synced_position_ KVS_GUARDED_BY(mutex_) = 0;
  bool needs_marks_ KVS_GUARDED_BY(mutex_) = false;  // There was a sync since the files were marked to their ends.
  bool stops_ KVS_GUARDED_BY(mutex_) = false;

  // Of the committer's thread: before which syncs it does not yield, because the writers that it woke did not come.
  sync::SkipBackoff yield_backoff_{kGatherPausesMax};

  std::atomic<std::uint64_t> syncs_{0};  // R1: relaxed, a figure for people.
  std::thread thread_;
};

}  // namespace kvs::store
