// LogTail: the end of the log, where records are appended, and the segments there that are not sealed yet.
//
// Design      A writer asks for room and appends. What takes a file operation (more room, the next segment, sealing the
//             last) is asked of the maintainer, ahead of need. A writer waits only if the maintainer is late, or if
//             compaction must free space first.
// Threads     Under the append lock.
// Ordering    Sequences rise by one from record to record, in the order of the log: recovery relies on it.
// Errors      kNoSpace from MakeRoom(): nothing was done; RoomState decides when it is tried again. kPoisoned.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/location.h"
#include "base/tunable.h"
#include "kvs/result.h"
#include "log/record.h"
#include "store/segments/append_lock.h"
#include "store/segments/segment_table.h"
#include "store/space/purpose.h"
#include "store/space/room_state.h"
#include "store/space/space_governor.h"
#include "store/tail/open_segment.h"
#include "store/tail/sync_pace.h"

namespace kvs::store {

class LogTail {
 public:
  // Room at the end of what is reserved that only removals may use while no more can be had.
  KVS_TUNABLE(std::uint64_t, kRemovalReserveBytes, std::uint64_t{64} << 10, std::uint64_t{4} << 10,
              std::uint64_t{192} << 10);

  LogTail(SegmentTable& segments, SpaceGovernor& space) : segments_(segments), space_(space) {}

  // Appends go to `writer` from now on, whose segment has `slot`; `sequence` is that of the last record in the log.
  void Start(const AppendLock::Held& held, std::unique_ptr<log::SegmentWriter> writer, std::uint32_t slot,
             std::uint64_t sequence);

  // --- Writers ---
  // Waits until a record of at most `bytes` can be appended; the lock is released meanwhile. A full store refuses to
  // store. A removal may use the reserve, and waits for compaction if that has something to gain.
  Status MakeRoom(const AppendLock::Held& held, std::uint64_t bytes, Purpose purpose);

  // Appends to the room that MakeRoom() found. kNoSpace: the file system did not keep its word, and the room is lost.
  Result<base::Location> Append(const AppendLock::Held& held, const log::RecordDraft& draft);
  // The same for a batch, each member of which uses up a sequence.
  Result<base::Location> AppendBatch(const AppendLock::Held& held, std::span<const log::RecordDraft> members);

  const std::shared_ptr<OpenSegment>& active(const AppendLock::Held&) const { return active_; }
  bool wants_next(const AppendLock::Held&) const { return wanted_.next_bytes != 0; }
  std::uint64_t last_sequence(const AppendLock::Held&) const { return sequence_; }
  // Bytes appended since the store was opened: the clock of the committer.
  std::uint64_t position(const AppendLock::Held&) const { return position_; }

  // --- Committer ---
  struct Unsynced {
    struct Part {
      std::shared_ptr<OpenSegment> segment;
      std::uint64_t used_bytes;
    };
    std::vector<Part> parts;     // The open segments in the order of the log, with how far each is filled.
    std::uint64_t position = 0;  // Where the log ends.
  };
  Unsynced UnsyncedSegments(const AppendLock::Held& held) const;
  // The same, for a sync of all of it that begins now.
  Unsynced BeginSync(const AppendLock::Held& held);

  // --- Maintainer: file operations, done without the lock ---
  struct Work {
    enum class Kind : std::uint8_t { kExtend, kPrepareNext, kHoldReserve, kSeal } kind;
    std::shared_ptr<OpenSegment> segment;  // To extend, or to seal.
    std::uint64_t bytes;                   // The end of the room that is wanted: of `segment`, or of the next one.
    std::uint64_t capacity_bytes;          // Of the next one.
    io::Grain grain = io::Grain::kFine;    // Of the room that `segment` gets.
    std::uint64_t reserve_bytes = 0;       // To be held first; 0: see may_use_reserve().

    bool may_use_reserve() const { return reserve_bytes == 0; }  // It is for a removal, or seals.
  };
  // What is to be done next; nullopt: nothing. Sealing waits for the disk, and room must not wait for sealing. So each
  // is asked for on its own.
  std::optional<Work> TakeRoomWork(const AppendLock::Held& held);
  std::optional<Work> TakeSealWork(const AppendLock::Held& held);
  // The work that was taken is over. `status`: Ok(), or an error that passes.
  void EndWork(const AppendLock::Held& held, RoomState::Job job, const Status& status);
  // A segment is not sealed before its extension is over, whether that succeeds or not.
  void FinishExtend(const AppendLock::Held& held, const Work& work, const Result<std::uint64_t>& reserved_bytes);
  // Takes the segment that is prepared, if there is one, so that no writer rolls to it. FinishNext() or ReturnNext()
  // follow.
  std::shared_ptr<OpenSegment> WithdrawNext(const AppendLock::Held& held);
  void ReturnNext(const AppendLock::Held& held, std::shared_ptr<OpenSegment> withdrawn);
  void FinishNext(const AppendLock::Held& held, std::unique_ptr<log::SegmentWriter> next, const OpenSegment* replaced);
  void FinishSeal(const AppendLock::Held& held, std::shared_ptr<log::Segment> sealed, std::uint64_t hint_bytes);
  // What became of the reserve. Once it is held again, room that came from it is like all other room.
  void NoteReserve(const AppendLock::Held& held, ReserveState state);

  // --- Compactor ---
  // Waits until every record that was appended before is in a sealed segment; the lock is released meanwhile.
  Status SealActive(const AppendLock::Held& held);

 private:
  Result<base::Location> FinishAppend(const AppendLock::Held& held, const Result<std::uint64_t>& offset,
                                      std::uint64_t used_before, std::uint64_t sequences);
  bool FitsNow(std::uint64_t bytes, Purpose purpose) const;
  // A writer for whom there is no room at present.
  struct Asking {
    std::uint64_t bytes;
    Purpose purpose;
    std::optional<RoomState::Ticket> ticket{};  // Once the maintainer was asked.
  };
  // Why the writer waits no longer; nullopt: it does.
  std::optional<Error> Refusal(const AppendLock::Held& held, Asking* asking);
  enum class Asked : std::uint8_t { kRolled, kMustWait };
  Asked AskForRoom(const AppendLock::Held& held, const Asking& asking);
  bool IsNextFor(std::uint64_t bytes, Purpose purpose) const;
  std::optional<Work> StoreRoomWork(const AppendLock::Held& held);
  std::optional<Work> WantedRoomWork(const AppendLock::Held& held);
  void AskForLeast();
  void AskAhead(const AppendLock::Held& held);
  void AskForNext(std::uint64_t bytes);
  void Roll(const AppendLock::Held& held);
  void LeaveCoarseRoom(const AppendLock::Held& held);
  // While the records up to `last` are not sealed: asks for what that takes, or says what prevents it.
  Status HelpSealing(const AppendLock::Held& held, const OpenSegment& last, RoomState::Ticket room,
                     RoomState::Ticket seal);
  bool IsOpen(const OpenSegment& segment) const;
  // Every change of what the TailShape says is followed by this.
  void NoteShape(const AppendLock::Held& held);

  // Constant after construction.
  SegmentTable& segments_;
  SpaceGovernor& space_;

  // Guarded by the append lock.
  std::shared_ptr<OpenSegment> active_;
  std::shared_ptr<OpenSegment> next_;                 // Prepared ahead; may be nullptr.
  std::deque<std::shared_ptr<OpenSegment>> sealing_;  // Full, oldest first.
  std::shared_ptr<OpenSegment> extending_;            // By the maintainer, without the lock.
  std::uint64_t sequence_ = 0;
  std::uint64_t position_ = 0;
  SyncPace sync_pace_;

  // What the maintainer is asked for; 0: nothing.
  struct Wanted {
    std::uint64_t reserved_bytes = 0;
    std::uint64_t next_bytes = 0;
    std::uint64_t bytes = 0;  // Of the largest record that waits; 0: it is asked for ahead of need.
    bool is_for_removal = false;
  };
  Wanted wanted_;
  std::uint64_t tried_bytes_ = 0;  // How much the last attempt to take room was to give.
};

}  // namespace kvs::store
