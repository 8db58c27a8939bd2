// Histogram: latencies in buckets whose width is a 32nd of their value, so that a percentile is right within 3 %.
//
// Threads     One; Merge() adds the histogram of another thread.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace kvs::bench {

class Histogram {
 public:
  void Add(std::uint64_t nanoseconds) {
    ++counts_[BucketOf(nanoseconds)];
    ++count_;
  }

  void Merge(const Histogram& other) {
    for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
  }

  // The least value that `share` of all do not exceed, in microseconds; 0 if there are none.
  double Microseconds(double share) const {
    auto left = static_cast<std::uint64_t>(share * static_cast<double>(count_));
    for (std::size_t i = 0; i < kBuckets; ++i) {
      if (counts_[i] > left) return static_cast<double>(ValueOf(i)) / 1e3;
      left -= counts_[i];
    }
    return 0;
  }

 private:
  static constexpr unsigned kBits = 5;
  static constexpr std::size_t kSteps = std::size_t{1} << kBits;
  static constexpr std::size_t kBuckets = (64 - kBits) * kSteps;

  static std::size_t BucketOf(std::uint64_t value) {
    if (value < kSteps) return static_cast<std::size_t>(value);
    const auto shift = static_cast<unsigned>(std::bit_width(value)) - kBits - 1;
    return (std::size_t{shift} << kBits) + static_cast<std::size_t>(value >> shift);
  }
  static std::uint64_t ValueOf(std::size_t bucket) {
    if (bucket < 2 * kSteps) return bucket;
    const std::size_t shift = (bucket >> kBits) - 1;
    return (bucket - (shift << kBits)) << shift;
  }

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
};

}  // namespace kvs::bench
