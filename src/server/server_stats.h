// ServerStats: what INFO counts. Threads add to counters of their own; whoever reads sums them up.
//
// Fences      R1  all counters: relaxed. Figures; nothing is reached through them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kvs::server {

// What one turn of a connection has counted.
struct TurnCounts {
  std::uint64_t commands = 0;
  std::uint64_t errors = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
};

class ServerStats {
 public:
  void Add(const TurnCounts& counts) {
    Stripe& stripe = stripes_[StripeOfThisThread()];
    Add(stripe.commands, counts.commands);
    Add(stripe.errors, counts.errors);
    Add(stripe.hits, counts.hits);
    Add(stripe.misses, counts.misses);
  }

  void CountRefusedConnection() { refused_connections_.fetch_add(1, std::memory_order_relaxed); }             // R1
  std::uint64_t refused_connections() const { return refused_connections_.load(std::memory_order_relaxed); }  // R1

  // Since the start, or the last Reset().
  TurnCounts Sum() const;
  std::uint64_t ExpiredKeys(std::uint64_t of_engine) const {
    return of_engine - expired_before_.load(std::memory_order_relaxed);  // R1
  }
  // `of_engine`: what EngineStats::expired is now.
  void Reset(std::uint64_t of_engine);

 private:
  static constexpr std::size_t kStripes = 64;
  struct alignas(64) Stripe {
    std::atomic<std::uint64_t> commands{0};  // R1, as all of them.
    std::atomic<std::uint64_t> errors{0};
    std::atomic<std::uint64_t> hits{0};
    std::atomic<std::uint64_t> misses{0};
  };

  static std::size_t StripeOfThisThread();
  static void Add(std::atomic<std::uint64_t>& counter, std::uint64_t count) {
    if (count > 0) counter.fetch_add(count, std::memory_order_relaxed);  // R1
  }

  std::array<Stripe, kStripes> stripes_;
  std::atomic<std::uint64_t> refused_connections_{0};  // R1
  std::atomic<std::uint64_t> expired_before_{0};       // R1
};

}  // namespace kvs::server
