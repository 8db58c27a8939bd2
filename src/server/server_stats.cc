#include "server/server_stats.h"

namespace kvs::server {

std::size_t ServerStats::StripeOfThisThread() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t own = next.fetch_add(1, std::memory_order_relaxed) % kStripes;  // R1
  return own;
}

TurnCounts ServerStats::Sum() const {
  TurnCounts sum;
  for (const Stripe& stripe : stripes_) {
    sum.commands += stripe.commands.load(std::memory_order_relaxed);  // R1
    sum.errors += stripe.errors.load(std::memory_order_relaxed);      // R1
    sum.hits += stripe.hits.load(std::memory_order_relaxed);          // R1
    sum.misses += stripe.misses.load(std::memory_order_relaxed);      // R1
  }
  return sum;
}

void ServerStats::Reset(std::uint64_t of_engine) {
  expired_before_.store(of_engine, std::memory_order_relaxed);  // R1
  refused_connections_.store(0, std::memory_order_relaxed);     // R1
  for (Stripe& stripe : stripes_) {
    stripe.commands.store(0, std::memory_order_relaxed);  // R1
    stripe.errors.store(0, std::memory_order_relaxed);    // R1
    stripe.hits.store(0, std::memory_order_relaxed);      // R1
    stripe.misses.store(0, std::memory_order_relaxed);    // R1
  }
}

}  // namespace kvs::server
