// LatencyMonitor: the times at which something took long, by what it was, for LATENCY.
//
// Threads     Call anything from any thread.
// Limits      kSamplesMax of each event: the latest, one for each second.
//
// Fences      R1  threshold_ms_: relaxed. A setting for itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "sync/mutex.h"

namespace kvs::server {

class LatencyMonitor {
 public:
  static constexpr std::size_t kSamplesMax = 160;

  struct Sample {
    std::int64_t time_s;  // Since 1970.
    std::int64_t milliseconds;
  };
  struct History {
    std::deque<Sample> samples{};  // The oldest first; never empty.
    std::int64_t max_ms = 0;       // Of all that there ever were.
  };
  using Histories = std::map<std::string, History, std::less<>>;

  // 0: nothing is noted.
  std::int64_t threshold_ms() const { return threshold_ms_.load(std::memory_order_relaxed); }     // R1
  void set_threshold_ms(std::int64_t ms) { threshold_ms_.store(ms, std::memory_order_relaxed); }  // R1

  // Notes it, if it took so long.
  void Note(std::string_view event, std::chrono::steady_clock::duration duration) KVS_EXCLUDES(mutex_);

  Histories All() const KVS_EXCLUDES(mutex_);
  History Of(std::string_view event) const KVS_EXCLUDES(mutex_);  // Without samples: there is none.
  bool Forget(std::string_view event) KVS_EXCLUDES(mutex_);       // False: there was none.
  std::size_t ForgetAll() KVS_EXCLUDES(mutex_);                   // How many events there were.

 private:
  std::atomic<std::int64_t> threshold_ms_{0};  // R1
  mutable sync::Mutex mutex_;
  Histories histories_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
