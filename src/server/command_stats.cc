#include "server/command_stats.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"

namespace kvs::server {
namespace {

constexpr unsigned kFirstBits = 2;  // The first octave that is cut in four begins at 4 ns.

std::size_t StripeOfThisThread(std::size_t stripes) {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t own = next.fetch_add(1, std::memory_order_relaxed);  // R1
  return own % stripes;
}

void Add(std::atomic<std::uint64_t>& counter, std::uint64_t count) {
  counter.fetch_add(count, std::memory_order_relaxed);  // R1
}

}  // namespace

// Below 4 ns each nanosecond has its bucket; above, the two bits after the highest one choose within the octave.
std::size_t DurationHistogram::BucketOf(std::uint64_t ns) {
  if (ns < (1U << kFirstBits)) return ns;
  const auto octave = static_cast<unsigned>(std::bit_width(ns)) - 1;
  const std::size_t bucket = std::size_t{4} * (octave - 1) + ((ns >> (octave - kFirstBits)) & 3U);
  return std::min(bucket, kBuckets - 1);
}

std::uint64_t DurationHistogram::UpperBoundNs(std::size_t bucket) {
  if (bucket < 4) return bucket + 1;
  const std::size_t octave = bucket / 4 + 1;
  return (std::uint64_t{5} + bucket % 4) << (octave - kFirstBits);
}

std::uint64_t DurationHistogram::Sum() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : counts) sum += count;
  return sum;
}

double DurationHistogram::PercentileNs(double percent) const {
  const double wanted = percent / 100 * static_cast<double>(Sum());
  double reached = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    reached += static_cast<double>(counts[bucket]);
    if (counts[bucket] > 0 && reached >= wanted) {
      const std::uint64_t low = bucket == 0 ? 0 : UpperBoundNs(bucket - 1);
      return static_cast<double>(low + UpperBoundNs(bucket)) / 2;
    }
  }
  return 0;
}

CommandStats::~CommandStats() {
  for (auto& stripe : stripes_) delete stripe.load(std::memory_order_acquire);  // P1
}

CommandStats::Stripe& CommandStats::OwnStripe() {
  std::atomic<Stripe*>& slot = stripes_[StripeOfThisThread(kStripes)];
  if (Stripe* const own = slot.load(std::memory_order_acquire)) [[likely]]
    return *own;  // P1
  auto made = std::make_unique<Stripe>(commands_);
  Stripe* other = nullptr;
  if (slot.compare_exchange_strong(other, made.get(), std::memory_order_acq_rel)) return *made.release();  // P1
  return *other;
}

CommandStats::Counters& CommandStats::Own(std::size_t command) {
  KVS_CHECK(command < commands_);
  return OwnStripe()[command];
}

void CommandStats::AddCalls(std::size_t command, std::uint64_t calls, Duration duration) {
  if (calls == 0) return;
  Counters& own = Own(command);
  const std::int64_t signed_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  const std::uint64_t ns = signed_ns > 0 ? static_cast<std::uint64_t>(signed_ns) : 0;
  Add(own.calls, calls);
  Add(own.ns, ns);
  if (times_durations()) Add(own.durations[DurationHistogram::BucketOf(ns / calls)], calls);
}

void CommandStats::AddFailed(std::size_t command, std::uint64_t calls) {
  if (calls > 0) Add(Own(command).failed, calls);
}

void CommandStats::AddRejected(std::size_t command) { Add(Own(command).rejected, 1); }

CommandStats::Totals CommandStats::Of(std::size_t command) const {
  Totals totals;
  for (const auto& slot : stripes_) {
    const Stripe* const stripe = slot.load(std::memory_order_acquire);  // P1
    if (stripe == nullptr) continue;
    const Counters& counters = (*stripe)[command];
    totals.calls += counters.calls.load(std::memory_order_relaxed);        // R1
    totals.ns += counters.ns.load(std::memory_order_relaxed);              // R1
    totals.rejected += counters.rejected.load(std::memory_order_relaxed);  // R1
    totals.failed += counters.failed.load(std::memory_order_relaxed);      // R1
    for (std::size_t i = 0; i < DurationHistogram::kBuckets; ++i) {
      totals.durations.counts[i] += counters.durations[i].load(std::memory_order_relaxed);  // R1
    }
  }
  return totals;
}

void CommandStats::Reset() {
  for (const auto& slot : stripes_) {
    Stripe* const stripe = slot.load(std::memory_order_acquire);  // P1
    if (stripe == nullptr) continue;
    for (Counters& counters : *stripe) {
      for (Counter* counter : {&counters.calls, &counters.ns, &counters.rejected, &counters.failed}) {
        counter->store(0, std::memory_order_relaxed);  // R1
      }
      for (Counter& counter : counters.durations) counter.store(0, std::memory_order_relaxed);  // R1
    }
  }
}

}  // namespace kvs::server
