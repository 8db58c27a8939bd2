#include "service/command_stats.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"

namespace kvs::server {
namespace {

constexpr unsigned kFirstBits = 2;  // The first octave that is cut in four begins at 4 ns.

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

CommandStats::Counters& CommandStats::CountersOf(std::size_t command, const sync::Stripe& stripe) {
  KVS_CHECK(command < commands_);
  std::atomic<ByCommand*>& slot = stripes_[stripe.number];
  if (ByCommand* const counters = slot.load(std::memory_order_acquire)) [[likely]]
    return (*counters)[command];  // P1
  auto made = std::make_unique<ByCommand>(commands_);
  ByCommand* other = nullptr;
  const bool is_first = slot.compare_exchange_strong(other, made.get(), std::memory_order_acq_rel);  // P1
  return is_first ? (*made.release())[command] : (*other)[command];
}

void CommandStats::AddCalls(std::size_t command, std::uint64_t calls, Duration duration) {
  if (calls == 0) return;
  const sync::Stripe own = sync::Stripe::Of(kStripes);
  Counters& counters = CountersOf(command, own);
  const std::int64_t signed_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  const std::uint64_t ns = signed_ns > 0 ? static_cast<std::uint64_t>(signed_ns) : 0;
  own.Add(counters.calls, calls);
  own.Add(counters.ns, ns);
  if (times_durations()) own.Add(counters.durations[DurationHistogram::BucketOf(ns / calls)], calls);
}

void CommandStats::AddFailed(std::size_t command, std::uint64_t calls) {
  const sync::Stripe own = sync::Stripe::Of(kStripes);
  if (calls > 0) own.Add(CountersOf(command, own).failed, calls);
}

void CommandStats::AddRejected(std::size_t command) {
  const sync::Stripe own = sync::Stripe::Of(kStripes);
  own.Add(CountersOf(command, own).rejected, 1);
}

CommandStats::Totals CommandStats::Of(std::size_t command) const {
  Totals totals = SinceStart(command);
  const sync::MutexLock lock(mutex_);
  if (!before_.empty()) totals -= before_[command];
  return totals;
}

CommandStats::Totals CommandStats::SinceStart(std::size_t command) const {
  Totals totals;
  for (const auto& slot : stripes_) {
    const ByCommand* const stripe = slot.load(std::memory_order_acquire);  // P1
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
  const sync::MutexLock lock(mutex_);
  before_.resize(commands_);
  for (std::size_t command = 0; command < commands_; ++command) before_[command] = SinceStart(command);
}

CommandStats::Totals& CommandStats::Totals::operator-=(const Totals& before) {
  calls -= before.calls;
  ns -= before.ns;
  rejected -= before.rejected;
  failed -= before.failed;
  for (std::size_t i = 0; i < DurationHistogram::kBuckets; ++i) durations.counts[i] -= before.durations.counts[i];
  return *this;
}

}  // namespace kvs::server
