// Promised: a Mutex excludes, a MutexLock unlocks at the end of its scope, and a ConditionVariable returns with the
// mutex locked. The test counts a plain variable up from several threads, and passes a ball between two.
#include "sync/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace kvs::sync {
namespace {

TEST(MutexTest, IncrementsUnderTheLockAreNotLost) {
  constexpr int kThreads = 4;
  constexpr int kIncrements = 10'000;
  Mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&mutex, &count] {
      for (int n = 0; n < kIncrements; ++n) {
        const MutexLock lock(mutex);
        ++count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, kThreads * kIncrements);
}

// Two players, one ball: each waits for its turn, so every hit needs a wake-up and a mutex that is held after it.
class Game {
 public:
  void Play(bool is_first, int hits) KVS_EXCLUDES(mutex_) {
    for (int i = 0; i < hits; ++i) {
      const MutexLock lock(mutex_);
      while (first_has_ball_ != is_first) turned_.Wait(mutex_);
      first_has_ball_ = !is_first;
      ++hits_;
      turned_.NotifyOne();
    }
  }
  int hits() KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return hits_;
  }

 private:
  Mutex mutex_;
  ConditionVariable turned_;
  bool first_has_ball_ KVS_GUARDED_BY(mutex_) = true;
  int hits_ KVS_GUARDED_BY(mutex_) = 0;
};

TEST(ConditionVariableTest, TwoThreadsTakeTurns) {
  constexpr int kHits = 1'000;
  Game game;
  std::thread other([&game] { game.Play(false, kHits); });
  game.Play(true, kHits);
  other.join();
  EXPECT_EQ(game.hits(), 2 * kHits);
}

TEST(ConditionVariableTest, WaitUntilComesBackLockedWhenNobodyWakesIt) {
  Mutex mutex;
  ConditionVariable never_notified;
  const MutexLock lock(mutex);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
  while (std::chrono::steady_clock::now() < deadline) never_notified.WaitUntil(mutex, deadline);
}

}  // namespace
}  // namespace kvs::sync
