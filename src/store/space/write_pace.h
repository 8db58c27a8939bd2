// WritePace: slows writers down, in small steps, as the garbage nears its bound.
//
// Design      Each byte costs its writer time, which the writer owes. This price is the time that compaction lately
//             needed to free a byte, times d / (1 - d). Here d is the share of the way from compaction's start to the
//             bound. So the price is zero at first and grows without limit. Halfway, writers are as fast as compaction.
//             A writer waits only if the debt is worth a wait, and never long at a time. The next writers take over the
//             rest of the debt.
// Threads     None of its own: the SpaceGovernor guards it with the append lock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/tunable.h"
#include "sync/schedule.h"

namespace kvs::store {

class WritePace {
 public:
  using Clock = sync::SteadyClock;
  using Nanoseconds = std::chrono::duration<double, std::nano>;

  KVS_TUNABLE(std::chrono::microseconds, kStepMin, 400, 100, 400);  // Shorter waits only wake writers more often.
  KVS_TUNABLE(std::chrono::microseconds, kStepMax, 800, 400, 4'000);

  // Compaction freed `bytes` in `duration`.
  void NoteGain(std::uint64_t bytes, Clock::duration duration) {
    if (bytes == 0) return;
    const double price = Nanoseconds(duration).count() / static_cast<double>(bytes);
    freeing_ns_per_byte_ = std::clamp((freeing_ns_per_byte_ + price) / 2, kPriceMin, kPriceMax);
  }

  // How long a writer must wait at `now` before it writes `bytes`. way: in, from compaction's start (0) to the bound
  // (1).
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
  static constexpr double kPriceMin = 0.1;  // Nanoseconds per byte: 10 GB/s, and 10 MB/s.
  static constexpr double kPriceMax = 100;
  KVS_TUNABLE(std::chrono::milliseconds, kDebtMax, 5, 1, 20);

  double freeing_ns_per_byte_ = 3;
  Clock::time_point paid_until_{};  // By this time, writers have waited enough for all bytes so far.
};

}  // namespace kvs::store
