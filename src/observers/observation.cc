#include "observers/observation.h"

#include <algorithm>
#include <limits>
#include <string>

#include "observers/pub_sub.h"

namespace kvs::server {
namespace {

// Commands that take less than this are not found by the kernel's ticks.
constexpr std::int64_t kCoarseEnoughUs = 10'000;
constexpr std::size_t kAnnouncedMax = 1'024;  // In one look of a loop; it looks again after its clients had a turn.
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

void Observation::Configure(const ObservationSettings& settings) {
  constexpr auto kSomewhere =
      static_cast<std::uint32_t>(EventClass::kKeyspace) | static_cast<std::uint32_t>(EventClass::kKeyevent);
  events.set_classes((settings.event_classes & kSomewhere) == 0 ? 0 : settings.event_classes);
  if (events.wants(EventClass::kExpired)) expired_events.Start();
  slow_log.Configure(settings.slow_log_from_us, settings.slow_log_length_max);
  latency.set_threshold_ms(settings.latency_threshold_ms);
  std::int64_t noted_from_us = settings.slow_log_from_us >= 0 ? settings.slow_log_from_us : kNever;
  const std::int64_t threshold_ms = latency.threshold_ms();
  if (threshold_ms > 0 && threshold_ms < kNever / 1'000) noted_from_us = std::min(noted_from_us, threshold_ms * 1'000);
  noted_from_us_.store(noted_from_us, std::memory_order_relaxed);  // R1
  observers.Set(Observers::kTiming, noted_from_us < kCoarseEnoughUs);
  tracking.set_keys_max(settings.tracked_keys_max);
  Update();
}

void Observation::Update() {
  const sync::MutexLock lock(mutex_);
  observers.Set(Observers::kEvents, events.is_on());
  const bool has_listeners = observers.has(Observers::kTracking);
  observers.Set(Observers::kExpiries, has_listeners);
  watches_.set_is_listened(has_listeners);
  if (!has_listeners) expiries.Clear();
}

void Observation::OnWrite(std::string_view key, std::uint64_t expiry_ms, std::uint64_t writer) {
  const std::uint32_t bits = observers.bits();
  if ((bits & Observers::kExpiries) != 0) expiries.Note(key, expiry_ms);
  if ((bits & Observers::kTracking) != 0) tracking.Invalidate(key, writer);
}

void Observation::OnClear() {
  expiries.Clear();
  if (observers.has(Observers::kTracking)) tracking.InvalidateAll();
}

std::chrono::steady_clock::time_point Observation::NextLook(std::chrono::steady_clock::time_point now) const {
  constexpr std::uint64_t kFarMs = 3'600'000;
  auto next = observers.has(Observers::kAlarms) ? alarms.next() : std::chrono::steady_clock::time_point::max();
  const std::uint64_t expiry_ms = expiries.next_ms();
  if (expiry_ms == Expiries::kNever)
    return next == std::chrono::steady_clock::time_point::max() ? now + std::chrono::milliseconds(kFarMs) : next;
  const std::uint64_t now_ms = engine_.NowMs();
  const std::uint64_t left_ms = expiry_ms > now_ms ? std::min(expiry_ms - now_ms, kFarMs) : 0;
  return std::min(next, now + std::chrono::milliseconds(left_ms));
}

void Observation::Look(std::chrono::steady_clock::time_point now) {
  if (observers.has(Observers::kAlarms) && alarms.next() <= now) alarms.RingDue(now);
  if (expiries.next_ms() == Expiries::kNever || expiries.next_ms() > engine_.NowMs()) return;
  const sync::Gate::Shared pass(gate_);
  for (const std::string& key : expiries.TakeDue(engine_.NowMs(), kAnnouncedMax)) Announce(key);
  tracking.SendBroadcasts();
}

void Observation::OnExpired(std::string_view key) {
  if (events.wants(EventClass::kExpired)) expired_events.Add(key);
}

// A key may have been given another expiry while this one was noted.
void Observation::Announce(const std::string& key) {
  std::uint64_t expiry_ms = kNoExpiry;
  const Result<bool> found = engine_.ReadEntry(key, [&](const Entry& entry) { expiry_ms = entry.expiry_ms; });
  if (!found) return;
  if (*found) {
    expiries.Note(key, expiry_ms);
    return;
  }
  if (observers.has(Observers::kTracking)) tracking.Invalidate(key, 0);
}

}  // namespace kvs::server
