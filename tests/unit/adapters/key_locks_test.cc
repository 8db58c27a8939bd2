// Promised: the holder of a group's lock excludes all others, if it holds one lock or several. Holders of overlapping
// groups never wait in a circle. The tests count without atomics, so that ThreadSanitizer checks the order as well.
#include "adapters/key_locks.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace kvs::adapters {
namespace {

KeyLocks::Groups GroupsOf(const std::vector<std::string>& keys) {
  KeyLocks::Groups groups;
  for (const std::string& key : keys) groups.set(KeyLocks::GroupOf(key));
  return groups;
}

TEST(KeyLocksTest, OneLockAndSeveralExcludeEachOther) {
  constexpr int kRounds = 10'000;
  KeyLocks locks;
  int left = 0;
  int right = 0;
  {
    std::jthread of_left([&] {
      for (int i = 0; i < kRounds; ++i) {
        const sync::MutexLock lock(locks.Of("left"));
        ++left;
      }
    });
    std::jthread of_right([&] {
      for (int i = 0; i < kRounds; ++i) {
        const sync::MutexLock lock(locks.Of("right"));
        ++right;
      }
    });
    for (const std::vector<std::string>& keys : {std::vector<std::string>{"left", "right"}, {"right", "left"}}) {
      for (int i = 0; i < kRounds; ++i) {
        const KeyLocks::Hold hold(locks, GroupsOf(keys));
        ++left;
        ++right;
      }
    }
  }
  EXPECT_EQ(left, 3 * kRounds);
  EXPECT_EQ(right, 3 * kRounds);
}

TEST(KeyLocksTest, ManyThatOverlapEnd) {
  KeyLocks locks;
  int count = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; i < 2'000; ++i) {
          const KeyLocks::Hold hold(locks, GroupsOf({std::to_string(thread), std::to_string(i % 4), "shared"}));
          ++count;
        }
      });
    }
  }
  EXPECT_EQ(count, 4 * 2'000);
}

TEST(KeyLocksTest, NoGroupIsNoLock) {
  KeyLocks locks;
  const KeyLocks::Hold all(locks, KeyLocks::Groups().set());
  const KeyLocks::Hold none(locks, KeyLocks::Groups());
}

}  // namespace
}  // namespace kvs::adapters
