#include "store/expiry/expiry_clock.h"

#include <time.h>

#include <algorithm>
#include <cstdlib>

#include "base/probe.h"
#include "io/file_system.h"

namespace kvs::store {
namespace {

constexpr std::int64_t kTickMs = 5;                       // A smaller difference is not worth a correction.
constexpr std::int64_t kLookEveryMs = 1'000;              // If there is no difference.
constexpr std::int64_t kSlewShare = 10;                   // The system corrects the wall clock by at most a tenth.
constexpr std::uint64_t kFarMs = std::uint64_t{1} << 62;  // From here on no difference between the clocks matters.

std::int64_t ReadClock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000 + now.tv_nsec / 1'000'000;
}

std::uint64_t FromZero(std::int64_t ms) { return static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)); }

// Moves the end of a span. Never returns 0, which means no expiry.
Expiry MovedBy(Expiry expiry, std::int64_t ms) {
  if (expiry == kNoExpiry || expiry.kind() == ExpiryKind::kPoint || expiry >= kFarMs) return expiry;
  const std::int64_t moved = static_cast<std::int64_t>(std::uint64_t{expiry}) + ms;
  return {static_cast<std::uint64_t>(std::max<std::int64_t>(moved, 1)), expiry.kind()};
}

}  // namespace

ExpiryClock::Sources ExpiryClock::SystemSources() {
  return {.wall = [] { return ReadClock(CLOCK_REALTIME); },
          .steady = [] { return ReadClock(CLOCK_BOOTTIME); },
          .boot = [] { return io::BootNumber(); }};
}

void ExpiryClock::Start(const std::optional<log::ClockFile>& saved) {
  const sync::MutexLock lock(mutex_);
  const std::int64_t wall = sources_.wall();
  const std::int64_t steady = sources_.steady();
  saved_ = saved;
  std::int64_t span = wall;
  std::int64_t offset = 0;
  if (saved) {
    const std::uint64_t boot = sources_.boot();
    const bool is_same_boot = boot != 0 && saved->boot == boot && steady + saved->anchor_ms >= saved->span_ms;
    span = is_same_boot ? steady + saved->anchor_ms : std::max(wall - saved->offset_ms, saved->span_ms);
    if (!is_same_boot && wall - saved->offset_ms < saved->span_ms) former_offset_ = saved->offset_ms;
    offset = saved->offset_ms;
  }
  anchor_.store(span - steady, std::memory_order_relaxed);  // R1
  offset_.store(offset, std::memory_order_relaxed);         // R1
  checked_at_.store(steady, std::memory_order_relaxed);     // R1
  const std::int64_t error = wall - span - offset;
  if (std::abs(error) > kStepMs) NoteStep(error, wall, steady);
  offset_.store(wall - SpanAt(steady), std::memory_order_relaxed);  // R1
}

std::uint64_t ExpiryClock::PointMs() const { return FromZero(sources_.wall()); }

std::uint64_t ExpiryClock::SpanMs() const { return FromZero(SpanAt(sources_.steady())); }

std::uint64_t ExpiryClock::NowMs() {
  Check();
  return PointMs();
}

Expiry ExpiryClock::StoredOf(Expiry shown) const {
  if (shown.span_end_ms() != 0) return {shown.span_end_ms(), shown.kind()};
  return MovedBy(shown, -offset_.load(std::memory_order_relaxed));  // R1
}

Expiry ExpiryClock::ShownOf(Expiry stored) const {
  const Expiry shown = MovedBy(stored, offset_.load(std::memory_order_relaxed));  // R1
  return {shown, stored.kind(), stored};
}

// --- Steps of the wall clock ---

void ExpiryClock::Check() {
  const auto error_of = [this](std::int64_t wall, std::int64_t steady) {
    return wall - SpanAt(steady) - offset_.load(std::memory_order_relaxed);  // R1
  };
  const std::int64_t first_look = sources_.steady();
  const bool is_new_look = first_look - checked_at_.load(std::memory_order_relaxed) >= kLookEveryMs;  // R1
  if (!is_new_look && std::abs(error_of(sources_.wall(), first_look)) < kTickMs) return;
  const sync::MutexLock lock(mutex_);
  const std::int64_t wall = sources_.wall();
  const std::int64_t steady = sources_.steady();
  const std::int64_t elapsed = steady - checked_at_.load(std::memory_order_relaxed);  // R1
  checked_at_.store(steady, std::memory_order_relaxed);                               // R1
  const std::int64_t error = error_of(wall, steady);
  if (std::abs(error) < kTickMs) return;
  if (std::abs(error) > kStepMs + elapsed / kSlewShare) NoteStep(error, wall, steady);
  offset_.store(wall - SpanAt(steady), std::memory_order_relaxed);  // R1
}

// If the wall clock was not set after a boot, its first step forward tells how long the machine was off.
void ExpiryClock::NoteStep(std::int64_t step_ms, std::int64_t wall, std::int64_t steady) {
  steps_.fetch_add(1, std::memory_order_relaxed);  // R1
  unreported_steps_.count += 1;
  unreported_steps_.sum_ms += step_ms;
  if (!former_offset_ || step_ms < 0) return;
  KVS_PROBE("step tells how long the machine was off");
  const std::int64_t span = std::max(SpanAt(steady), wall - *former_offset_);
  anchor_.store(span - steady, std::memory_order_relaxed);  // R1
  former_offset_.reset();
}

ExpiryClock::Steps ExpiryClock::TakeSteps() {
  Check();
  const sync::MutexLock lock(mutex_);
  return std::exchange(unreported_steps_, {});
}

// --- What is saved ---

log::ClockFile ExpiryClock::SnapshotLocked() const {
  const std::int64_t anchor = anchor_.load(std::memory_order_relaxed);  // R1
  return {.boot = sources_.boot(),
          .anchor_ms = anchor,
          .offset_ms = former_offset_.value_or(offset_.load(std::memory_order_relaxed)),  // R1
          .span_ms = sources_.steady() + anchor};
}

log::ClockFile ExpiryClock::Snapshot() const {
  const sync::MutexLock lock(mutex_);
  return SnapshotLocked();
}

void ExpiryClock::NoteSaved() {
  const sync::MutexLock lock(mutex_);
  saved_ = SnapshotLocked();
}

bool ExpiryClock::NeedsSaving() const {
  const sync::MutexLock lock(mutex_);
  const log::ClockFile now = SnapshotLocked();
  return !saved_ || saved_->boot != now.boot || saved_->anchor_ms != now.anchor_ms ||
         std::abs(saved_->offset_ms - now.offset_ms) > kStepMs / 2;
}

}  // namespace kvs::store
