// CommandTimes: how long commands have taken, each counted in a histogram of its command, for LATENCY HISTOGRAM.
//
// Threads     Call anything from any thread. Adding takes a mutex: it is done only while latency-tracking is on.
//
// Fences      R1  is_on_: relaxed. A setting for itself.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>

#include "sync/mutex.h"

namespace kvs::server {

class CommandTimes {
 public:
  // Powers of two from 1,024 ns to 1.07 s, and what is longer is counted there as well.
  static constexpr std::size_t kBuckets = 21;

  struct Histogram {
    std::uint64_t calls = 0;
    std::array<std::uint64_t, kBuckets> counts{};
  };
  using Histograms = std::map<std::string_view, Histogram>;

  // The greatest time of a bucket, as Redis's histograms of two significant digits give it.
  static constexpr std::uint64_t BucketNs(std::size_t bucket) {
    const std::uint64_t power = std::uint64_t{1'024} << bucket;
    return power + power / 128 - 1;
  }

  bool is_on() const { return is_on_.load(std::memory_order_relaxed); }           // R1
  void set_is_on(bool is_on) { is_on_.store(is_on, std::memory_order_relaxed); }  // R1

  // `command` is a constant. Nothing while it is off.
  void Add(std::string_view command, std::chrono::steady_clock::duration duration) KVS_EXCLUDES(mutex_);
  Histograms All() const KVS_EXCLUDES(mutex_);
  void Reset() KVS_EXCLUDES(mutex_);

 private:
  std::atomic<bool> is_on_{false};  // R1
  mutable sync::Mutex mutex_;
  Histograms histograms_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
