// WritePace: slows writers down, in small steps, as the garbage nears its bound.
//
// Design      Each byte has a price in time, and the writer owes it. The price is what compaction needed lately to
//             free a byte, times d / (1 - d), where d is how much of the way from compaction's start to the bound has
//             been gone: nothing at first, without limit at the end, and in the middle as much as compaction takes, so
//             that the two keep step there. A writer waits only once the debt is worth it, and never long at a time;
//             what it still owes then is left to the next writers.
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
