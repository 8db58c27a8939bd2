// Compactor: the thread that frees the space of overwritten and removed records.
//
// Design      One CompactionRun after another while compaction is due. It begins before the garbage reaches its bound.
//             Near the bound writers are slowed down (WritePace), and at the bound they wait. Compact() clusters: it
//             takes as much together as the bound leaves room for, so neighbouring keys are in few places.
// Threads     Compact() from any thread, without the append lock.
// Errors      As CompactionRun. On a full disk it tries the segment that needs the least room, then everything again
//             with the room of the Reserve, and again when the RoomState says.
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
  void Join();     // After LiveLog::Stop().

  // Rewrites every segment with garbage, including the active one, and returns when that is done.
  Status Compact();

  Figures figures() const;

 private:
  // The time between two checks whether the readers of a dropped segment are gone.
  KVS_TUNABLE(std::chrono::milliseconds, kUnreachableCheckInterval, 100, 1, 500);

  void RunThread();
  struct Work {
    bool is_due = false;
    std::uint64_t requests = 0;  // Calls of Compact() up to this number wait for an answer; 0: none does.
  };
  // Waits until compaction is due or asked for, or segments may have become unreachable. nullopt: the store stops.
  std::optional<Work> WaitForWork();
  void Answer(std::uint64_t requests, const Status& status);
  Status CompactAll();
  // Seals the active segment. made_before: out, all records up to now are in segments made before this sequence.
  Status SealActive(std::uint64_t* made_before);
  Status ClusterAll(std::uint64_t made_before);
  Status CompactWhileWorthwhile();
  Status CompactWhileDue();
  void CompactBecauseDue();
  // Rewrites some segments. False: none is worth it.
  Result<bool> CompactOnce();
  // One attempt, which the RoomState is told of.
  Result<bool> Attempt();
  Result<bool> RunForMost();
  // Whether the room of the reserve is free now. If so, no other thread takes it before ReturnReserve().
  bool BorrowReserve();
  void ReturnReserve();
  bool IsReserveGivenUp() KVS_EXCLUDES(parts_.log.lock);
  Result<bool> RunFor(Preference preference);
  // Rewrites one group. nullopt: none is left.
  Result<std::optional<CompactionRun::End>> ClusterOnce(std::uint64_t made_before, std::uint64_t copied_bytes_max);
  Result<CompactionRun::End> Execute(CompactionRun* run);
  void FreeUnreachable();

  const Parts parts_;

  // The number of calls of Compact(), the number of those that are answered, and the last answer.
  std::uint64_t requests_ KVS_GUARDED_BY(parts_.log.lock) = 0;
  std::uint64_t answered_ KVS_GUARDED_BY(parts_.log.lock) = 0;
  Status last_answer_ KVS_GUARDED_BY(parts_.log.lock);

  std::atomic<std::uint64_t> compactions_{0};    // R1: relaxed, figures for people.
  std::atomic<std::uint64_t> written_bytes_{0};  // R1
  std::thread thread_;
};

}  // namespace kvs::store
