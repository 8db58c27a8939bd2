// Promised: one thread has the append lock at a time, and CallIfFree() waits for no thread. The test lets another
// thread hold the lock, or wait for a change.
#include "store/segments/append_lock.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace kvs::store {
namespace {

TEST(AppendLockTest, CallIfFreeCallsWithTheLock) {
  AppendLock lock;
  int calls = 0;
  EXPECT_TRUE(lock.CallIfFree([&](const AppendLock::Held&) { ++calls; }));
  EXPECT_TRUE(lock.CallIfFree([&](const AppendLock::Held&) { ++calls; })) << "the first call gave it back";
  EXPECT_EQ(calls, 2);
}

TEST(AppendLockTest, CallIfFreeSkipsTheCallIfHeld) {
  AppendLock lock;
  std::latch is_held(1);
  std::latch may_end(1);
  std::thread holder([&] {
    const AppendLock::Held held(lock);
    is_held.count_down();
    may_end.wait();
  });
  is_held.wait();
  EXPECT_FALSE(lock.CallIfFree([](const AppendLock::Held&) { FAIL() << "another thread has the lock"; }));
  may_end.count_down();
  holder.join();
}

TEST(AppendLockTest, WaitingReleasesTheLock) {
  AppendLock lock;
  sync::ConditionVariable change;
  bool is_waiting = false;
  bool has_changed = false;
  std::thread waiter([&] {
    const AppendLock::Held held(lock);
    is_waiting = true;
    while (!has_changed) held.WaitFor(change);
  });
  for (bool was_waiting = false; !was_waiting; std::this_thread::yield()) {
    const AppendLock::Held held(lock);
    was_waiting = is_waiting;
    has_changed = is_waiting;
  }
  change.NotifyAll();
  waiter.join();
}

}  // namespace
}  // namespace kvs::store
