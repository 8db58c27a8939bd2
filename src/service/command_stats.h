// CommandStats: how often each command was called, how it ended and how long it took, for INFO and LATENCY HISTOGRAM.
//
// Design      CommandTable::NumberOf() numbers the commands. A thread adds to a stripe of its own, which its first
//             command makes. A reader sums the stripes, as in sync::StripedCounters. Pipelined calls are timed
//             together, and each counts as an equal part of that time.
// Threads     Call anything from any thread. Adding takes no lock.
//
// Fences      P1  stripes_: release exchange in CountersOf() -> acquire load in readers and CountersOf(). The stripe is
//                 whole when seen.
//             R1  all counters, times_durations_: relaxed. Figures; nothing is reached through them.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sync/mutex.h"
#include "sync/striped_counters.h"

namespace kvs::server {

// How long calls took: four buckets for each power of two of nanoseconds.
class DurationHistogram {
 public:
  static constexpr std::size_t kBuckets = 128;  // Up to 2^32 ns, about 4 s; longer ones are counted in the last.

  static std::size_t BucketOf(std::uint64_t ns);
  static std::uint64_t UpperBoundNs(std::size_t bucket);  // Durations of the bucket are below it.

  std::array<std::uint64_t, kBuckets> counts{};

  std::uint64_t Sum() const;
  // percent: in, 0 to 100. The duration in ns that so many of the calls did not exceed, exact to an eighth.
  double PercentileNs(double percent) const;
};

class CommandStats {
 public:
  using Duration = std::chrono::steady_clock::duration;

  struct Totals {
    std::uint64_t calls = 0;
    std::uint64_t ns = 0;
    std::uint64_t rejected = 0;  // Before they ran.
    std::uint64_t failed = 0;    // While they ran.
    DurationHistogram durations{};

    Totals& operator-=(const Totals& before);
  };

  explicit CommandStats(std::size_t commands) : commands_(commands) {}
  ~CommandStats();
  CommandStats(const CommandStats&) = delete;
  CommandStats& operator=(const CommandStats&) = delete;

  // `calls` of a command, which together took `duration`.
  void AddCalls(std::size_t command, std::uint64_t calls, Duration duration);
  void AddFailed(std::size_t command, std::uint64_t calls);
  void AddRejected(std::size_t command);

  // Since the start, or the last Reset().
  Totals Of(std::size_t command) const KVS_EXCLUDES(mutex_);
  void Reset() KVS_EXCLUDES(mutex_);

  // Whether calls are sorted by their duration.
  bool times_durations() const { return times_durations_.load(std::memory_order_relaxed); }           // R1
  void set_times_durations(bool times) { times_durations_.store(times, std::memory_order_relaxed); }  // R1

 private:
  static constexpr std::size_t kStripes = 64;
  using Counter = std::atomic<std::uint64_t>;
  struct Counters {
    Counter calls{0};
    Counter ns{0};
    Counter rejected{0};
    Counter failed{0};
    std::array<Counter, DurationHistogram::kBuckets> durations{};
  };
  using ByCommand = std::vector<Counters>;

  Counters& CountersOf(std::size_t command, const sync::Stripe& stripe);
  Totals SinceStart(std::size_t command) const;

  const std::size_t commands_;
  std::array<std::atomic<ByCommand*>, kStripes> stripes_{};  // P1
  std::atomic<bool> times_durations_{true};                  // R1
  mutable sync::Mutex mutex_;
  std::vector<Totals> before_ KVS_GUARDED_BY(mutex_);  // By command, at the last Reset(); empty: there was none.
};

}  // namespace kvs::server
