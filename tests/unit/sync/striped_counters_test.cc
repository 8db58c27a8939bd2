// Promised: no count is lost, whichever threads add. A reset begins anew while others go on adding.
#include "sync/striped_counters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace kvs::sync {
namespace {

// More threads than there are stripes, so that the last one is shared.
TEST(StripedCountersTest, TheSumHasTheCountsOfEveryThread) {
  constexpr std::uint64_t kThreads = 2 * StripedCounters<2>::kStripes;
  constexpr std::uint64_t kAdds = 2'000;
  StripedCounters<2> counters;
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (std::uint64_t n = 0; n < kAdds; ++n) {
        counters.Add(0, 1);
        counters.Add(1, 3);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counters.Sum(0), kThreads * kAdds);
  EXPECT_EQ(counters.Sum(1), 3 * kThreads * kAdds);
}

// A store of 0 between the load and the store of an addition would be lost.
TEST(StripedCountersTest, AddAllAddsToEachCounter) {
  StripedCounters<3> counters;
  counters.AddAll({1, 0, 3});
  counters.AddAll({10, 20, 0});
  EXPECT_EQ(counters.Sum(0), 11U);
  EXPECT_EQ(counters.Sum(1), 20U);
  EXPECT_EQ(counters.Sum(2), 3U);
}

TEST(StripedCountersTest, ResetIsNotUndoneByOngoingAdditions) {
  constexpr std::uint64_t kAdds = 100'000;
  StripedCounters<1> counters;
  std::thread adding([&] {
    for (std::uint64_t n = 0; n < kAdds; ++n) counters.Add(0, 1);
  });
  std::uint64_t counted = 0;
  for (int i = 0; i < 100; ++i) {
    counters.Reset();
    counted = std::max(counted, counters.Sum(0));
  }
  adding.join();
  EXPECT_LE(counted, kAdds);
  EXPECT_LE(counters.Sum(0), kAdds);
  counters.Reset();
  EXPECT_EQ(counters.Sum(0), 0U);
  counters.Add(0, 7);
  EXPECT_EQ(counters.Sum(0), 7U);
}

TEST(ThreadNumberTest, EachThreadHasItsOwn) {
  const std::size_t here = ThreadNumber::Own();
  EXPECT_EQ(ThreadNumber::Own(), here);
  std::size_t there = here;
  std::thread([&] { there = ThreadNumber::Own(); }).join();
  EXPECT_NE(there, here);
}

}  // namespace
}  // namespace kvs::sync
