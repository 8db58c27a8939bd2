// Compactor: the thread that gives back the space of overwritten and removed records.
//
// Design      Runs (CompactionRun) one after another while compaction is due: it begins before the garbage reaches its
//             bound, writers are slowed down the nearer it comes (WritePace), and wait at the bound. Compact()
//             clusters: it takes as much together as the bound leaves room for, so that few places hold
//             neighbouring keys.
// Threads     Compact() from any thread, without the append lock.
// Errors      As CompactionRun. Where the disk is full: the segment that needs the least room is tried, then all of it
//             again with the room of the Reserve, and again when the RoomState says.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>
#include <vector>

#include "base/tunable.h"
#include "store/compaction/compaction_plan.h"
#include "store/compaction/compaction_run.h"

namespace kvs::store {

class Compactor {
 public:
  using Parts = CompactionParts;
  struct Figures {
    std::uint64_t compactions = 0;
    std::uint64_t written_bytes = 0;
  };

  explicit Compactor(const Parts& parts) : parts_(parts) {}

  Status Start();  // kNoSpace.
  void Join();     // LiveLog::Stop() came before.

  // Rewrites every segment with garbage in it, the active one included, and returns when that is done.
  Status Compact();

  Figures figures() const;

 private:
  // How often it looks whether the readers of a dropped segment are gone.
  KVS_TUNABLE(std::chrono::milliseconds, kUnreachableCheckInterval, 100, 1, 500);

  void RunThread();
  struct Work {
    bool is_due = false;
    std::uint64_t requests = 0;  // Not 0: calls of Compact() up to this one are to be answered.
  };
  // Waits until compaction is due or asked for, or segments may have become unreachable; nullopt: the store stops.
  std::optional<Work> WaitForWork();
  void Answer(std::uint64_t requests, const Status& status);
  Status CompactAll();
  // Seals the active segment; `made_before`: every record up to now is in a segment made before that sequence.
  Status SealActive(std::uint64_t* made_before);
  Status ClusterAll(std::uint64_t made_before);
  Status CompactWhileWorthwhile();
  Status CompactWhileDue();
  void CompactBecauseDue();
  // Rewrites what is worth it. False: there was nothing to do.
  Result<bool> CompactOnce();
  // One attempt of the RoomState.
  Result<bool> Attempt();
  Result<bool> RunForMost();
  // Whether the room of the reserve is free now; then nobody takes it before it is returned.
  bool BorrowReserve();
  void ReturnReserve();
  bool IsReserveGivenUp() KVS_EXCLUDES(parts_.log.lock);
  Result<bool> RunFor(Preference preference);
  // One group of what was made before. nullopt: there is nothing left.
  Result<std::optional<CompactionRun::End>> ClusterOnce(std::uint64_t made_before, std::uint64_t copied_bytes_max);
  Result<CompactionRun::End> Execute(CompactionRun* run);
  void FreeUnreachable();

  const Parts parts_;

  // How often Compact() was called, how many of the calls are answered, and what the last answer was.
  std::uint64_t requests_ KVS_GUARDED_BY(parts_.log.lock) = 0;
  std::uint64_t answered_ KVS_GUARDED_BY(parts_.log.lock) = 0;
  Status last_answer_ KVS_GUARDED_BY(parts_.log.lock);

  std::atomic<std::uint64_t> compactions_{0};    // R1: relaxed, figures for people.
  std::atomic<std::uint64_t> written_bytes_{0};  // R1
  std::thread thread_;
};

}  // namespace kvs::store
