// LogTail, the part that makes room at the end of the log and tells the maintainer what to do for it.
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "base/tunable.h"
#include "store/tail/log_tail.h"

namespace kvs::store {
namespace {

// A writer waits up to this long for the next attempt to take room. If it is later than that, the writer is refused.
KVS_TUNABLE(std::chrono::milliseconds, kPatience, 10, 1, 100);

using Job = RoomState::Job;

}  // namespace

// --- Writers ---

Status LogTail::MakeRoom(const AppendLock::Held& held, std::uint64_t bytes, Purpose purpose) {
  Asking asking{.bytes = bytes, .purpose = purpose};
  bool is_paid = purpose != Purpose::kStore;  // Removals are never slowed down: they free space.
  while (true) {
    KVS_TRY(space_.CheckWritable(held));
    KVS_TRY(space_.HoldSpareMemory(held));
    if (space_.MustWaitForCompaction(held)) {
      KVS_PROBE("writer waits for compaction");
      space_.compaction_wanted.NotifyAll();
    } else if (FitsNow(bytes, purpose)) {
      if (std::exchange(is_paid, true)) return Ok();
      const auto delay = space_.ThrottleDelay(held, bytes);
      if (delay == delay.zero()) return Ok();
      KVS_PROBE("writer is slowed down");
      held.WaitUntil(space_.pace_changed, WritePace::Clock::now() + delay);
      continue;
    } else if (auto refusal = Refusal(held, &asking)) {
      return *std::move(refusal);
    } else if (AskForRoom(held, asking) == Asked::kRolled) {
      continue;
    }
    KVS_PROBE("writer waits for room");
    held.WaitFor(space_.room_changed);
  }
}

// Only a removal may use room that came from the reserve. The last room is for removals too; a removal of an expired
// pair may use half of it, which is enough to let compaction begin. There is no last room while the active segment is
// fully reserved and the next one is ready.
bool LogTail::FitsNow(std::uint64_t bytes, Purpose purpose) const {
  const log::SegmentWriter& writer = *active_->writer;
  if (purpose == Purpose::kRemove) return writer.used_bytes() + bytes <= writer.reserved_bytes();
  const bool is_last_room = next_ == nullptr || writer.reserved_bytes() < writer.capacity_bytes();
  const std::uint64_t left_for_removals = purpose == Purpose::kExpire ? kRemovalReserveBytes / 2 : kRemovalReserveBytes;
  const std::uint64_t left = is_last_room ? left_for_removals : 0;
  return writer.used_bytes() + bytes + left <= std::min(writer.reserved_bytes(), active_->removals_from());
}

// A full store refuses a set if the next attempt is far away, because the store makes that attempt by itself. Otherwise
// the writer waits for an attempt that begins after it asked. If that fails, the writer is refused, with two
// exceptions. If the attempt was for a larger record, the writer asks for an attempt of its own. If compaction may gain
// anything, a removal still waits.
std::optional<Error> LogTail::Refusal(const AppendLock::Held& held, Asking* asking) {
  RoomState& room = space_.room(held);
  const bool stores = asking->purpose != Purpose::kRemove;
  if (!asking->ticket) {
    const auto retry_at = room.RetryAt(Job::kRoom);
    const bool is_far = retry_at && *retry_at > RoomState::Clock::now() + kPatience;
    const bool must_wait_for_run = space_.reserve(held) == ReserveState::kLent && room.is_full();
    KVS_PROBE_IF(stores && (is_far || must_wait_for_run), "full store refuses without an attempt");
    if (stores && (is_far || must_wait_for_run)) return room.cause();
    if (!stores) room.RetryNow(Job::kRoom);
    asking->ticket = room.NextAttempt(Job::kRoom);
    return std::nullopt;
  }
  const Error* const failure = room.FailureSince(Job::kRoom, *asking->ticket);
  if (failure == nullptr) return std::nullopt;
  if (tried_bytes_ > asking->bytes) {
    KVS_PROBE("smaller request asks for an attempt of its own");
    room.RetryNow(Job::kRoom);
    asking->ticket = room.NextAttempt(Job::kRoom);
    return std::nullopt;
  }
  const bool waits_for_compaction = !stores && space_.MayGainAnything(held);
  KVS_PROBE_IF(waits_for_compaction, "removal waits for compaction of a full store");
  if (waits_for_compaction) return std::nullopt;
  return *failure;
}

// A record that does not fit the active segment goes to the next one. If that is too small, a larger one is asked for.
LogTail::Asked LogTail::AskForRoom(const AppendLock::Held& held, const Asking& asking) {
  const log::SegmentWriter& writer = *active_->writer;
  const std::uint64_t capacity = writer.capacity_bytes();
  const std::uint64_t wanted_in_next = log::kSegmentHeaderBytes + asking.bytes + kRemovalReserveBytes;
  if (writer.used_bytes() + asking.bytes <= capacity && writer.reserved_bytes() < capacity) {
    const std::uint64_t wanted = std::min(capacity, writer.used_bytes() + asking.bytes + kRemovalReserveBytes);
    wanted_.reserved_bytes = std::max(wanted_.reserved_bytes, wanted);
  } else if (IsNextFor(wanted_in_next, asking.purpose)) {
    Roll(held);
    return Asked::kRolled;
  } else {
    KVS_PROBE_IF(next_ != nullptr, "prepared segment is too small");
    wanted_.next_bytes = std::max(wanted_.next_bytes, wanted_in_next);
  }
  wanted_.bytes = std::max(wanted_.bytes, asking.bytes);
  wanted_.is_for_removal = wanted_.is_for_removal || asking.purpose == Purpose::kRemove;
  space_.work_changed.NotifyAll();
  return Asked::kMustWait;
}

bool LogTail::IsNextFor(std::uint64_t bytes, Purpose purpose) const {
  if (next_ == nullptr || next_->writer->reserved_bytes() < bytes) return false;
  return purpose == Purpose::kRemove || next_->removals_from() >= bytes;
}

// --- Maintainer: the next work ---

// Without the reserve, only removals get new room. After a failure the store tries again although no writer asks, for
// the least room that writers need.
std::optional<LogTail::Work> LogTail::TakeRoomWork(const AppendLock::Held& held) {
  RoomState& room = space_.room(held);
  if (!room.MayBegin(Job::kRoom, RoomState::Clock::now())) return std::nullopt;
  std::optional<Work> work;
  if (wanted_.is_for_removal) work = WantedRoomWork(held);
  if (!work) {
    wanted_.is_for_removal = false;
    work = StoreRoomWork(held);
    if (!work) return std::nullopt;
    work->reserve_bytes = space_.ReserveBytes(held);
  }
  tried_bytes_ = wanted_.bytes;
  room.Begin(Job::kRoom);
  return work;
}

std::optional<LogTail::Work> LogTail::StoreRoomWork(const AppendLock::Held& held) {
  Work hold_reserve{Work::Kind::kHoldReserve, nullptr, 0, 0};
  const ReserveState reserve = space_.reserve(held);
  KVS_PROBE_IF(reserve == ReserveState::kLent, "room waits for the lent reserve");
  if (reserve == ReserveState::kLent) return std::nullopt;
  if (reserve == ReserveState::kGivenUp) return hold_reserve;
  std::optional<Work> work = WantedRoomWork(held);
  if (work || !space_.room(held).IsFailing(Job::kRoom)) return work;
  KVS_PROBE("full store asks for the least");
  AskForLeast();
  work = WantedRoomWork(held);
  return work ? work : hold_reserve;
}

std::optional<LogTail::Work> LogTail::WantedRoomWork(const AppendLock::Held& held) {
  if (wanted_.reserved_bytes > active_->writer->reserved_bytes()) {
    extending_ = active_;
    return Work{Work::Kind::kExtend, active_, wanted_.reserved_bytes, 0, sync_pace_.GrainAhead(position_)};
  }
  if (wanted_.next_bytes != 0) {
    const std::uint64_t capacity = space_.CapacityForNext(held);
    const std::uint64_t reserve = std::max(wanted_.next_bytes, log::SegmentWriter::FirstStepBytes(capacity));
    return Work{Work::Kind::kPrepareNext, nullptr, reserve, std::max(reserve, capacity)};
  }
  return std::nullopt;
}

void LogTail::AskForLeast() {
  const log::SegmentWriter& writer = *active_->writer;
  if (writer.reserved_bytes() < writer.capacity_bytes()) {
    wanted_.reserved_bytes = writer.reserved_bytes() + 1;
  } else if (next_ == nullptr) {
    wanted_.next_bytes = log::kSegmentHeaderBytes + 1;
  }
}

std::optional<LogTail::Work> LogTail::TakeSealWork(const AppendLock::Held& held) {
  if (sealing_.empty() || sealing_.front() == extending_) return std::nullopt;
  if (!space_.room(held).MayBegin(Job::kSeal, RoomState::Clock::now())) return std::nullopt;
  space_.room(held).Begin(Job::kSeal);
  return Work{Work::Kind::kSeal, sealing_.front(), 0, 0};
}

// --- Maintainer: finished work ---

// Writers that still wait ask again.
void LogTail::EndWork(const AppendLock::Held& held, RoomState::Job job, const Status& status) {
  if (job == Job::kRoom) {
    extending_ = nullptr;
    wanted_.is_for_removal = false;
    wanted_.bytes = 0;
    if (!status) wanted_ = {};
  }
  space_.EndAttempt(held, job, status);
}

void LogTail::FinishExtend(const AppendLock::Held& held, const Work& work,
                           const Result<std::uint64_t>& reserved_bytes) {
  if (!reserved_bytes) return;
  if (work.grain == io::Grain::kCoarse) work.segment->NoteCoarseRoom();
  if (space_.reserve(held) != ReserveState::kHeld) work.segment->NoteRoomOfReserve();
  work.segment->writer->GrowTo(*reserved_bytes);
  segments_.accounts(held).SetFileBytes(work.segment->slot(), *reserved_bytes);
  NoteShape(held);
}

std::shared_ptr<OpenSegment> LogTail::WithdrawNext(const AppendLock::Held& held) {
  std::shared_ptr<OpenSegment> withdrawn = std::exchange(next_, nullptr);
  NoteShape(held);
  return withdrawn;
}

void LogTail::ReturnNext(const AppendLock::Held& held, std::shared_ptr<OpenSegment> withdrawn) {
  next_ = std::move(withdrawn);
  NoteShape(held);
}

void LogTail::FinishNext(const AppendLock::Held& held, std::unique_ptr<log::SegmentWriter> next,
                         const OpenSegment* replaced) {
  const std::uint32_t slot = segments_.AddNew(held, next->segment());
  if (replaced != nullptr) {
    segments_.Retire(held, replaced->slot());
    space_.NoteRetired(held);
  }
  next_ = std::make_shared<OpenSegment>(std::move(next), slot);
  if (space_.reserve(held) != ReserveState::kHeld) next_->NoteAllRoomOfReserve();
  wanted_.next_bytes = 0;
  NoteShape(held);
  space_.room_changed.NotifyAll();
  space_.compaction_wanted.NotifyAll();
}

void LogTail::FinishSeal(const AppendLock::Held& held, std::shared_ptr<log::Segment> sealed, std::uint64_t hint_bytes) {
  const std::shared_ptr<OpenSegment> segment = sealing_.front();
  sealing_.pop_front();
  segments_.Seal(held, segment->slot(), std::move(sealed), hint_bytes);
  NoteShape(held);
  space_.NoteSealed(held);
}

void LogTail::NoteReserve(const AppendLock::Held& held, ReserveState state) {
  const ReserveState now = space_.NoteReserve(held, state);
  if (now != ReserveState::kHeld) return;
  active_->ForgetRoomOfReserve();
  if (next_ != nullptr) next_->ForgetRoomOfReserve();
}

}  // namespace kvs::store
