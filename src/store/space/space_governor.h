// SpaceGovernor: decides whether writers may continue, how fast, and when compaction is due.
//
// Design      A writer waits if the store is over its bound (SpaceBound) and compaction may gain space. Before that it
//             is slowed down (WritePace). If the system refuses room, the RoomState says when it is asked again. The
//             tail of the log reports its shape after each change, so no question walks through the log.
// Threads     Under the append lock. The condition variables wait with it.
// Limits      Disk use: see SpaceBound.
// Errors      kPoisoned from CheckWritable(). kNoSpace: see RoomState.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/try.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "store/segments/append_lock.h"
#include "store/segments/segment_table.h"
#include "store/space/health.h"
#include "store/space/room_state.h"
#include "store/space/space_bound.h"
#include "store/space/spare_memory.h"
#include "store/space/write_pace.h"
#include "sync/mutex.h"

namespace kvs::store {

enum class ReserveState : std::uint8_t {
  kHeld,
  kGivenUp,  // A removal needed it. The maintainer will take it again.
  kLent,     // A run of compaction has it, until the end of the run.
};

// The least gain for which compaction takes a segment.
enum class Gain : std::uint8_t {
  kWorthwhile,
  kAny,  // Used on a full disk.
};

// The shape of the end of the log.
struct TailShape {
  std::uint64_t segment_bytes = 0;  // The capacity of the active segment.
  std::uint64_t ahead_bytes = 0;    // The most that the maintainer may be taking now, ahead of need.
  std::uint32_t active_slot = 0;
  bool is_sealing = false;  // Full segments are waiting to be sealed.
};

class SpaceGovernor {
 public:
  // Each segment costs about twenty syncs, from its making to its removal. So smaller segments would cost a small store
  // more than its records do.
  static constexpr std::uint64_t kSegmentBytesMin = std::uint64_t{16} << 20;

  SpaceGovernor(const KvStoreOptions& options, Health& health, SegmentTable& segments)
      : options_(options),
        health_(health),
        segments_(segments),
        bound_(options.garbage_ratio_max, options.segment_bytes) {}

  // --- Writers ---
  // kPoisoned also if the store is closing.
  Status CheckWritable(const AppendLock::Held& held) const;
  bool MustWaitForCompaction(const AppendLock::Held& held) const { return IsOverBound(held) && MayGainSpace(held); }
  // How long a writer must wait before it writes `bytes`. The delay lets compaction keep up before the bound is
  // reached.
  WritePace::Clock::duration ThrottleDelay(const AppendLock::Held& held, std::uint64_t bytes);

  // Holds memory for the change of the index after an append. members: in, of a batch, which needs more than other
  // writes.
  Status HoldSpareMemory(const AppendLock::Held& held, std::size_t members = 0);
  void GiveUpSpareMemory(const AppendLock::Held&) { spare_memory_.GiveUp(); }

  // Refuses all writes from now on, also those that wait for room. Returns the error for them.
  Error Poison(const AppendLock::Held& held, const Error& cause);
  // Wakes all waiting threads. Writers are refused from now on, and the threads of the store end.
  void Stop(const AppendLock::Held& held);
  bool is_stopped(const AppendLock::Held&) const { return is_stopped_; }

  // --- Tail of the log ---
  void NoteTail(const AppendLock::Held&, const TailShape& tail) { tail_ = tail; }
  RoomState& room(const AppendLock::Held&) { return room_; }
  // An attempt is over. status: in, Ok(), or an error that passes (base::IsPassing).
  void EndAttempt(const AppendLock::Held& held, RoomState::Job job, const Status& status);
  // Whether a full store should wait for compaction, which then takes any gain.
  bool MayGainAnything(const AppendLock::Held& held) const;
  // A full segment was sealed. Compaction may take it now.
  void NoteSealed(const AppendLock::Held& held);
  // Disk space was freed, so failing jobs may try again.
  void NoteRetired(const AppendLock::Held& held);

  // The capacity of the next segment.
  std::uint64_t CapacityForNext(const AppendLock::Held& held) const;
  // The size that the reserve should have: that of one output of compaction.
  std::uint64_t ReserveBytes(const AppendLock::Held& held) const;
  // Notes and returns the state of the reserve. If it was lent meanwhile, it stays lent, even if `state` is kHeld.
  // Unless the reserve is held, only removals get new room.
  ReserveState NoteReserve(const AppendLock::Held& held, ReserveState state);
  ReserveState reserve(const AppendLock::Held&) const { return reserve_; }

  // --- Compactor ---
  bool IsCompactionDue(const AppendLock::Held& held) const;
  Gain WantedGain(const AppendLock::Held&) const { return room_.is_full() ? Gain::kAny : Gain::kWorthwhile; }
  // Compaction found no such gain. Writers do not wait for it until more has become garbage.
  void NoteNothingToGain(const AppendLock::Held& held, Gain gain);
  // Whether the store is full and sealing the active segment would give compaction something to gain.
  bool HasGarbageInActive(const AppendLock::Held& held) const;
  bool IsOverBound(const AppendLock::Held& held) const { return bound_.Headroom(Use(held)) < 0; }
  // The most that a run may copy. CopiedBytesMax(): what fits one output. ClusteredBytesMax(): what the bound has room
  // for now, and at least one output.
  std::uint64_t CopiedBytesMax(const AppendLock::Held& held) const;
  std::uint64_t ClusteredBytesMax(const AppendLock::Held& held) const;
  // A run should end once it has gained this much: what writers may take between the start of compaction and the bound.
  std::uint64_t GainedBytesMax(const AppendLock::Held& held) const {
    return static_cast<std::uint64_t>(bound_.HeadStart(Use(held)));
  }
  // bytes: in, the most that the run has yet to write.
  void NoteOutputToCome(const AppendLock::Held&, std::uint64_t bytes) { output_to_come_bytes_ = bytes; }
  // bytes: in, how much the run has earned so far of the space that it will free at its end.
  void NoteComingFree(const AppendLock::Held&, std::uint64_t bytes) { coming_free_bytes_ = bytes; }
  // A run is over. It took `duration`, and freed `freed_bytes`.
  void NoteRun(const AppendLock::Held& held, std::uint64_t freed_bytes, WritePace::Clock::duration duration);

  sync::ConditionVariable room_changed;       // Writers wait for room.
  sync::ConditionVariable pace_changed;       // Writers wait because they write faster than compaction frees.
  sync::ConditionVariable work_changed;       // The maintainer waits for work.
  sync::ConditionVariable compaction_wanted;  // The compactor waits for work, and callers for the compactor.

 private:
  SpaceUse Use(const AppendLock::Held& held) const;
  bool HasNothingToGain(const AppendLock::Held& held) const;
  bool MayGainSpace(const AppendLock::Held& held) const;
  Status TakeSpareMemory(std::size_t pages);
  void ForgetNothingToGain();

  // Constant after construction.
  const KvStoreOptions& options_;
  Health& health_;
  SegmentTable& segments_;
  const SpaceBound bound_;

  // Guarded by the append lock.
  TailShape tail_;
  RoomState room_;
  ReserveState reserve_ = ReserveState::kHeld;
  SpareMemory spare_memory_;
  WritePace write_pace_;
  std::uint64_t output_to_come_bytes_ = SpaceUse::kUnknown;
  std::uint64_t coming_free_bytes_ = 0;
  // The live bytes in sealed segments when compaction found nothing to gain; nullopt: it may find something. If fewer
  // bytes are live now, more has become garbage since.
  std::optional<std::uint64_t> live_bytes_without_gain_;
  std::optional<std::uint64_t> live_bytes_without_any_gain_;
  bool is_stopped_ = false;
};

// --- The path of every write ---

inline Status SpaceGovernor::CheckWritable(const AppendLock::Held&) const {
  KVS_TRY(health_.Check());
  if (!is_stopped_) [[likely]]
    return Ok();
  return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
}

inline Status SpaceGovernor::HoldSpareMemory(const AppendLock::Held&, std::size_t members) {
  const std::size_t pages = SpareMemory::kPages + members / SpareMemory::kMembersPerPage;
  if (spare_memory_.pages() == pages) [[likely]]
    return Ok();
  return TakeSpareMemory(pages);
}

inline SpaceUse SpaceGovernor::Use(const AppendLock::Held& held) const {
  const SegmentAccounts::Totals& totals = segments_.accounts(held).totals();
  return {.disk_bytes = totals.disk_bytes,
          .live_bytes = totals.live_bytes,
          .segment_bytes = tail_.segment_bytes,
          .ahead_bytes = tail_.ahead_bytes,
          .output_bytes = output_to_come_bytes_};
}

}  // namespace kvs::store
