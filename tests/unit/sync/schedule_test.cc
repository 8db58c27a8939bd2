// Promised: under a Schedule one thread runs at a time, and the seed decides which. A lock excludes, a wait ends by its
// notification or deadline, and a join by the end of the thread. A deadlock is told. The tests run small programs under
// many seeds, and look for the orders that must come and for those that must not.
#include "sync/schedule.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/seeded_schedule.h"
#include "sync/mutex.h"
#include "sync/signal.h"
#include "sync/thread.h"

namespace kvs::sync {
namespace {

constexpr std::uint64_t kSeeds = 60;

class ScheduleTest : public testing::Test {
 protected:
  static std::thread Started(std::function<void()> body) {
    auto thread = StartThread(std::move(body));
    EXPECT_TRUE(thread);
    return *std::move(thread);
  }

  // The letters of three threads that write five each.
  static std::string Letters(std::uint64_t seed) {
    test::SeededSchedule schedule(seed);
    Mutex mutex;
    std::string letters;
    std::vector<std::thread> threads;
    for (const char letter : {'a', 'b', 'c'}) {
      threads.push_back(Started([&mutex, &letters, letter] {
        for (int i = 0; i < 5; ++i) {
          const MutexLock lock(mutex);
          letters += letter;
        }
      }));
    }
    for (std::thread& thread : threads) Join(thread);
    return letters;
  }
};

TEST_F(ScheduleTest, ASeedReplaysItsOrderAndOthersGiveOthers) {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    orders.insert(Letters(seed));
    EXPECT_EQ(Letters(seed), Letters(seed));
  }
  EXPECT_GT(orders.size(), kSeeds / 2);
}

TEST_F(ScheduleTest, FindsAnUpdateThatGetsLostAndNoneUnderALock) {
  const auto count_of = [](std::uint64_t seed, bool locks) {
    test::SeededSchedule schedule(seed);
    Mutex mutex;
    int count = 0;
    const auto add = [&] {
      const int before = count;
      Yield();
      count = before + 1;
    };
    const auto body = [&] {
      if (!locks) return add();
      const MutexLock lock(mutex);
      add();
    };
    std::thread other = Started(body);
    body();
    Join(other);
    return count;
  };
  std::set<int> without;
  std::set<int> with;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    without.insert(count_of(seed, false));
    with.insert(count_of(seed, true));
  }
  EXPECT_EQ(without, (std::set{1, 2}));
  EXPECT_EQ(with, std::set{2});
}

TEST_F(ScheduleTest, ATimedWaitEndsAtItsTimeAndTakesNone) {
  test::SeededSchedule schedule(1);
  Mutex mutex;
  ConditionVariable never_notified;
  const auto deadline = SteadyClock::now() + std::chrono::hours(2);
  {
    const MutexLock lock(mutex);
    while (SteadyClock::now() < deadline) never_notified.WaitUntil(mutex, deadline);
  }
  SleepUntil(deadline + std::chrono::hours(1));
  EXPECT_GE(SteadyClock::now(), deadline + std::chrono::hours(1));
}

TEST_F(ScheduleTest, ANotificationWakesOneOrAll) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    test::SeededSchedule schedule(seed);
    Mutex mutex;
    ConditionVariable changed;
    int permits = 0;
    Signal is_done;
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.push_back(Started([&] {
        {
          const MutexLock lock(mutex);
          while (permits == 0) changed.Wait(mutex);
          if (--permits > 0) return;
        }
        is_done.Send();
      }));
    }
    {
      const MutexLock lock(mutex);
      permits = 1;
      changed.NotifyOne();
    }
    is_done.Await();
    {
      const MutexLock lock(mutex);
      permits = 2;
      changed.NotifyAll();
    }
    is_done.Await();
    for (std::thread& thread : threads) Join(thread);
    EXPECT_EQ(permits, 0);
  }
}

TEST_F(ScheduleTest, ADeadlockIsTold) {
  EXPECT_DEATH(
      {
        for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
          test::SeededSchedule schedule(seed);
          Mutex first;
          Mutex second;
          std::thread other = Started([&] {
            const MutexLock lock_of_second(second);
            const MutexLock lock_of_first(first);
          });
          {
            const MutexLock lock_of_first(first);
            const MutexLock lock_of_second(second);
          }
          Join(other);
        }
      },
      "wait for each other");
}

}  // namespace
}  // namespace kvs::sync
