#include "store/space/space_governor.h"

#include <algorithm>
#include <bit>
#include <cerrno>

#include "base/probe.h"
#include "base/round_up.h"
#include "base/system_error.h"
#include "base/tunable.h"
#include "log/hint_file.h"

namespace kvs::store {
namespace {

// The pace of writers counts on at most this many times the headroom that is really free.
KVS_TUNABLE(std::int64_t, kBoundIsNear, 4, 1, 16);

KVS_TUNABLE(std::uint64_t, kReserveBytesMin, std::uint64_t{256} << 10, std::uint64_t{16} << 10, std::uint64_t{1} << 20);

using Job = RoomState::Job;

}  // namespace

// --- Writers ---

// Space that the run has earned counts as free, so the pace of writers is even from its beginning to its end. But if
// little is really free, the bound is near.
WritePace::Clock::duration SpaceGovernor::ThrottleDelay(const AppendLock::Held& held, std::uint64_t bytes) {
  const SpaceUse use = Use(held);
  const std::int64_t head_start = bound_.HeadStart(use);
  const std::int64_t really_free = bound_.Headroom(use);
  if (really_free >= head_start || HasNothingToGain(held) || room_.IsFailing(Job::kCompaction)) return {};
  const std::int64_t earned = static_cast<std::int64_t>(coming_free_bytes_);
  const std::int64_t headroom = std::min(really_free + earned, kBoundIsNear * really_free);
  const double way = 1 - static_cast<double>(headroom) / static_cast<double>(head_start);
  return write_pace_.ThrottleDelay(bytes, way, WritePace::Clock::now());
}

Status SpaceGovernor::TakeSpareMemory(std::size_t pages) {
  if (spare_memory_.Hold(pages)) return Ok();
  KVS_PROBE("no spare memory for the index");
  return base::SystemError("no memory is left for the index of what would be written; nothing was written", ENOMEM);
}

Error SpaceGovernor::Poison(const AppendLock::Held&, const Error& cause) {
  room_changed.NotifyAll();
  work_changed.NotifyAll();
  if (!health_.is_poisoned()) room_.AddNews("no more writes until the store is opened again: " + cause.ToString());
  return health_.Poison(cause);
}

void SpaceGovernor::Stop(const AppendLock::Held&) {
  is_stopped_ = true;
  room_changed.NotifyAll();
  work_changed.NotifyAll();
  compaction_wanted.NotifyAll();
}

// --- Tail of the log ---

void SpaceGovernor::EndAttempt(const AppendLock::Held&, RoomState::Job job, const Status& status) {
  room_.End(job, status, RoomState::Clock::now());
  room_changed.NotifyAll();
  work_changed.NotifyAll();
  if (!status) compaction_wanted.NotifyAll();
}

void SpaceGovernor::NoteSealed(const AppendLock::Held&) {
  ForgetNothingToGain();
  room_changed.NotifyAll();
  compaction_wanted.NotifyAll();
}

void SpaceGovernor::NoteRetired(const AppendLock::Held&) {
  ForgetNothingToGain();
  room_.RetryNow();
  room_changed.NotifyAll();
  work_changed.NotifyAll();
}

std::uint64_t SpaceGovernor::CapacityForNext(const AppendLock::Held& held) const {
  const std::uint64_t live_bytes = segments_.accounts(held).totals().live_bytes;
  const std::uint64_t proportional = base::RoundUp(live_bytes / 8, std::uint64_t{1} << 20);
  return std::min(options_.segment_bytes, std::max(kSegmentBytesMin, proportional));
}

std::uint64_t SpaceGovernor::ReserveBytes(const AppendLock::Held& held) const {
  const std::uint64_t live_bytes = segments_.accounts(held).totals().live_bytes;
  const std::uint64_t output = std::min(CapacityForNext(held), std::bit_ceil(live_bytes));
  return std::max(kReserveBytesMin, output + output / log::kSegmentBytesPerHintByte);
}

ReserveState SpaceGovernor::NoteReserve(const AppendLock::Held&, ReserveState state) {
  const bool was_lent_meanwhile = reserve_ == ReserveState::kLent && state == ReserveState::kHeld;
  KVS_PROBE_IF(was_lent_meanwhile, "reserve was lent while it was being held");
  if (was_lent_meanwhile) return reserve_;
  reserve_ = state;
  room_changed.NotifyAll();
  work_changed.NotifyAll();
  return reserve_;
}

// --- The gain of compaction ---

// True if compaction found nothing to gain and little has become garbage since. It looks again long before that is a
// whole segment, because a removal takes few bytes and may free many.
bool SpaceGovernor::HasNothingToGain(const AppendLock::Held& held) const {
  const std::uint64_t worthwhile = tail_.segment_bytes / SpaceBound::kSegmentsPerGain;
  return live_bytes_without_gain_ &&
         segments_.accounts(held).totals().sealed_live_bytes + worthwhile > *live_bytes_without_gain_;
}

// A segment that is still being sealed may hold garbage that compaction does not find elsewhere.
bool SpaceGovernor::MayGainSpace(const AppendLock::Held& held) const {
  if (room_.IsFailing(Job::kCompaction)) return false;
  return !HasNothingToGain(held) || (tail_.is_sealing && !room_.IsFailing(Job::kSeal));
}

bool SpaceGovernor::MayGainAnything(const AppendLock::Held& held) const {
  if (!room_.is_full() || room_.IsFailing(Job::kCompaction)) return false;
  const std::uint64_t live_bytes = segments_.accounts(held).totals().sealed_live_bytes;
  const bool found_none = live_bytes_without_any_gain_ && live_bytes + kGainBytesMin > *live_bytes_without_any_gain_;
  return !found_none || HasGarbageInActive(held) || (tail_.is_sealing && !room_.IsFailing(Job::kSeal));
}

bool SpaceGovernor::HasGarbageInActive(const AppendLock::Held& held) const {
  return room_.is_full() && segments_.accounts(held)[tail_.active_slot].dead_bytes >= kGainBytesMin;
}

void SpaceGovernor::NoteNothingToGain(const AppendLock::Held& held, Gain gain) {
  live_bytes_without_gain_ = segments_.accounts(held).totals().sealed_live_bytes;
  if (gain == Gain::kAny) live_bytes_without_any_gain_ = live_bytes_without_gain_;
  room_changed.NotifyAll();
}

void SpaceGovernor::ForgetNothingToGain() {
  live_bytes_without_gain_.reset();
  live_bytes_without_any_gain_.reset();
}

// --- Compactor ---

// Compaction is due near the bound, on a full disk, and again some time after it failed.
bool SpaceGovernor::IsCompactionDue(const AppendLock::Held& held) const {
  if (room_.IsFailing(Job::kCompaction)) return room_.MayBegin(Job::kCompaction, RoomState::Clock::now());
  if (MayGainAnything(held)) return true;
  if (HasNothingToGain(held)) return false;
  const SpaceUse use = Use(held);
  return bound_.Headroom(use) < bound_.HeadStart(use);
}

// One output has room for this much, even if the copied records grow because their sequences take more bytes.
std::uint64_t SpaceGovernor::CopiedBytesMax(const AppendLock::Held& held) const {
  const std::uint64_t capacity = CapacityForNext(held);
  return capacity - capacity / 32;
}

std::uint64_t SpaceGovernor::ClusteredBytesMax(const AppendLock::Held& held) const {
  const SpaceUse use = Use(held);
  const std::int64_t room = bound_.Headroom(use) - bound_.HeadStart(use);
  return std::max(CopiedBytesMax(held), static_cast<std::uint64_t>(std::max<std::int64_t>(room, 0)));
}

void SpaceGovernor::NoteRun(const AppendLock::Held&, std::uint64_t freed_bytes, WritePace::Clock::duration duration) {
  coming_free_bytes_ = 0;
  output_to_come_bytes_ = SpaceUse::kUnknown;
  write_pace_.NoteGain(freed_bytes, duration);
}

}  // namespace kvs::store
