// LogTail: the end of the log, where records are appended, and the segments there that are not sealed yet.
//
// Design      A writer asks for room and appends. The maintainer does the file operations: it takes more room, prepares
//             the next segment and seals full ones. It is asked ahead of need, so a writer waits only if the maintainer
//             is late, or if compaction must free space first.
// Threads     Under the append lock.
// Ordering    Sequences rise by one from record to record, in log order. Recovery relies on it.
// Errors      kNoSpace from MakeRoom(): nothing was done. The RoomState decides when the store tries again. kPoisoned.
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
  // The last part of the reserved room. Only removals may use it while the store gets no more room.
  KVS_TUNABLE(std::uint64_t, kRemovalReserveBytes, std::uint64_t{64} << 10, std::uint64_t{4} << 10,
              std::uint64_t{192} << 10);

  LogTail(SegmentTable& segments, SpaceGovernor& space) : segments_(segments), space_(space) {}

  // From now on, appends go to `writer`. slot: in, of its segment. sequence: in, of the last record in the log.
  void Start(const AppendLock::Held& held, std::unique_ptr<log::SegmentWriter> writer, std::uint32_t slot,
             std::uint64_t sequence);

  // --- Writers ---
  // Waits until a record of at most `bytes` can be appended, and releases the lock meanwhile. On a full store, sets are
  // refused. A removal may use the reserve, and waits for compaction if that may gain anything.
  Status MakeRoom(const AppendLock::Held& held, std::uint64_t bytes, Purpose purpose);

  // Appends to the room that MakeRoom() found. kNoSpace: the file system broke its promise, and the room is lost.
  Result<base::Location> Append(const AppendLock::Held& held, const log::RecordDraft& draft);
  // The same for a batch. Each member takes a sequence.
  Result<base::Location> AppendBatch(const AppendLock::Held& held, std::span<const log::RecordDraft> members);

  const std::shared_ptr<OpenSegment>& active(const AppendLock::Held&) const { return active_; }
  bool wants_next(const AppendLock::Held&) const { return wanted_.next_bytes != 0; }
  std::uint64_t last_sequence(const AppendLock::Held&) const { return sequence_; }
  // The bytes appended since the store was opened. The committer measures by it how far the log is synced.
  std::uint64_t position(const AppendLock::Held&) const { return position_; }

  // --- Committer ---
  struct Unsynced {
    struct Part {
      std::shared_ptr<OpenSegment> segment;
      std::uint64_t used_bytes;
    };
    std::vector<Part> parts;     // The open segments in log order, and how far each is filled.
    std::uint64_t position = 0;  // The end of the log.
  };
  Unsynced UnsyncedSegments(const AppendLock::Held& held) const;
  // The same. A sync of all of it begins now.
  Unsynced BeginSync(const AppendLock::Held& held);

  // --- Maintainer: file operations, done without the lock ---
  struct Work {
    enum class Kind : std::uint8_t { kExtend, kPrepareNext, kHoldReserve, kSeal } kind;
    std::shared_ptr<OpenSegment> segment;  // The segment to extend or to seal.
    std::uint64_t bytes;                   // The end of the wanted room, in `segment` or in the next segment.
    std::uint64_t capacity_bytes;          // The capacity of the next segment.
    io::Grain grain = io::Grain::kFine;    // The grain of the room that `segment` gets.
    std::uint64_t reserve_bytes = 0;       // The reserve to hold first; 0: see may_use_reserve().

    bool may_use_reserve() const { return reserve_bytes == 0; }  // The work is for a removal, or seals.
  };
  // The next work of each kind; nullopt: there is none. Sealing waits for the disk, and room must not wait for sealing.
  // So each is asked for by its own thread.
  std::optional<Work> TakeRoomWork(const AppendLock::Held& held);
  std::optional<Work> TakeSealWork(const AppendLock::Held& held);
  // The work that was taken is over. status: in, Ok(), or an error that passes (base::IsPassing).
  void EndWork(const AppendLock::Held& held, RoomState::Job job, const Status& status);
  // Adds the new room. The segment is not sealed before EndWork(), even if the extension failed.
  void FinishExtend(const AppendLock::Held& held, const Work& work, const Result<std::uint64_t>& reserved_bytes);
  // Takes the prepared segment away, if there is one, so no writer can roll to it. Call FinishNext() or ReturnNext()
  // afterwards.
  std::shared_ptr<OpenSegment> WithdrawNext(const AppendLock::Held& held);
  void ReturnNext(const AppendLock::Held& held, std::shared_ptr<OpenSegment> withdrawn);
  void FinishNext(const AppendLock::Held& held, std::unique_ptr<log::SegmentWriter> next, const OpenSegment* replaced);
  void FinishSeal(const AppendLock::Held& held, std::shared_ptr<log::Segment> sealed, std::uint64_t hint_bytes);
  // Notes the state of the reserve. Once it is held again, room that came from it is like any other room.
  void NoteReserve(const AppendLock::Held& held, ReserveState state);

  // --- Compactor ---
  // Waits until every record appended so far is in a sealed segment, and releases the lock meanwhile.
  Status SealActive(const AppendLock::Held& held);

 private:
  Result<base::Location> FinishAppend(const AppendLock::Held& held, const Result<std::uint64_t>& offset,
                                      std::uint64_t used_before, std::uint64_t sequences);
  bool FitsNow(std::uint64_t bytes, Purpose purpose) const;
  // A writer that waits for room.
  struct Asking {
    std::uint64_t bytes;
    Purpose purpose;
    std::optional<RoomState::Ticket> ticket{};  // Set once the maintainer was asked.
  };
  // The error that ends the writer's wait; nullopt: it must wait.
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
  // Asks for everything that sealing `last` needs, or returns the error that prevents it. room, seal: in, the tickets
  // of the caller.
  Status HelpSealing(const AppendLock::Held& held, const OpenSegment& last, RoomState::Ticket room,
                     RoomState::Ticket seal);
  bool IsOpen(const OpenSegment& segment) const;
  // Must follow every change of what TailShape describes.
  void NoteShape(const AppendLock::Held& held);

  // Constant after construction.
  SegmentTable& segments_;
  SpaceGovernor& space_;

  // Guarded by the append lock.
  std::shared_ptr<OpenSegment> active_;
  std::shared_ptr<OpenSegment> next_;                 // Prepared ahead; may be nullptr.
  std::deque<std::shared_ptr<OpenSegment>> sealing_;  // Full segments, oldest first.
  std::shared_ptr<OpenSegment> extending_;            // The segment that the maintainer extends, without the lock.
  std::uint64_t sequence_ = 0;
  std::uint64_t position_ = 0;
  SyncPace sync_pace_;

  // The room that the maintainer is asked for; 0: none.
  struct Wanted {
    std::uint64_t reserved_bytes = 0;  // The wanted end of the room in the active segment.
    std::uint64_t next_bytes = 0;      // The wanted room in the next segment.
    std::uint64_t bytes = 0;           // The largest record that waits; 0: none does, the room is for later.
    bool is_for_removal = false;
  };
  Wanted wanted_;
  std::uint64_t tried_bytes_ = 0;  // The largest record that waited when the last attempt to take room began.
};

}  // namespace kvs::store
