// Promised: each call is counted once, on any thread. Durations come back as percentiles that are right to an eighth.
// The tests add from several threads, and walk over all buckets.
#include "service/command_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace kvs::server {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(DurationHistogramTest, BucketsAreInOrderWithoutGaps) {
  std::size_t last = 0;
  for (std::uint64_t ns = 0; ns < 100'000; ++ns) {
    const std::size_t bucket = DurationHistogram::BucketOf(ns);
    ASSERT_TRUE(bucket == last || bucket == last + 1) << ns;
    ASSERT_LT(ns, DurationHistogram::UpperBoundNs(bucket));
    ASSERT_GE(ns, bucket == 0 ? 0 : DurationHistogram::UpperBoundNs(bucket - 1));
    last = bucket;
  }
  EXPECT_EQ(DurationHistogram::BucketOf(~std::uint64_t{0}), DurationHistogram::kBuckets - 1);
}

TEST(CommandStatsTest, PercentilesMatchTheCalls) {
  CommandStats stats(2);
  for (int i = 0; i < 990; ++i) stats.AddCalls(1, 1, microseconds(100));
  for (int i = 0; i < 10; ++i) stats.AddCalls(1, 1, microseconds(10'000));
  const CommandStats::Totals totals = stats.Of(1);
  EXPECT_NEAR(totals.durations.PercentileNs(50), 100e3, 100e3 / 8);
  EXPECT_NEAR(totals.durations.PercentileNs(99), 100e3, 100e3 / 8);
  EXPECT_NEAR(totals.durations.PercentileNs(99.9), 10e6, 10e6 / 8);
  EXPECT_EQ(stats.Of(0).durations.PercentileNs(50), 0);
}

TEST(CommandStatsTest, CallsThatCameTogetherShareTheirTime) {
  CommandStats stats(1);
  stats.AddCalls(0, 64, nanoseconds(6'400));
  const CommandStats::Totals totals = stats.Of(0);
  EXPECT_EQ(totals.calls, 64U);
  EXPECT_EQ(totals.ns, 6'400U);
  EXPECT_EQ(totals.durations.counts[DurationHistogram::BucketOf(100)], 64U);
}

TEST(CommandStatsTest, EveryThreadCounts) {
  CommandStats stats(3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 70; ++t) {  // More than there are stripes.
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) stats.AddCalls(2, 2, nanoseconds(10));
      stats.AddFailed(2, 3);
      stats.AddRejected(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stats.Of(2).calls, 14'000U);
  EXPECT_EQ(stats.Of(2).failed, 210U);
  EXPECT_EQ(stats.Of(1).rejected, 70U);
  stats.Reset();
  EXPECT_EQ(stats.Of(2).calls, 0U);
  EXPECT_EQ(stats.Of(2).durations.Sum(), 0U);
}

TEST(CommandStatsTest, WithoutTrackingOnlyDurationsAreMissing) {
  CommandStats stats(1);
  stats.set_times_durations(false);
  stats.AddCalls(0, 5, nanoseconds(50));
  EXPECT_EQ(stats.Of(0).calls, 5U);
  EXPECT_EQ(stats.Of(0).durations.Sum(), 0U);
}

}  // namespace
}  // namespace kvs::server
