// Promised: a waiter goes on exactly when the count is zero, and sees all that was done before. The test lets threads
// write plain variables before they count down; ThreadSanitizer would report a missing order.
#include "sync/latch.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace kvs::sync {
namespace {

TEST(LatchTest, ALatchOfZeroHoldsNobody) {
  Latch latch(0);
  latch.Wait();
}

TEST(LatchTest, TheWaiterSeesAllWritesBeforeTheCountdowns) {
  std::array<int, 4> results{};
  Latch done(results.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&results, &done, i] {
      results.at(i) = static_cast<int>(i) + 1;
      done.CountDown();
    });
  }
  done.Wait();
  EXPECT_EQ(results, (std::array<int, 4>{1, 2, 3, 4}));
  for (std::thread& thread : threads) thread.join();
}

TEST(LatchTest, SeveralWaitersAllGoOn) {
  Latch start(1);
  Latch passed(3);
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&start, &passed] {
      start.Wait();
      passed.CountDown();
    });
  }
  start.CountDown();
  passed.Wait();
  for (std::thread& thread : threads) thread.join();
}

TEST(LatchDeathTest, CountingBelowZeroIsCaught) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Latch latch(0);
        latch.CountDown();
      },
      "count_ > 0 does not hold");
}

}  // namespace
}  // namespace kvs::sync
