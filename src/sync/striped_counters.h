// StripedCounters: counters that many threads add to without waiting for each other.
//
//   StripedCounters<2> counters;
//   counters.Add(0, bytes);                   // Any thread.
//   const std::uint64_t sum = counters.Sum(0);
//
// Design      Each of the first kStripes - 1 threads of the process has a stripe of its own, a cache line or more, to
//             which it adds by a load and a store. All later threads share the last stripe and add atomically. Reset()
//             remembers the sums and subtracts them later, because a store of 0 could get lost between the load and the
//             store of an owner.
// Threads     Call anything from any thread. A sum lies between the sums at the call and at the return.
//
// Fences      R1  all counters, the next thread number: relaxed. Figures; nothing is reached through them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kvs::sync {

// A number for each thread, from 0 on, in the order of the first calls. Never reused.
class ThreadNumber {
 public:
  static std::size_t Own() {
    if (own_ == kNone) [[unlikely]]
      own_ = next_.fetch_add(1, std::memory_order_relaxed);  // R1
    return own_;
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  static inline std::atomic<std::size_t> next_{0};  // R1
  static inline constinit thread_local std::size_t own_ = kNone;
};

// The stripe, out of `count`, that the calling thread adds to. is_own: no other thread does.
struct Stripe {
  std::size_t number;
  bool is_own;

  static Stripe Of(std::size_t count) {
    const std::size_t thread = ThreadNumber::Own();
    return thread < count - 1 ? Stripe{.number = thread, .is_own = true} : Stripe{.number = count - 1, .is_own = false};
  }

  void Add(std::atomic<std::uint64_t>& counter, std::uint64_t count) const {
    if (is_own) [[likely]] {
      counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);  // R1
    } else {
      counter.fetch_add(count, std::memory_order_relaxed);  // R1
    }
  }
};

template <std::size_t kCounters>
class StripedCounters {
 public:
  static constexpr std::size_t kStripes = 64;

  void Add(std::size_t counter, std::uint64_t count) {
    const Stripe own = Stripe::Of(kStripes);
    own.Add(stripes_[own.number].counters[counter], count);
  }

  // The same for all counters, by their place.
  void AddAll(const std::array<std::uint64_t, kCounters>& counts) {
    const Stripe own = Stripe::Of(kStripes);
    Counters& counters = stripes_[own.number].counters;
    for (std::size_t i = 0; i < kCounters; ++i) {
      if (counts[i] != 0) own.Add(counters[i], counts[i]);
    }
  }

  // Since the start, or the last Reset().
  std::uint64_t Sum(std::size_t counter) const {
    return Total(counter) - before_[counter].load(std::memory_order_relaxed);  // R1
  }

  void Reset() {
    for (std::size_t i = 0; i < kCounters; ++i) before_[i].store(Total(i), std::memory_order_relaxed);  // R1
  }

 private:
  using Counters = std::array<std::atomic<std::uint64_t>, kCounters>;
  struct alignas(64) CacheLines {
    Counters counters{};
  };

  std::uint64_t Total(std::size_t counter) const {
    std::uint64_t total = 0;
    for (const CacheLines& stripe : stripes_) total += stripe.counters[counter].load(std::memory_order_relaxed);  // R1
    return total;
  }

  std::array<CacheLines, kStripes> stripes_{};
  Counters before_{};  // At the last Reset().
};

}  // namespace kvs::sync
