#include "store/tail/log_tail.h"

#include <algorithm>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"

namespace kvs::store {
namespace {

// The least room in a next segment that no writer needs yet.
constexpr std::uint64_t kLeastNextBytes = log::kSegmentHeaderBytes + 1;

using Job = RoomState::Job;

}  // namespace

void LogTail::Start(const AppendLock::Held& held, std::unique_ptr<log::SegmentWriter> writer, std::uint32_t slot,
                    std::uint64_t sequence) {
  active_ = std::make_shared<OpenSegment>(std::move(writer), slot);
  sequence_ = sequence;
  NoteShape(held);
}

void LogTail::NoteShape(const AppendLock::Held& held) {
  const std::uint64_t reserved = active_->writer->reserved_bytes();
  const std::uint64_t capacity = active_->writer->capacity_bytes();
  const std::uint64_t step = log::SegmentWriter::StepBytes(capacity, reserved);
  const std::uint64_t next = next_ == nullptr ? log::SegmentWriter::FirstStepBytes(capacity) : 0;
  space_.NoteTail(held, {.segment_bytes = capacity,
                         .ahead_bytes = std::min(step, capacity - reserved) + next,
                         .active_slot = active_->slot(),
                         .is_sealing = !sealing_.empty()});
}

// --- Appending ---

Result<base::Location> LogTail::Append(const AppendLock::Held& held, const log::RecordDraft& draft) {
  const std::uint64_t used_before = active_->writer->used_bytes();
  return FinishAppend(held, active_->writer->Append(draft, sequence_ + 1), used_before, 1);
}

Result<base::Location> LogTail::AppendBatch(const AppendLock::Held& held, std::span<const log::RecordDraft> members) {
  const std::uint64_t used_before = active_->writer->used_bytes();
  return FinishAppend(held, active_->writer->AppendBatch(members, sequence_ + 1), used_before, members.size());
}

inline Result<base::Location> LogTail::FinishAppend(const AppendLock::Held& held, const Result<std::uint64_t>& offset,
                                                    std::uint64_t used_before, std::uint64_t sequences) {
  if (!offset && base::IsPassing(offset.error())) {  // There is neither a record nor room for it.
    KVS_PROBE("append found no room");
    segments_.accounts(held).SetFileBytes(active_->slot(), active_->writer->reserved_bytes());
    NoteShape(held);
    space_.room(held).Begin(Job::kRoom);
    EndWork(held, Job::kRoom, offset.error());
    return offset.error();
  }
  if (!offset) return space_.Poison(held, offset.error());
  sequence_ += sequences;
  position_ += active_->writer->used_bytes() - used_before;
  AskAhead(held);
  return base::Location(active_->slot(), *offset);
}

// Keeps one step of room ahead of the writers, and the next segment once the active one is half full.
void LogTail::AskAhead(const AppendLock::Held& held) {
  if (space_.room(held).IsFailing(Job::kRoom) || space_.reserve(held) != ReserveState::kHeld) return;
  const log::SegmentWriter& writer = *active_->writer;
  const std::uint64_t used = writer.used_bytes();
  const std::uint64_t reserved = writer.reserved_bytes();
  const std::uint64_t step = log::SegmentWriter::StepBytes(writer.capacity_bytes(), reserved);
  const std::uint64_t ahead = std::max(std::min(reserved / 2, step), kRemovalReserveBytes + step / 4);
  const bool needs_extension = reserved < writer.capacity_bytes() && reserved - used < ahead;
  const bool needs_next = next_ == nullptr && used >= writer.capacity_bytes() / 2;
  if (needs_extension && wanted_.reserved_bytes <= reserved) {
    wanted_.reserved_bytes = reserved + 1;
    space_.work_changed.NotifyAll();
  }
  if (needs_next && wanted_.next_bytes == 0) AskForNext(kLeastNextBytes);
}

void LogTail::AskForNext(std::uint64_t bytes) {
  wanted_.next_bytes = std::max(wanted_.next_bytes, bytes);
  space_.work_changed.NotifyAll();
}

void LogTail::Roll(const AppendLock::Held& held) {
  active_->last_sequence = sequence_;
  sealing_.push_back(std::exchange(active_, std::exchange(next_, nullptr)));
  wanted_.reserved_bytes = 0;
  NoteShape(held);
  space_.work_changed.NotifyAll();
}

// --- Committer ---

LogTail::Unsynced LogTail::UnsyncedSegments(const AppendLock::Held&) const {
  Unsynced unsynced{.parts = {}, .position = position_};
  unsynced.parts.reserve(sealing_.size() + 1);
  for (const auto& segment : sealing_) unsynced.parts.push_back({segment, segment->writer->used_bytes()});
  unsynced.parts.push_back({active_, active_->writer->used_bytes()});
  return unsynced;
}

LogTail::Unsynced LogTail::BeginSync(const AppendLock::Held& held) {
  Unsynced unsynced = UnsyncedSegments(held);
  sync_pace_.NoteSync(position_);
  if (sync_pace_.NeedsFineRoom() && active_->IsInCoarseRoom()) LeaveCoarseRoom(held);
  return unsynced;
}

// Continues in the next segment, because each segment begins with fine room.
void LogTail::LeaveCoarseRoom(const AppendLock::Held& held) {
  if (space_.room(held).IsFailing(Job::kRoom)) return;
  KVS_PROBE("log leaves coarse room");
  if (next_ != nullptr) return Roll(held);
  AskForNext(kLeastNextBytes);
}

// --- Compactor ---

Status LogTail::SealActive(const AppendLock::Held& held) {
  RoomState& room = space_.room(held);
  const RoomState::Ticket room_ticket = room.NextAttempt(Job::kRoom);
  const RoomState::Ticket seal_ticket = room.NextAttempt(Job::kSeal);
  room.RetryNow();  // Sealing may have failed before: it is tried again.
  space_.work_changed.NotifyAll();
  std::shared_ptr<OpenSegment> last;
  if (active_->writer->used_bytes() > log::kSegmentHeaderBytes) last = active_;
  if (last == nullptr && !sealing_.empty()) last = sealing_.back();
  while (last != nullptr) {
    KVS_TRY(space_.CheckWritable(held));
    KVS_TRY(HelpSealing(held, *last, room_ticket, seal_ticket));
    if (!IsOpen(*last)) return Ok();
    held.WaitFor(space_.room_changed);
  }
  return Ok();
}

bool LogTail::IsOpen(const OpenSegment& segment) const {
  const auto is_it = [&](const std::shared_ptr<OpenSegment>& open) { return open.get() == &segment; };
  return is_it(active_) || std::any_of(sealing_.begin(), sealing_.end(), is_it);
}

// The next segment may take its first room from the reserve, because sealing helps compaction to free space.
Status LogTail::HelpSealing(const AppendLock::Held& held, const OpenSegment& last, RoomState::Ticket room,
                            RoomState::Ticket seal) {
  const Error* const seal_failure = space_.room(held).FailureSince(Job::kSeal, seal);
  KVS_PROBE_IF(seal_failure != nullptr, "compaction on demand cannot seal");
  if (seal_failure != nullptr) return *seal_failure;
  if (&last == active_.get() && next_ != nullptr) Roll(held);
  if (&last != active_.get()) return Ok();
  const Error* const room_failure = space_.room(held).FailureSince(Job::kRoom, room);
  KVS_PROBE_IF(room_failure != nullptr, "compaction on demand finds no room for a next segment");
  if (room_failure != nullptr) return *room_failure;
  wanted_.is_for_removal = true;
  AskForNext(kLeastNextBytes);
  return Ok();
}

}  // namespace kvs::store
