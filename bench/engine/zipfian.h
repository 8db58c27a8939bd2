// Zipfian: ranks as YCSB draws them (Gray and others, "Quickly generating billion-record synthetic databases"), with
// the exponent 0.99. Rank 0 is the most frequent.
//
// Threads     One.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/random.h"

namespace kvs::bench {

class Zipfian {
 public:
  explicit Zipfian(std::uint64_t count)
      : count_(static_cast<double>(count)),
        zeta_(Zeta(count)),
        alpha_(1 / (1 - kTheta)),
        eta_((1 - std::pow(2 / count_, 1 - kTheta)) / (1 - Zeta(2) / zeta_)) {}

  std::uint64_t Next(base::Random& random) const {
    const double uniform = static_cast<double>(random.Next() >> 11) * 0x1p-53;
    const double scaled = uniform * zeta_;
    if (scaled < 1) return 0;
    if (scaled < 1 + std::pow(0.5, kTheta)) return 1;
    const double rank = count_ * std::pow(eta_ * uniform - eta_ + 1, alpha_);
    return static_cast<std::uint64_t>(std::min(rank, count_ - 1));
  }

 private:
  static constexpr double kTheta = 0.99;

  // The sum of i^-theta: its head term by term, its tail as an integral (Euler and Maclaurin).
  static double Zeta(std::uint64_t count) {
    constexpr std::uint64_t kHead = 10'000;
    const std::uint64_t head = std::min(count, kHead);
    double sum = 0;
    for (std::uint64_t i = 1; i <= head; ++i) sum += std::pow(static_cast<double>(i), -kTheta);
    if (head == count) return sum;
    const auto from = static_cast<double>(head);
    const auto to = static_cast<double>(count);
    sum += (std::pow(to, 1 - kTheta) - std::pow(from, 1 - kTheta)) / (1 - kTheta);
    return sum + (std::pow(to, -kTheta) - std::pow(from, -kTheta)) / 2;
  }

  const double count_;
  const double zeta_;
  const double alpha_;
  const double eta_;
};

}  // namespace kvs::bench
