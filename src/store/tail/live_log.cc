#include "store/tail/live_log.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "base/round_up.h"
#include "base/system_error.h"
#include "base/try.h"
#include "base/tunable.h"

namespace kvs::store {
namespace {

// The bound counts as near in the last one of so many parts of the way to it.
KVS_TUNABLE(std::int64_t, kBoundIsNear, 4, 1, 16);

using Job = RoomState::Job;

}  // namespace

LiveLog::LiveLog(const KvStoreOptions& options, Health& health, sync::EpochDomain& epochs)
    : options_(options), health_(health), epochs_(epochs), bound_(options.garbage_ratio_max, options.segment_bytes) {}

// --- Opening ---

std::uint32_t LiveLog::AddSegment(std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes) {
  log::Segment* const readable = segment.get();
  const std::uint32_t slot = accounts_.Add(std::move(segment), file_bytes);
  slots_.Set(slot, readable);
  return slot;
}

std::uint32_t LiveLog::AddNewSegment(const std::shared_ptr<log::Segment>& segment) {
  const std::uint32_t slot = AddSegment(segment, segment->readable_bytes());
  accounts_.ListDeaths(slot);
  return slot;
}

void LiveLog::AddSegmentAt(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes) {
  slots_.Set(slot, segment.get());
  accounts_.AddAt(slot, std::move(segment), file_bytes);
}

void LiveLog::SealSegment(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t hint_bytes) {
  const std::shared_ptr<log::Segment> former = accounts_[slot].segment;
  if (segment != former) {
    slots_.Set(slot, segment.get());
    retired_.push_back({epochs_.EndEpoch(), std::nullopt, former});
  }
  const std::uint64_t file_bytes = segment->readable_bytes();
  accounts_.Seal(slot, std::move(segment), file_bytes, hint_bytes);
}

void LiveLog::Start(std::unique_ptr<log::SegmentWriter> writer, std::uint32_t slot, std::uint64_t sequence) {
  active_ = std::make_shared<OpenSegment>(std::move(writer), slot);
  sequence_ = sequence;
}

// --- Writers ---

Status LiveLog::MakeRoom(const AppendLock::Held& held, std::uint64_t bytes, Purpose purpose) {
  Asking asking{.bytes = bytes, .purpose = purpose};
  bool is_paid = purpose != Purpose::kStore;  // Removals are the way out.
  while (true) {
    KVS_TRY(health_.Check());
    if (is_stopped_) return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
    KVS_TRY(HoldSpareMemory());
    if (IsOverSpaceLimit() && MayGainSpace()) {
      KVS_PROBE("writer waits for compaction");
      compaction_wanted.NotifyAll();
    } else if (FitsNow(bytes, purpose)) {
      const auto until = std::exchange(is_paid, true) ? std::nullopt : Charge(bytes);
      if (!until) return Ok();
      KVS_PROBE("writer is slowed down");
      held.WaitUntil(pace_changed, *until);
      continue;
    } else if (auto refusal = Refusal(&asking)) {
      return *std::move(refusal);
    } else if (AskForRoom(asking)) {
      continue;
    }
    KVS_PROBE("writer waits for room");
    held.WaitFor(room_changed);
  }
}

// What is stored leaves the last room to removals, unless the next segment is there and this one ends anyway; and all
// that came from the reserve. Removing what has expired may take half of that room: enough to let compaction begin.
bool LiveLog::FitsNow(std::uint64_t bytes, Purpose purpose) const {
  const log::SegmentWriter& writer = *active_->writer;
  if (purpose == Purpose::kRemove) return writer.used_bytes() + bytes <= writer.reserved_bytes();
  const bool is_last_room = next_ == nullptr || writer.reserved_bytes() < writer.capacity_bytes();
  const std::uint64_t kept_for_removals = purpose == Purpose::kExpire ? kRemovalReserveBytes / 2 : kRemovalReserveBytes;
  const std::uint64_t kept = is_last_room ? kept_for_removals : 0;
  return writer.used_bytes() + bytes + kept <= std::min(writer.reserved_bytes(), active_->removals_from());
}

Status LiveLog::TakeSpareMemory(std::size_t pages) {
  if (spare_memory_.Hold(pages)) return Ok();
  KVS_PROBE("no spare memory for the index");
  return base::SystemError("no memory is left for the index of what would be written; nothing was written", ENOMEM);
}

Result<base::Location> LiveLog::Append(const log::RecordDraft& draft) {
  const std::uint64_t used_before = active_->writer->used_bytes();
  return KeepAppended(active_->writer->Append(draft, sequence_ + 1), used_before, 1);
}

Result<base::Location> LiveLog::AppendBatch(std::span<const log::RecordDraft> members) {
  const std::uint64_t used_before = active_->writer->used_bytes();
  return KeepAppended(active_->writer->AppendBatch(members, sequence_ + 1), used_before, members.size());
}

inline Result<base::Location> LiveLog::KeepAppended(const Result<std::uint64_t>& offset, std::uint64_t used_before,
                                                    std::uint64_t sequences) {
  if (!offset && base::IsPassing(offset.error())) {  // Nothing is there, neither the record nor the room.
    KVS_PROBE("append found no room");
    accounts_.SetFileBytes(active_->slot(), active_->writer->reserved_bytes());
    room_.Begin(Job::kRoom);
    EndWork(Job::kRoom, offset.error());
    return offset.error();
  }
  if (!offset) return Poison(offset.error());
  sequence_ += sequences;
  position_ += active_->writer->used_bytes() - used_before;
  AskAhead();
  return base::Location(active_->slot(), *offset);
}

Error LiveLog::Poison(const Error& cause) {
  room_changed.NotifyAll();
  work_changed.NotifyAll();
  if (!health_.is_poisoned()) room_.AddNews("no more writes until the store is opened again: " + cause.ToString());
  return health_.Poison(cause);
}

// Keeps one step of room ahead of the writers, and the next segment once the active one is half full.
void LiveLog::AskAhead() {
  if (room_.IsFailing(Job::kRoom) || reserve_ != ReserveState::kHeld) return;
  const log::SegmentWriter& writer = *active_->writer;
  const std::uint64_t used = writer.used_bytes();
  const std::uint64_t reserved = writer.reserved_bytes();
  const std::uint64_t step = log::SegmentWriter::StepBytes(writer.capacity_bytes(), reserved);
  const std::uint64_t ahead = std::max(std::min(reserved / 2, step), kRemovalReserveBytes + step / 4);
  const bool needs_extension = reserved < writer.capacity_bytes() && reserved - used < ahead;
  const bool needs_next = next_ == nullptr && used >= writer.capacity_bytes() / 2;
  if (needs_extension && wanted_.reserved_bytes <= reserved) {
    wanted_.reserved_bytes = reserved + 1;
    work_changed.NotifyAll();
  }
  if (needs_next && wanted_.next_bytes == 0) {
    wanted_.next_bytes = log::kSegmentHeaderBytes + 1;
    work_changed.NotifyAll();
  }
}

void LiveLog::Roll() {
  active_->last_sequence = sequence_;
  sealing_.push_back(std::exchange(active_, std::exchange(next_, nullptr)));
  wanted_.reserved_bytes = 0;
  work_changed.NotifyAll();
}

SpaceUse LiveLog::Use() const {
  const SegmentAccounts::Totals& totals = accounts_.totals();
  return {.disk_bytes = totals.disk_bytes,
          .live_bytes = totals.live_bytes,
          .segment_bytes = active_->writer->capacity_bytes(),
          .ahead_bytes = BytesAhead(),
          .output_bytes = output_to_come_bytes_};
}

// How long who writes `bytes` should wait first, so that compaction keeps up before the bound is reached. What the run
// has earned counts as free, so that writers go at an even pace from its beginning to its end; but the bound is near
// where it is near.
std::optional<WritePace::Clock::time_point> LiveLog::Charge(std::uint64_t bytes) {
  const SpaceUse use = Use();
  const std::int64_t head_start = bound_.HeadStart(use);
  const std::int64_t really_free = bound_.Headroom(use);
  if (really_free >= head_start || HasNothingToGain() || room_.IsFailing(Job::kCompaction)) return std::nullopt;
  const std::int64_t earned = static_cast<std::int64_t>(coming_free_bytes_);
  const std::int64_t headroom = std::min(really_free + earned, kBoundIsNear * really_free);
  const double way = 1 - static_cast<double>(headroom) / static_cast<double>(head_start);
  return write_pace_.Charge(bytes, way, WritePace::Clock::now());
}

// What the maintainer may be taking at this moment, ahead of need.
std::uint64_t LiveLog::BytesAhead() const {
  const std::uint64_t reserved = active_->writer->reserved_bytes();
  const std::uint64_t capacity = active_->writer->capacity_bytes();
  const std::uint64_t step = log::SegmentWriter::StepBytes(capacity, reserved);
  const std::uint64_t next = next_ == nullptr ? log::SegmentWriter::FirstStepBytes(capacity) : 0;
  return std::min(step, capacity - reserved) + next;
}

// Compaction found nothing, and not much has become garbage since. A removal takes few bytes and may free many, so a
// full segment is not waited for.
bool LiveLog::HasNothingToGain() const {
  const std::uint64_t worthwhile = active_->writer->capacity_bytes() / SpaceBound::kSegmentsPerGain;
  return live_bytes_without_gain_ && accounts_.totals().sealed_live_bytes + worthwhile > *live_bytes_without_gain_;
}

// A segment that is still being sealed may hold the garbage that compaction does not find elsewhere.
bool LiveLog::MayGainSpace() const {
  if (room_.IsFailing(Job::kCompaction)) return false;
  return !HasNothingToGain() || (!sealing_.empty() && !room_.IsFailing(Job::kSeal));
}

// --- Committer ---

LiveLog::Unsynced LiveLog::UnsyncedSegments() const {
  Unsynced unsynced{.parts = {}, .position = position_};
  unsynced.parts.reserve(sealing_.size() + 1);
  for (const auto& segment : sealing_) unsynced.parts.push_back({segment, segment->writer->used_bytes()});
  unsynced.parts.push_back({active_, active_->writer->used_bytes()});
  return unsynced;
}

LiveLog::Unsynced LiveLog::BeginSync() {
  Unsynced unsynced = UnsyncedSegments();
  sync_pace_.NoteSync(position_);
  if (sync_pace_.NeedsFineRoom() && active_->IsInCoarseRoom()) LeaveCoarseRoom();
  return unsynced;
}

// Each segment begins with fine room, so the log goes on in the next one.
void LiveLog::LeaveCoarseRoom() {
  if (room_.IsFailing(Job::kRoom)) return;
  KVS_PROBE("log leaves coarse room");
  if (next_ != nullptr) return Roll();
  wanted_.next_bytes = std::max(wanted_.next_bytes, log::kSegmentHeaderBytes + 1);
  work_changed.NotifyAll();
}

// --- Maintainer ---

void LiveLog::FinishExtend(const Work& work, const Result<std::uint64_t>& reserved_bytes) {
  if (!reserved_bytes) return;
  if (work.grain == io::Grain::kCoarse) work.segment->NoteCoarseRoom();
  if (reserve_ != ReserveState::kHeld) work.segment->NoteRoomOfReserve();
  work.segment->writer->GrowTo(*reserved_bytes);
  accounts_.SetFileBytes(work.segment->slot(), *reserved_bytes);
}

std::shared_ptr<OpenSegment> LiveLog::WithdrawNext() { return std::exchange(next_, nullptr); }

void LiveLog::ReturnNext(std::shared_ptr<OpenSegment> withdrawn) { next_ = std::move(withdrawn); }

void LiveLog::FinishNext(std::unique_ptr<log::SegmentWriter> next, const OpenSegment* replaced) {
  const std::uint32_t slot = AddNewSegment(next->segment());
  if (replaced != nullptr) Retire(replaced->slot());
  next_ = std::make_shared<OpenSegment>(std::move(next), slot);
  if (reserve_ != ReserveState::kHeld) next_->NoteAllRoomOfReserve();
  wanted_.next_bytes = 0;
  room_changed.NotifyAll();
  compaction_wanted.NotifyAll();
}

void LiveLog::FinishSeal(std::shared_ptr<log::Segment> sealed, std::uint64_t hint_bytes) {
  const std::shared_ptr<OpenSegment> segment = sealing_.front();
  sealing_.pop_front();
  SealSegment(segment->slot(), std::move(sealed), hint_bytes);
  ForgetNothingToGain();
  room_changed.NotifyAll();
  compaction_wanted.NotifyAll();
}

// --- Compactor ---

// Near the bound, and on a full disk; and again after it failed.
bool LiveLog::IsCompactionDue() const {
  if (room_.IsFailing(Job::kCompaction)) return room_.MayBegin(Job::kCompaction, RoomState::Clock::now());
  if (MayGainAnything()) return true;
  if (HasNothingToGain()) return false;
  const SpaceUse use = Use();
  return bound_.Headroom(use) < bound_.HeadStart(use);
}

// Such that one output takes it, however the records grow by the longer form of their sequences.
std::uint64_t LiveLog::CopiedBytesMax() const {
  const std::uint64_t capacity = CapacityForNext();
  return capacity - capacity / 32;
}

std::uint64_t LiveLog::ClusteredBytesMax() const {
  const SpaceUse use = Use();
  const std::int64_t room = bound_.Headroom(use) - bound_.HeadStart(use);
  return std::max(CopiedBytesMax(), static_cast<std::uint64_t>(std::max<std::int64_t>(room, 0)));
}

void LiveLog::NoteRun(std::uint64_t freed_bytes, WritePace::Clock::duration duration) {
  coming_free_bytes_ = 0;
  output_to_come_bytes_ = SpaceUse::kUnknown;
  write_pace_.NoteGain(freed_bytes, duration);
}

void LiveLog::SetNothingToGain(bool any_gain) {
  live_bytes_without_gain_ = accounts_.totals().sealed_live_bytes;
  if (any_gain) live_bytes_without_any_gain_ = live_bytes_without_gain_;
  room_changed.NotifyAll();
}

void LiveLog::ForgetNothingToGain() {
  live_bytes_without_gain_.reset();
  live_bytes_without_any_gain_.reset();
}

// The next segment may take its first room from the reserve: to seal is a way out.
Status LiveLog::SealActive(const AppendLock::Held& held) {
  const RoomState::Ticket room = room_.NextAttempt(Job::kRoom);
  const RoomState::Ticket seal = room_.NextAttempt(Job::kSeal);
  room_.RetryNow();  // What could not be sealed before is tried again.
  work_changed.NotifyAll();
  std::shared_ptr<OpenSegment> last;
  if (active_->writer->used_bytes() > log::kSegmentHeaderBytes) last = active_;
  if (last == nullptr && !sealing_.empty()) last = sealing_.back();
  while (last != nullptr) {
    KVS_TRY(health_.Check());
    if (is_stopped_) return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
    KVS_PROBE_IF(room_.FailureSince(Job::kSeal, seal) != nullptr, "compaction on demand cannot seal");
    if (const Error* const failure = room_.FailureSince(Job::kSeal, seal)) return *failure;
    if (last == active_ && next_ != nullptr) Roll();
    if (last == active_) {
      KVS_PROBE_IF(room_.FailureSince(Job::kRoom, room) != nullptr,
                   "compaction on demand finds no room for a next segment");
      if (const Error* const failure = room_.FailureSince(Job::kRoom, room)) return *failure;
      wanted_.next_bytes = std::max(wanted_.next_bytes, log::kSegmentHeaderBytes + 1);
      wanted_.is_for_removal = true;
      work_changed.NotifyAll();
    } else if (std::find(sealing_.begin(), sealing_.end(), last) == sealing_.end()) {
      return Ok();
    }
    held.WaitFor(room_changed);
  }
  return Ok();
}

std::uint64_t LiveLog::CapacityForNext() const {
  const std::uint64_t proportional = base::RoundUp(accounts_.totals().live_bytes / 8, std::uint64_t{1} << 20);
  return std::min(options_.segment_bytes, std::max(kSegmentBytesMin, proportional));
}

void LiveLog::Retire(std::uint32_t slot) {
  std::shared_ptr<log::Segment> segment = accounts_.Close(slot);
  retired_.push_back({epochs_.EndEpoch(), slot, std::move(segment)});
  ForgetNothingToGain();
  room_.RetryNow();  // There may be room again.
  room_changed.NotifyAll();
  work_changed.NotifyAll();
}

std::vector<std::shared_ptr<log::Segment>> LiveLog::TakeUnreachable() {
  std::vector<std::shared_ptr<log::Segment>> unreachable;
  if (retired_.empty()) return unreachable;
  const std::uint64_t oldest_pinned = epochs_.OldestPinned();
  std::erase_if(retired_, [&](Retired& retired) KVS_NO_THREAD_SAFETY_ANALYSIS {
    KVS_PROBE_IF(retired.epoch >= oldest_pinned, "reader holds back a retired segment");
    if (retired.epoch >= oldest_pinned) return false;
    if (retired.slot) {
      slots_.Set(*retired.slot, nullptr);
      accounts_.FreeSlot(*retired.slot);
    }
    unreachable.push_back(std::move(retired.segment));
    return true;
  });
  return unreachable;
}

void LiveLog::Stop() {
  const AppendLock::Held held(lock);
  is_stopped_ = true;
  room_changed.NotifyAll();
  work_changed.NotifyAll();
  compaction_wanted.NotifyAll();
}

}  // namespace kvs::store
