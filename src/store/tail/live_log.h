// LiveLog: the segments of an open store, and the end of the log, where records are appended.
//
// Design      Writers hold the append lock, ask for room and append. What takes a file operation (more room, the next
//             segment, sealing the last) is asked of the maintainer, ahead of need; a writer waits only where the
//             maintainer is behind, or where compaction must free space first.
// Threads     Everything is under the append lock, `lock`; readers use slots() without it.
// Ordering    Sequences rise by one from record to record, in the order of the log: recovery relies on it.
// Limits      Disk use: see SpaceBound. Writers wait at that bound.
// Errors      kNoSpace from MakeRoom(): nothing was done; RoomState decides when it is tried again. kPoisoned.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/location.h"
#include "base/tunable.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "log/record.h"
#include "store/segments/append_lock.h"
#include "store/segments/segment_accounts.h"
#include "store/segments/slot_map.h"
#include "store/space/room_state.h"
#include "store/space/space_bound.h"
#include "store/space/spare_memory.h"
#include "store/space/write_pace.h"
#include "store/tail/health.h"
#include "store/tail/open_segment.h"
#include "store/tail/sync_pace.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

namespace kvs::store {

// What a record is for: removals may use a small reserve when the disk is full, since they are the way out. What has
// expired leaves half of it to the users.
enum class Purpose : std::uint8_t { kStore, kRemove, kExpire };

enum class ReserveState : std::uint8_t {
  kHeld,
  kGivenUp,  // A removal needed it; the maintainer takes it again.
  kLent,     // To a run of compaction, which gives it back at its end.
};

class LiveLog {
 public:
  // Room at the end of what is reserved that only removals may use while no more can be had.
  KVS_TUNABLE(std::uint64_t, kRemovalReserveBytes, std::uint64_t{64} << 10, std::uint64_t{4} << 10,
              std::uint64_t{192} << 10);
  static constexpr std::uint64_t kSegmentBytesMin = std::uint64_t{4} << 20;

  LiveLog(const KvStoreOptions& options, Health& health, sync::EpochDomain& epochs);

  AppendLock lock;
  const SlotMap& slots() const { return slots_; }  // For readers, who hold no lock.
  SegmentAccounts& accounts() KVS_REQUIRES(lock) { return accounts_; }

  // --- Opening ---
  // Makes a segment readable, and returns its slot.
  std::uint32_t AddSegment(std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes) KVS_REQUIRES(lock);
  // The same for one that the index does not point into yet. Compaction uses it too, for its output.
  std::uint32_t AddNewSegment(const std::shared_ptr<log::Segment>& segment) KVS_REQUIRES(lock);
  // The same for a segment that has a slot from before, which was reserved.
  void AddSegmentAt(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes)
      KVS_REQUIRES(lock);
  void SealSegment(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t hint_bytes)
      KVS_REQUIRES(lock);
  // Appends go to `writer` from now on, whose segment has `slot`; `sequence` is that of the last record in the log.
  void Start(std::unique_ptr<log::SegmentWriter> writer, std::uint32_t slot, std::uint64_t sequence) KVS_REQUIRES(lock);

  // --- Writers ---
  // Waits until a record of at most `bytes` can be appended; the lock is released meanwhile. A full store refuses what
  // stores; what removes may use the reserve, and waits for compaction where that has something to gain.
  Status MakeRoom(const AppendLock::Held& held, std::uint64_t bytes, Purpose purpose) KVS_REQUIRES(lock);

  // Appends to the room that MakeRoom() found. kNoSpace: the file system did not keep its word, and the
  // room is lost.
  Result<base::Location> Append(const log::RecordDraft& draft) KVS_REQUIRES(lock);
  // The same for a batch, each member of which uses up a sequence.
  Result<base::Location> AppendBatch(std::span<const log::RecordDraft> members) KVS_REQUIRES(lock);

  // Memory for what follows an append: MakeRoom() has held it for the records of a run; a batch may take more.
  Status HoldSpareMemory(std::size_t members = 0) KVS_REQUIRES(lock) {
    const std::size_t pages = SpareMemory::kPages + members / SpareMemory::kMembersPerPage;
    if (spare_memory_.pages() == pages) [[likely]]
      return Ok();
    return TakeSpareMemory(pages);
  }
  void GiveUpSpareMemory() KVS_REQUIRES(lock) { spare_memory_.GiveUp(); }

  // Refuses all writes from now on, also those that wait for room. Returns what a write answers.
  Error Poison(const Error& cause) KVS_REQUIRES(lock);

  const std::shared_ptr<OpenSegment>& active() const KVS_REQUIRES(lock) { return active_; }
  bool wants_next() const KVS_REQUIRES(lock) { return wanted_.next_bytes != 0; }
  std::uint64_t last_sequence() const KVS_REQUIRES(lock) { return sequence_; }

  // Bytes appended since the store was opened: the clock of the committer.
  std::uint64_t position() const KVS_REQUIRES(lock) { return position_; }

  // --- Committer ---
  struct Unsynced {
    struct Part {
      std::shared_ptr<OpenSegment> segment;
      std::uint64_t used_bytes;
    };
    std::vector<Part> parts;     // The open segments in the order of the log, with how far each is filled.
    std::uint64_t position = 0;  // Where the log ends.
  };
  Unsynced UnsyncedSegments() const KVS_REQUIRES(lock);
  // The same, for a sync of all of it that begins now.
  Unsynced BeginSync() KVS_REQUIRES(lock);

  // --- Maintainer: what takes file operations, done without the lock ---
  struct Work {
    enum class Kind : std::uint8_t { kExtend, kPrepareNext, kHoldReserve, kSeal } kind;
    std::shared_ptr<OpenSegment> segment;  // To extend, or to seal.
    std::uint64_t bytes;                   // The end of the room that is wanted: of `segment`, or of the next one.
    std::uint64_t capacity_bytes;          // Of the next one.
    io::Grain grain = io::Grain::kFine;    // Of the room that `segment` gets.
    std::uint64_t reserve_bytes = 0;       // To be held first; 0: see may_use_reserve().

    bool may_use_reserve() const { return reserve_bytes == 0; }  // It is for a removal, or seals.
  };
  // What is to be done next; nullopt: nothing. Sealing waits for the disk, room must not wait for sealing: so they are
  // asked for apart.
  std::optional<Work> TakeRoomWork() KVS_REQUIRES(lock);
  std::optional<Work> TakeSealWork() KVS_REQUIRES(lock);
  // What was taken is over; `status`: Ok(), or what passes.
  void EndWork(RoomState::Job job, const Status& status) KVS_REQUIRES(lock);
  // When work that waits should be looked for again.
  std::optional<RoomState::Clock::time_point> RetryAt(RoomState::Job job) const KVS_REQUIRES(lock) {
    return room_.RetryAt(job);
  }
  // A segment is not sealed before its extension is over, well or not.
  void FinishExtend(const Work& work, const Result<std::uint64_t>& reserved_bytes) KVS_REQUIRES(lock);
  // Takes the segment that is prepared, if there is one, so that nobody rolls to it. FinishNext() or ReturnNext()
  // follow.
  std::shared_ptr<OpenSegment> WithdrawNext() KVS_REQUIRES(lock);
  void ReturnNext(std::shared_ptr<OpenSegment> withdrawn) KVS_REQUIRES(lock);
  void FinishNext(std::unique_ptr<log::SegmentWriter> next, const OpenSegment* replaced) KVS_REQUIRES(lock);
  // What the reserve should hold: as much as one output of compaction takes.
  std::uint64_t ReserveBytes() const KVS_REQUIRES(lock);
  // What became of the reserve. Unless it is held, nothing is stored in room that is new.
  void NoteReserve(ReserveState state) KVS_REQUIRES(lock);
  ReserveState reserve() const KVS_REQUIRES(lock) { return reserve_; }
  void FinishSeal(std::shared_ptr<log::Segment> sealed, std::uint64_t hint_bytes) KVS_REQUIRES(lock);

  // --- Compactor ---
  bool IsCompactionDue() const KVS_REQUIRES(lock);
  // A full store takes whatever there is to gain.
  bool TakesAnyGain() const KVS_REQUIRES(lock) { return room_.is_full(); }
  // Compaction found nothing to gain, so writers need not wait for it; until more has become garbage. `any_gain`: not
  // even of what is worthwhile for a full store only.
  void SetNothingToGain(bool any_gain) KVS_REQUIRES(lock);
  // Whether sealing what is appended to would give a full store something to gain.
  bool HasGarbageInActive() const KVS_REQUIRES(lock);
  void BeginCompaction() KVS_REQUIRES(lock) { room_.Begin(RoomState::Job::kCompaction); }
  void EndCompaction(const Status& status) KVS_REQUIRES(lock) { EndWork(RoomState::Job::kCompaction, status); }
  // Waits until every record that was appended before is in a sealed segment; the lock is released meanwhile.
  Status SealActive(const AppendLock::Held& held) KVS_REQUIRES(lock);
  std::uint64_t CapacityForNext() const KVS_REQUIRES(lock);
  bool IsOverSpaceLimit() const KVS_REQUIRES(lock) { return Headroom() < 0; }
  // How much a run may copy: what fits one output, or what the bound has room for at present.
  std::uint64_t CopiedBytesMax() const KVS_REQUIRES(lock);
  std::uint64_t ClusteredBytesMax() const KVS_REQUIRES(lock);
  // With how much gained a run should end: with what writers may take from where it begins.
  std::uint64_t GainedBytesMax() const KVS_REQUIRES(lock) {
    return static_cast<std::uint64_t>(bound_.HeadStart(Use()));
  }
  // What a run has yet to write, at most; what it has earned of the space that it will free at its end; and, when it is
  // over, what it freed, in which time.
  void NoteOutputToCome(std::uint64_t bytes) KVS_REQUIRES(lock) { output_to_come_bytes_ = bytes; }
  void NoteComingFree(std::uint64_t bytes) KVS_REQUIRES(lock) { coming_free_bytes_ = bytes; }
  void NoteRun(std::uint64_t freed_bytes, WritePace::Clock::duration duration) KVS_REQUIRES(lock);
  // Takes a segment out of the log; it stays readable for readers that are looking at it.
  void Retire(std::uint32_t slot) KVS_REQUIRES(lock);
  bool has_retired() const KVS_REQUIRES(lock) { return !retired_.empty(); }
  // Hands over the retired segments that nobody can be looking at any more, to be destroyed without the lock.
  std::vector<std::shared_ptr<log::Segment>> TakeUnreachable() KVS_REQUIRES(lock);

  const RoomState& room() const KVS_REQUIRES(lock) { return room_; }
  // What the log of the store is to be told; the maintainer does, without the lock.
  bool has_news() const KVS_REQUIRES(lock) { return room_.has_news(); }
  std::vector<std::string> TakeNews() KVS_REQUIRES(lock) { return room_.TakeNews(); }

  // From now on nobody waits: writers are refused, the threads of the store end.
  void Stop() KVS_EXCLUDES(lock);
  bool is_stopped() const KVS_REQUIRES(lock) { return is_stopped_; }

  sync::ConditionVariable room_changed;       // Writers wait for room.
  sync::ConditionVariable pace_changed;       // Writers wait because they write faster than compaction frees.
  sync::ConditionVariable work_changed;       // The maintainer waits for work.
  sync::ConditionVariable compaction_wanted;  // The compactor waits for work, and callers for the compactor.

 private:
  Status TakeSpareMemory(std::size_t pages) KVS_REQUIRES(lock);
  Result<base::Location> KeepAppended(const Result<std::uint64_t>& offset, std::uint64_t used_before,
                                      std::uint64_t sequences) KVS_REQUIRES(lock);
  bool FitsNow(std::uint64_t bytes, Purpose purpose) const KVS_REQUIRES(lock);
  SpaceUse Use() const KVS_REQUIRES(lock);
  std::int64_t Headroom() const KVS_REQUIRES(lock) { return bound_.Headroom(Use()); }
  std::optional<WritePace::Clock::time_point> Charge(std::uint64_t bytes) KVS_REQUIRES(lock);
  std::uint64_t BytesAhead() const KVS_REQUIRES(lock);
  bool HasNothingToGain() const KVS_REQUIRES(lock);
  bool MayGainAnything() const KVS_REQUIRES(lock);
  bool MayGainSpace() const KVS_REQUIRES(lock);
  // A writer for whom there is no room at present.
  struct Asking {
    std::uint64_t bytes;
    Purpose purpose;
    std::optional<RoomState::Ticket> ticket{};  // Once the maintainer was asked.
  };
  // Why the writer waits no longer; nullopt: it does.
  std::optional<Error> Refusal(Asking* asking) KVS_REQUIRES(lock);
  // True: there was room to roll to; false: the maintainer has been asked.
  bool AskForRoom(const Asking& asking) KVS_REQUIRES(lock);
  bool IsNextFor(std::uint64_t bytes, Purpose purpose) const KVS_REQUIRES(lock);
  std::optional<Work> StoreRoomWork() KVS_REQUIRES(lock);
  std::optional<Work> WantedRoomWork() KVS_REQUIRES(lock);
  void AskForLeast() KVS_REQUIRES(lock);
  void ForgetNothingToGain() KVS_REQUIRES(lock);
  void AskAhead() KVS_REQUIRES(lock);
  void Roll() KVS_REQUIRES(lock);
  void LeaveCoarseRoom() KVS_REQUIRES(lock);

  // Constant after construction.
  const KvStoreOptions& options_;
  Health& health_;
  sync::EpochDomain& epochs_;
  const SpaceBound bound_;

  SlotMap slots_;  // Written under the append lock, read without it.

  SegmentAccounts accounts_ KVS_GUARDED_BY(lock);
  std::shared_ptr<OpenSegment> active_ KVS_GUARDED_BY(lock);
  std::shared_ptr<OpenSegment> next_ KVS_GUARDED_BY(lock);                 // Prepared ahead; may be nullptr.
  std::deque<std::shared_ptr<OpenSegment>> sealing_ KVS_GUARDED_BY(lock);  // Full, oldest first.
  std::shared_ptr<OpenSegment> extending_ KVS_GUARDED_BY(lock);            // By the maintainer, without the lock.
  std::uint64_t sequence_ KVS_GUARDED_BY(lock) = 0;
  std::uint64_t position_ KVS_GUARDED_BY(lock) = 0;
  SyncPace sync_pace_ KVS_GUARDED_BY(lock);
  bool is_stopped_ KVS_GUARDED_BY(lock) = false;

  // What the maintainer is asked for; 0: nothing.
  struct Wanted {
    std::uint64_t reserved_bytes = 0;
    std::uint64_t next_bytes = 0;
    std::uint64_t bytes = 0;  // Of the largest record that waits; 0: it is asked for ahead of need.
    bool is_for_removal = false;
  };
  Wanted wanted_ KVS_GUARDED_BY(lock);
  RoomState room_ KVS_GUARDED_BY(lock);
  std::uint64_t tried_bytes_ KVS_GUARDED_BY(lock) = 0;  // How much the last attempt to take room was to give.
  ReserveState reserve_ KVS_GUARDED_BY(lock) = ReserveState::kHeld;
  SpareMemory spare_memory_ KVS_GUARDED_BY(lock);

  WritePace write_pace_ KVS_GUARDED_BY(lock);
  std::uint64_t output_to_come_bytes_ KVS_GUARDED_BY(lock) = SpaceUse::kUnknown;
  std::uint64_t coming_free_bytes_ KVS_GUARDED_BY(lock) = 0;
  // Live bytes in sealed segments when compaction found nothing; nullopt: that was not found. Less has become garbage
  // since where fewer are live now.
  std::optional<std::uint64_t> live_bytes_without_gain_ KVS_GUARDED_BY(lock);
  std::optional<std::uint64_t> live_bytes_without_any_gain_ KVS_GUARDED_BY(lock);

  struct Retired {
    std::uint64_t epoch;
    std::optional<std::uint32_t> slot;  // nullopt: the slot has another segment by now.
    std::shared_ptr<log::Segment> segment;
  };
  std::vector<Retired> retired_ KVS_GUARDED_BY(lock);
};

}  // namespace kvs::store
