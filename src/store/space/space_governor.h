// SpaceGovernor: decides whether writers may go on, how fast, and when compaction is due.
//
// Design      A writer waits if the store is over its bound and compaction has something to gain (SpaceBound). Before
//             that it is slowed down (WritePace). If the system refuses room the RoomState says when it is asked again.
//             The tail of the log tells its shape after each change, so that no question walks through the log.
// Threads     Under the append lock. The condition variables go with it.
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
  kGivenUp,  // A removal needed it; the maintainer takes it again.
  kLent,     // To a run of compaction, which gives it back at its end.
};

// What compaction looks for.
enum class Gain : std::uint8_t {
  kWorthwhile,
  kAny,  // On a full disk.
};

// What the end of the log looks like.
struct TailShape {
  std::uint64_t segment_bytes = 0;  // The capacity of the active segment.
  std::uint64_t ahead_bytes = 0;    // What the maintainer may be taking at the moment, ahead of need.
  std::uint32_t active_slot = 0;
  bool is_sealing = false;  // Full segments are waiting to be sealed.
};

class SpaceGovernor {
 public:
  static constexpr std::uint64_t kSegmentBytesMin = std::uint64_t{4} << 20;

  SpaceGovernor(const KvStoreOptions& options, Health& health, SegmentTable& segments)
      : options_(options),
        health_(health),
        segments_(segments),
        bound_(options.garbage_ratio_max, options.segment_bytes) {}

  // --- Writers ---
  // kPoisoned also if the store is closing.
  Status CheckWritable(const AppendLock::Held& held) const;
  bool MustWaitForCompaction(const AppendLock::Held& held) const { return IsOverBound(held) && MayGainSpace(held); }
  // How long the writer of `bytes` must wait first, so that compaction keeps up before the bound is reached.
  WritePace::Clock::duration ThrottleDelay(const AppendLock::Held& held, std::uint64_t bytes);

  // Memory for what follows an append. A batch takes more of it than other writes.
  Status HoldSpareMemory(const AppendLock::Held& held, std::size_t members = 0);
  void GiveUpSpareMemory(const AppendLock::Held&) { spare_memory_.GiveUp(); }

  // Refuses all writes from now on, also those that wait for room. Returns what a write answers.
  Error Poison(const AppendLock::Held& held, const Error& cause);
  // From now on no thread waits: writers are refused, the threads of the store end.
  void Stop(const AppendLock::Held& held);
  bool is_stopped(const AppendLock::Held&) const { return is_stopped_; }

  // --- Tail of the log ---
  void NoteTail(const AppendLock::Held&, const TailShape& tail) { tail_ = tail; }
  RoomState& room(const AppendLock::Held&) { return room_; }
  // An attempt is over. `status`: Ok(), or an error that passes.
  void EndAttempt(const AppendLock::Held& held, RoomState::Job job, const Status& status);
  // Whether a full store should wait for compaction, which takes whatever there is to gain.
  bool MayGainAnything(const AppendLock::Held& held) const;
  // A full segment was sealed, so compaction may take it.
  void NoteSealed(const AppendLock::Held& held);
  // Space was given back, so that there may be room again.
  void NoteRetired(const AppendLock::Held& held);

  // The capacity of a segment that is made now.
  std::uint64_t CapacityForNext(const AppendLock::Held& held) const;
  // What the reserve should hold: as much as one output of compaction takes.
  std::uint64_t ReserveBytes(const AppendLock::Held& held) const;
  // Unless the reserve is held, no new room is used for storing. Returns the state that holds now.
  ReserveState NoteReserve(const AppendLock::Held& held, ReserveState state);
  ReserveState reserve(const AppendLock::Held&) const { return reserve_; }

  // --- Compactor ---
  bool IsCompactionDue(const AppendLock::Held& held) const;
  Gain WantedGain(const AppendLock::Held&) const { return room_.is_full() ? Gain::kAny : Gain::kWorthwhile; }
  // Compaction found nothing of this gain, so writers need not wait for it until more has become garbage.
  void NoteNothingToGain(const AppendLock::Held& held, Gain gain);
  // Whether sealing the active segment would give a full store something to gain.
  bool HasGarbageInActive(const AppendLock::Held& held) const;
  bool IsOverBound(const AppendLock::Held& held) const { return bound_.Headroom(Use(held)) < 0; }
  // How much a run may copy: what fits one output, or what the bound has room for at present.
  std::uint64_t CopiedBytesMax(const AppendLock::Held& held) const;
  std::uint64_t ClusteredBytesMax(const AppendLock::Held& held) const;
  // A run should end once it has gained as much as writers may take from where it begins.
  std::uint64_t GainedBytesMax(const AppendLock::Held& held) const {
    return static_cast<std::uint64_t>(bound_.HeadStart(Use(held)));
  }
  // What a run has yet to write, at most.
  void NoteOutputToCome(const AppendLock::Held&, std::uint64_t bytes) { output_to_come_bytes_ = bytes; }
  // What a run has earned of the space that it will free at its end.
  void NoteComingFree(const AppendLock::Held&, std::uint64_t bytes) { coming_free_bytes_ = bytes; }
  // A run is over: what it freed, in which time.
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
  // Live bytes in sealed segments when compaction found nothing; nullopt: it has not. If fewer are live now, more has
  // become garbage since.
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
