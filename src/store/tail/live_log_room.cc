// LiveLog, the part that asks for room at the end of the log, and says what the maintainer is to do about it.
#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "base/probe.h"
#include "base/tunable.h"
#include "store/tail/live_log.h"

namespace kvs::store {
namespace {

// So long a writer waits for the next attempt to take room rather than be refused.
KVS_TUNABLE(std::chrono::milliseconds, kPatience, 10, 1, 100);

KVS_TUNABLE(std::uint64_t, kReserveBytesMin, std::uint64_t{256} << 10, std::uint64_t{16} << 10, std::uint64_t{1} << 20);

using Job = RoomState::Job;

}  // namespace

// --- Writers ---

// A full store refuses what stores while the next attempt is far: that it tries by itself. Else the writer learns how
// the attempt ended that began after it asked, if that was for no more than the writer needs.
std::optional<Error> LiveLog::Refusal(Asking* asking) {
  const bool stores = asking->purpose != Purpose::kRemove;
  if (!asking->ticket) {
    const auto retry_at = room_.RetryAt(Job::kRoom);
    const bool is_far = retry_at && *retry_at > RoomState::Clock::now() + kPatience;
    const bool must_wait_for_run = reserve_ == ReserveState::kLent && room_.is_full();
    KVS_PROBE_IF(stores && (is_far || must_wait_for_run), "full store refuses without an attempt");
    if (stores && (is_far || must_wait_for_run)) return room_.cause();
    if (!stores) room_.RetryNow(Job::kRoom);
    asking->ticket = room_.NextAttempt(Job::kRoom);
    return std::nullopt;
  }
  const Error* const failure = room_.FailureSince(Job::kRoom, *asking->ticket);
  if (failure == nullptr) return std::nullopt;
  if (tried_bytes_ > asking->bytes) {
    KVS_PROBE("smaller request asks for an attempt of its own");
    room_.RetryNow(Job::kRoom);
    asking->ticket = room_.NextAttempt(Job::kRoom);
    return std::nullopt;
  }
  KVS_PROBE_IF(!stores && MayGainAnything(), "removal waits for compaction of a full store");
  if (!stores && MayGainAnything()) return std::nullopt;
  return *failure;
}

// A record that does not fit the active segment goes to the next; that one is made to measure where it must be.
bool LiveLog::AskForRoom(const Asking& asking) {
  const log::SegmentWriter& writer = *active_->writer;
  const std::uint64_t capacity = writer.capacity_bytes();
  const std::uint64_t wanted_in_next = log::kSegmentHeaderBytes + asking.bytes + kRemovalReserveBytes;
  if (writer.used_bytes() + asking.bytes <= capacity && writer.reserved_bytes() < capacity) {
    const std::uint64_t wanted = std::min(capacity, writer.used_bytes() + asking.bytes + kRemovalReserveBytes);
    wanted_.reserved_bytes = std::max(wanted_.reserved_bytes, wanted);
  } else if (IsNextFor(wanted_in_next, asking.purpose)) {
    Roll();
    return true;
  } else {
    KVS_PROBE_IF(next_ != nullptr, "prepared segment is too small");
    wanted_.next_bytes = std::max(wanted_.next_bytes, wanted_in_next);
  }
  wanted_.bytes = std::max(wanted_.bytes, asking.bytes);
  wanted_.is_for_removal = wanted_.is_for_removal || asking.purpose == Purpose::kRemove;
  work_changed.NotifyAll();
  return false;
}

bool LiveLog::IsNextFor(std::uint64_t bytes, Purpose purpose) const {
  if (next_ == nullptr || next_->writer->reserved_bytes() < bytes) return false;
  return purpose == Purpose::kRemove || next_->removals_from() >= bytes;
}

// --- Maintainer ---

// Without the reserve only removals get new room. What failed is tried again though nobody asks, with the least that
// writers need.
std::optional<LiveLog::Work> LiveLog::TakeRoomWork() {
  if (!room_.MayBegin(Job::kRoom, RoomState::Clock::now())) return std::nullopt;
  std::optional<Work> work;
  if (wanted_.is_for_removal) work = WantedRoomWork();
  if (!work) {
    wanted_.is_for_removal = false;
    work = StoreRoomWork();
    if (!work) return std::nullopt;
    work->reserve_bytes = ReserveBytes();
  }
  tried_bytes_ = wanted_.bytes;
  room_.Begin(Job::kRoom);
  return work;
}

std::optional<LiveLog::Work> LiveLog::StoreRoomWork() {
  const Work hold_reserve{Work::Kind::kHoldReserve, nullptr, 0, 0};
  KVS_PROBE_IF(reserve_ == ReserveState::kLent, "room waits for the lent reserve");
  if (reserve_ == ReserveState::kLent) return std::nullopt;
  if (reserve_ == ReserveState::kGivenUp) return hold_reserve;
  std::optional<Work> work = WantedRoomWork();
  if (work || !room_.IsFailing(Job::kRoom)) return work;
  KVS_PROBE("full store asks for the least");
  AskForLeast();
  work = WantedRoomWork();
  return work ? work : hold_reserve;
}

std::optional<LiveLog::Work> LiveLog::WantedRoomWork() {
  if (wanted_.reserved_bytes > active_->writer->reserved_bytes()) {
    extending_ = active_;
    return Work{Work::Kind::kExtend, active_, wanted_.reserved_bytes, 0, sync_pace_.GrainAhead(position_)};
  }
  if (wanted_.next_bytes != 0) {
    const std::uint64_t capacity = CapacityForNext();
    const std::uint64_t reserve = std::max(wanted_.next_bytes, log::SegmentWriter::FirstStepBytes(capacity));
    return Work{Work::Kind::kPrepareNext, nullptr, reserve, std::max(reserve, capacity)};
  }
  return std::nullopt;
}

void LiveLog::AskForLeast() {
  const log::SegmentWriter& writer = *active_->writer;
  if (writer.reserved_bytes() < writer.capacity_bytes()) {
    wanted_.reserved_bytes = writer.reserved_bytes() + 1;
  } else if (next_ == nullptr) {
    wanted_.next_bytes = log::kSegmentHeaderBytes + 1;
  }
}

std::optional<LiveLog::Work> LiveLog::TakeSealWork() {
  if (sealing_.empty() || sealing_.front() == extending_) return std::nullopt;
  if (!room_.MayBegin(Job::kSeal, RoomState::Clock::now())) return std::nullopt;
  room_.Begin(Job::kSeal);
  return Work{Work::Kind::kSeal, sealing_.front(), 0, 0};
}

// Writers that still wait ask again.
void LiveLog::EndWork(RoomState::Job job, const Status& status) {
  room_.End(job, status, RoomState::Clock::now());
  if (job == Job::kRoom) {
    extending_ = nullptr;
    wanted_.is_for_removal = false;
    wanted_.bytes = 0;
    if (!status) wanted_ = {};
  }
  room_changed.NotifyAll();
  work_changed.NotifyAll();
  if (!status) compaction_wanted.NotifyAll();
}

std::uint64_t LiveLog::ReserveBytes() const {
  const std::uint64_t output = std::min(CapacityForNext(), std::bit_ceil(accounts_.totals().live_bytes));
  return std::max(kReserveBytesMin, output + output / log::kSegmentBytesPerHintByte);
}

void LiveLog::NoteReserve(ReserveState state) {
  KVS_PROBE_IF(reserve_ == ReserveState::kLent && state == ReserveState::kHeld,
               "reserve was lent while it was being held");
  if (reserve_ == ReserveState::kLent && state == ReserveState::kHeld) return;  // It was lent in the meantime.
  reserve_ = state;
  if (state == ReserveState::kHeld) {
    active_->ForgetRoomOfReserve();
    if (next_ != nullptr) next_->ForgetRoomOfReserve();
  }
  room_changed.NotifyAll();
  work_changed.NotifyAll();
}

// --- Compactor ---

// What a full store waits for: whether any segment holds garbage.
bool LiveLog::MayGainAnything() const {
  if (!room_.is_full() || room_.IsFailing(Job::kCompaction)) return false;
  const bool found_none = live_bytes_without_any_gain_ &&
                          accounts_.totals().sealed_live_bytes + kGainBytesMin > *live_bytes_without_any_gain_;
  return !found_none || HasGarbageInActive() || (!sealing_.empty() && !room_.IsFailing(Job::kSeal));
}

bool LiveLog::HasGarbageInActive() const {
  return room_.is_full() && accounts_[active_->slot()].dead_bytes >= kGainBytesMin;
}

}  // namespace kvs::store
