// WritePace: slows writers down, in small steps, as the garbage nears its bound.
//
// Design      Each byte has a price in time, and the writer owes it. The price is the time that compaction needed
//             lately to free a byte, times d / (1 - d), where d is the part of the way from compaction's start to the
//             bound. So the price is nothing at first and has no limit at the end. In the middle writers keep step
//             with compaction. A writer waits only once the debt is worth it, and never long at a time. The next
//             writers take over the rest of the debt.
// Threads     None of its own: the SpaceGovernor guards it with the append lock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/tunable.h"

namespace kvs::store {

class WritePace {
 public:
  using Clock = std::chrono::steady_clock;
  using Nanoseconds = std::chrono::duration<double, std::nano>;

  KVS_TUNABLE(std::chrono::microseconds, kStepMin, 400, 100, 400);  // Shorter ones are more wakings for the same.
  KVS_TUNABLE(std::chrono::microseconds, kStepMax, 800, 400, 4'000);

  // Compaction freed `bytes` in `duration`.
  void NoteGain(std::uint64_t bytes, Clock::duration duration) {
    if (bytes == 0) return;
    const double price = Nanoseconds(duration).count() / static_cast<double>(bytes);
    freeing_ns_per_byte_ = std::clamp((freeing_ns_per_byte_ + price) / 2, kPriceMin, kPriceMax);
  }

  // How long a writer of `bytes` must wait at `now` before it writes; zero: not at all. `way`: how far it is from
  // compaction's start (0) to the bound (1).
  Clock::duration ThrottleDelay(std::uint64_t bytes, double way, Clock::time_point now) {
    const double d = std::clamp(way, 0.0, kWayMax);
    const double owed = static_cast<double>(bytes) * freeing_ns_per_byte_ * d / (1 - d);
    paid_until_ = std::max(paid_until_, now) + std::chrono::duration_cast<Clock::duration>(Nanoseconds(owed));
    paid_until_ = std::min(paid_until_, now + kDebtMax);
    const Clock::duration delay = paid_until_ - now;
    return delay < kStepMin ? Clock::duration::zero() : std::min<Clock::duration>(delay, kStepMax);
  }

 private:
  static constexpr double kWayMax = 0.98;
  static constexpr double kPriceMin = 0.1;  // Nanoseconds a byte: 10 GB/s, and 10 MB/s.
  static constexpr double kPriceMax = 100;
  KVS_TUNABLE(std::chrono::milliseconds, kDebtMax, 5, 1, 20);

  double freeing_ns_per_byte_ = 3;
  Clock::time_point paid_until_{};  // The writers of all bytes so far have waited enough by then.
};

}  // namespace kvs::store
