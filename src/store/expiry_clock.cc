#include "store/expiry_clock.h"

#include <time.h>

#include <algorithm>

namespace kvs::store {
namespace {

constexpr std::int64_t kCorrectionEveryMs = 100;
constexpr std::int64_t kDriftShare = 10;  // The correction is at most elapsed time / kDriftShare.

std::int64_t ReadClock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000 + now.tv_nsec / 1'000'000;
}

}  // namespace

ExpiryClock::Sources ExpiryClock::SystemSources() {
  return {.wall = [] { return ReadClock(CLOCK_REALTIME); }, .steady = [] { return ReadClock(CLOCK_BOOTTIME); }};
}

ExpiryClock::ExpiryClock(const Sources& sources)
    : sources_(sources), offset_(sources.wall() - sources.steady()), corrected_at_(sources.steady()), last_(0) {}

std::uint64_t ExpiryClock::NowMs() {
  const std::int64_t steady = sources_.steady();
  if (steady - corrected_at_.load(std::memory_order_relaxed) >= kCorrectionEveryMs) Correct(steady);  // R1
  const std::int64_t now = steady + offset_.load(std::memory_order_relaxed);                          // R1
  std::int64_t last = last_.load(std::memory_order_relaxed);                                          // R1
  while (last < now && !last_.compare_exchange_weak(last, now, std::memory_order_relaxed)) {          // R1
  }
  return static_cast<std::uint64_t>(std::max({last, now, std::int64_t{0}}));  // Before 1970 nothing expires.
}

// Of several threads that come at once, one corrects.
void ExpiryClock::Correct(std::int64_t steady) {
  std::int64_t corrected_at = corrected_at_.load(std::memory_order_relaxed);  // R1
  const std::int64_t elapsed = steady - corrected_at;
  if (elapsed < kCorrectionEveryMs) return;
  if (!corrected_at_.compare_exchange_strong(corrected_at, steady, std::memory_order_relaxed)) return;  // R1
  const std::int64_t error = sources_.wall() - (steady + offset_.load(std::memory_order_relaxed));      // R1
  const std::int64_t correction_max = elapsed / kDriftShare;
  offset_.fetch_add(std::clamp(error, -correction_max, correction_max), std::memory_order_relaxed);  // R1
}

}  // namespace kvs::store
