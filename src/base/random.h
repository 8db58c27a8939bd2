// Random: a small fast generator for tests, benchmarks and jitter, not for secrets: SplitMix64 (Steele et al., 2014).
#pragma once

#include <cstdint>

namespace kvs::base {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // A number in [0, bound); `bound` is not 0. The bias is below 2^-32 for the bounds used here.
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }

  bool OneIn(std::uint64_t n) { return Below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace kvs::base
