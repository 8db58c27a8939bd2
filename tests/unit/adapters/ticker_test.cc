// Promised: the call is made again and again until the destructor, which waits for no interval. The tests wait for
// calls, never for time.
#include "adapters/ticker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

namespace kvs::adapters {
namespace {

TEST(TickerTest, CallsAgainAndAgain) {
  std::atomic<int> calls{0};
  {
    const Ticker ticker(std::chrono::milliseconds(1), [&calls] {
      calls.fetch_add(1, std::memory_order_release);
      calls.notify_one();
    });
    for (int seen = 0; seen < 3; seen = calls.load(std::memory_order_acquire))
      calls.wait(seen, std::memory_order_acquire);
  }
  EXPECT_GE(calls.load(std::memory_order_acquire), 3);
}

TEST(TickerTest, EndsWithoutWaitingForItsInterval) {
  int calls = 0;
  {
    const Ticker ticker(std::chrono::hours(10'000), [&calls] { ++calls; });
  }
  EXPECT_EQ(calls, 0);
}

}  // namespace
}  // namespace kvs::adapters
