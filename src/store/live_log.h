// LiveLog: the segments of an open store, and the end of the log, where records are appended.
//
// Design      Writers hold the append lock, ask for room and append. What takes a file operation (more room, the next
//             segment, sealing the last) is asked of the maintainer, ahead of need; a writer waits only where the
//             maintainer is behind, or where compaction must free space first.
// Threads     Everything is under the append lock, `mutex`; readers use slots() without it.
// Ordering    Sequences rise by one from record to record, in the order of the log: recovery relies on it.
// Limits      Disk use: see SpaceBound. Writers wait at that bound.
// Errors      kNoSpace from MakeRoom(): nothing was done, and the next call tries again. kPoisoned.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/location.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "log/record.h"
#include "store/health.h"
#include "store/open_segment.h"
#include "store/segment_accounts.h"
#include "store/slot_map.h"
#include "store/space_bound.h"
#include "store/sync_pace.h"
#include "store/write_pace.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

namespace kvs::store {

// What a record is for: removals may use a small reserve when the disk is full, since they are the way out.
enum class Purpose : std::uint8_t { kStore, kRemove };

class LiveLog {
 public:
  // Room at the end of what is reserved that only removals may use while no more can be had.
  static constexpr std::uint64_t kRemovalReserveBytes = std::uint64_t{64} << 10;
  static constexpr std::uint64_t kSegmentBytesMin = std::uint64_t{4} << 20;

  LiveLog(const KvStoreOptions& options, Health& health, sync::EpochDomain& epochs);

  sync::Mutex mutex;                               // The append lock.
  const SlotMap& slots() const { return slots_; }  // For readers, who hold no lock.
  SegmentAccounts& accounts() KVS_REQUIRES(mutex) { return accounts_; }

  // --- Opening ---
  // Makes a segment readable, and returns its slot.
  std::uint32_t AddSegment(std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes) KVS_REQUIRES(mutex);
  // The same for one that the index does not point into yet. Compaction uses it too, for its output.
  std::uint32_t AddNewSegment(const std::shared_ptr<log::Segment>& segment) KVS_REQUIRES(mutex);
  // The same for a segment that has a slot from before, which was reserved.
  void AddSegmentAt(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes)
      KVS_REQUIRES(mutex);
  void SealSegment(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t hint_bytes)
      KVS_REQUIRES(mutex);
  // Appends go to `writer` from now on, whose segment has `slot`; `sequence` is that of the last record in the log.
  void Start(std::unique_ptr<log::SegmentWriter> writer, std::uint32_t slot, std::uint64_t sequence)
      KVS_REQUIRES(mutex);

  // --- Writers ---
  // Waits until a record of at most `bytes` can be appended; the lock is released meanwhile.
  Status MakeRoom(std::uint64_t bytes, Purpose purpose) KVS_REQUIRES(mutex);

  // Appends to the room that MakeRoom() found.
  Result<base::Location> Append(const log::RecordDraft& draft) KVS_REQUIRES(mutex);
  // The same for a batch, each member of which uses up a sequence.
  Result<base::Location> AppendBatch(std::span<const log::RecordDraft> members) KVS_REQUIRES(mutex);

  // Refuses all writes from now on, and wakes those who wait for room, to be refused. Returns what a write answers.
  Error Poison(const Error& cause) KVS_REQUIRES(mutex);

  std::uint64_t last_sequence() const KVS_REQUIRES(mutex) { return sequence_; }
  const log::SegmentHeader& active_header() const KVS_REQUIRES(mutex) { return active_->writer->segment()->header(); }

  // Bytes appended since the store was opened: the clock of the committer.
  std::uint64_t position() const KVS_REQUIRES(mutex) { return position_; }

  // --- Committer ---
  struct Unsynced {
    struct Part {
      std::shared_ptr<OpenSegment> segment;
      std::uint64_t used_bytes;
    };
    std::vector<Part> parts;     // The open segments in the order of the log, with how far each is filled.
    std::uint64_t position = 0;  // Where the log ends.
  };
  Unsynced UnsyncedSegments() const KVS_REQUIRES(mutex);
  // The same, for a sync of all of it that begins now.
  Unsynced BeginSync() KVS_REQUIRES(mutex);

  // --- Maintainer: what takes file operations, done without the lock ---
  struct Work {
    enum class Kind : std::uint8_t { kExtend, kPrepareNext, kSeal } kind;
    std::shared_ptr<OpenSegment> segment;  // To extend, or to seal.
    std::uint64_t bytes;                   // The end of the room that is wanted: of `segment`, or of the next one.
    std::uint64_t capacity_bytes;          // Of the next one.
    io::Grain grain = io::Grain::kFine;    // Of the room that `segment` gets.
  };
  // What is to be done next; nullopt: nothing. Sealing waits for the disk, room must not wait for sealing: so they are
  // asked for apart.
  std::optional<Work> TakeRoomWork() KVS_REQUIRES(mutex);
  std::optional<Work> TakeSealWork() KVS_REQUIRES(mutex);
  // A segment is not sealed before its extension is finished, well or not; FailWork() comes after one that failed.
  void FinishExtend(const Work& work, const Result<std::uint64_t>& reserved_bytes) KVS_REQUIRES(mutex);
  // Takes the segment that is prepared, if there is one, so that nobody rolls to it. FinishNext() or ReturnNext()
  // follow.
  std::shared_ptr<OpenSegment> WithdrawNext() KVS_REQUIRES(mutex);
  void ReturnNext(std::shared_ptr<OpenSegment> withdrawn) KVS_REQUIRES(mutex);
  void FinishNext(std::unique_ptr<log::SegmentWriter> next, const OpenSegment* replaced) KVS_REQUIRES(mutex);
  // Work could not be done for want of room: those who wait for it are told, and ask again with their next write.
  void FailWork(const Error& error) KVS_REQUIRES(mutex);
  void FinishSeal(std::shared_ptr<log::Segment> sealed, std::uint64_t hint_bytes) KVS_REQUIRES(mutex);

  // --- Compactor ---
  bool IsCompactionDue() const KVS_REQUIRES(mutex);
  // Compaction can gain nothing at present, so writers need not wait for it; until more has become garbage.
  void SetNothingToGain() KVS_REQUIRES(mutex);
  // Waits until every record that was appended before stands in a sealed segment; the lock is released meanwhile.
  Status SealActive() KVS_REQUIRES(mutex);
  std::uint64_t CapacityForNext() const KVS_REQUIRES(mutex);
  bool IsOverSpaceLimit() const KVS_REQUIRES(mutex) { return Headroom() < 0; }
  // How much a run may copy: what fits one output, or what the bound has room for at present.
  std::uint64_t CopiedBytesMax() const KVS_REQUIRES(mutex);
  std::uint64_t ClusteredBytesMax() const KVS_REQUIRES(mutex);
  // With how much gained a run should end: with what writers may take from where it begins.
  std::uint64_t GainedBytesMax() const KVS_REQUIRES(mutex) {
    return static_cast<std::uint64_t>(bound_.HeadStart(Use()));
  }
  // What a run has yet to write, at most; what it has earned of the space that it will free at its end; and, when it is
  // over, what it freed, in which time.
  void NoteOutputToCome(std::uint64_t bytes) KVS_REQUIRES(mutex) { output_to_come_bytes_ = bytes; }
  void NoteComingFree(std::uint64_t bytes) KVS_REQUIRES(mutex) { coming_free_bytes_ = bytes; }
  void NoteRun(std::uint64_t freed_bytes, WritePace::Clock::duration duration) KVS_REQUIRES(mutex);
  // Takes a segment out of the log; it stays readable for those who are looking at it.
  void Retire(std::uint32_t slot) KVS_REQUIRES(mutex);
  bool has_retired() const KVS_REQUIRES(mutex) { return !retired_.empty(); }
  // Hands over the retired segments that nobody can be looking at any more, to be destroyed without the lock.
  std::vector<std::shared_ptr<log::Segment>> TakeUnreachable() KVS_REQUIRES(mutex);

  // From now on nobody waits: writers are refused, the threads of the store end.
  void Stop() KVS_EXCLUDES(mutex);
  bool is_stopped() const KVS_REQUIRES(mutex) { return is_stopped_; }

  sync::ConditionVariable room_changed;       // Writers wait for room.
  sync::ConditionVariable pace_changed;       // Writers wait because they write faster than compaction frees.
  sync::ConditionVariable work_changed;       // The maintainer waits for work.
  sync::ConditionVariable compaction_wanted;  // The compactor waits for work, and callers for the compactor.

 private:
  Result<base::Location> KeepAppended(const Result<std::uint64_t>& offset, std::uint64_t used_before,
                                      std::uint64_t sequences) KVS_REQUIRES(mutex);
  bool FitsNow(std::uint64_t bytes, Purpose purpose) const KVS_REQUIRES(mutex);
  SpaceUse Use() const KVS_REQUIRES(mutex);
  std::int64_t Headroom() const KVS_REQUIRES(mutex) { return bound_.Headroom(Use()); }
  std::optional<WritePace::Clock::time_point> Charge(std::uint64_t bytes) KVS_REQUIRES(mutex);
  std::uint64_t BytesAhead() const KVS_REQUIRES(mutex);
  bool HasNothingToGain() const KVS_REQUIRES(mutex);
  bool MayGainSpace() const KVS_REQUIRES(mutex);
  // True: there was room to roll to; false: the maintainer has been asked.
  bool AskForRoom(std::uint64_t bytes) KVS_REQUIRES(mutex);
  void AskAhead() KVS_REQUIRES(mutex);
  void Roll() KVS_REQUIRES(mutex);
  void LeaveCoarseRoom() KVS_REQUIRES(mutex);

  // Constant after construction.
  const KvStoreOptions& options_;
  Health& health_;
  sync::EpochDomain& epochs_;
  const SpaceBound bound_;

  SlotMap slots_;  // Written under mutex, read without it.

  SegmentAccounts accounts_ KVS_GUARDED_BY(mutex);
  std::shared_ptr<OpenSegment> active_ KVS_GUARDED_BY(mutex);
  std::shared_ptr<OpenSegment> next_ KVS_GUARDED_BY(mutex);                 // Prepared ahead; may be nullptr.
  std::deque<std::shared_ptr<OpenSegment>> sealing_ KVS_GUARDED_BY(mutex);  // Full, oldest first.
  std::shared_ptr<OpenSegment> extending_ KVS_GUARDED_BY(mutex);            // By the maintainer, without the lock.
  std::uint64_t sequence_ KVS_GUARDED_BY(mutex) = 0;
  std::uint64_t position_ KVS_GUARDED_BY(mutex) = 0;
  SyncPace sync_pace_ KVS_GUARDED_BY(mutex);
  bool is_stopped_ KVS_GUARDED_BY(mutex) = false;

  // What the maintainer is asked for; 0: nothing.
  std::uint64_t wanted_reserved_bytes_ KVS_GUARDED_BY(mutex) = 0;
  std::uint64_t wanted_next_bytes_ KVS_GUARDED_BY(mutex) = 0;
  bool asks_ahead_ KVS_GUARDED_BY(mutex) = true;  // False after a failure, until something succeeds: no busy retries.
  std::uint64_t failures_ KVS_GUARDED_BY(mutex) = 0;
  Error last_failure_ KVS_GUARDED_BY(mutex){.code = ErrorCode::kNoSpace};

  WritePace write_pace_ KVS_GUARDED_BY(mutex);
  std::uint64_t output_to_come_bytes_ KVS_GUARDED_BY(mutex) = SpaceUse::kUnknown;
  std::uint64_t coming_free_bytes_ KVS_GUARDED_BY(mutex) = 0;
  bool nothing_to_gain_ KVS_GUARDED_BY(mutex) = false;
  std::uint64_t live_bytes_without_gain_ KVS_GUARDED_BY(mutex) = 0;  // In sealed segments, when that was found.

  struct Retired {
    std::uint64_t epoch;
    std::optional<std::uint32_t> slot;  // nullopt: the slot has another segment by now.
    std::shared_ptr<log::Segment> segment;
  };
  std::vector<Retired> retired_ KVS_GUARDED_BY(mutex);
};

}  // namespace kvs::store
