// Rates: recent figures per second.
//
// Design      The loops take a sample of the totals now and then, while they are awake. Of() compares the current
//             totals with the newest sample that is at least kWindow old, or with the oldest sample. A sleeping server
//             has nothing new to count.
// Threads     Call anything from any thread.
//
// Fences      R1  next_: relaxed. A hint for when to sample.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "sync/mutex.h"

namespace kvs::server {

class Rates {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kBetweenSamples{100};
  static constexpr std::chrono::milliseconds kWindow{1'600};

  struct Totals {
    std::uint64_t commands = 0;
    std::uint64_t input_bytes = 0;
    std::uint64_t output_bytes = 0;
  };
  struct PerSecond {
    double commands = 0;
    double input_bytes = 0;
    double output_bytes = 0;
  };

  bool IsDue(Clock::time_point now) const {
    return now.time_since_epoch().count() >= next_.load(std::memory_order_relaxed);  // R1
  }
  void Sample(Clock::time_point now, const Totals& totals) KVS_EXCLUDES(mutex_);
  PerSecond Of(Clock::time_point now, const Totals& totals) const KVS_EXCLUDES(mutex_);
  void Reset() KVS_EXCLUDES(mutex_);

 private:
  struct Taken {
    Clock::time_point at;
    Totals totals;
  };

  std::atomic<Clock::rep> next_{Clock::duration::min().count()};  // R1
  mutable sync::Mutex mutex_;
  std::deque<Taken> samples_ KVS_GUARDED_BY(mutex_);  // The oldest first; one of them at least kWindow old, if any is.
};

}  // namespace kvs::server
