// Promised: a touch reaches every watcher of the key, no other, and none that has left.
#include "keyspace/watch_table.h"

#include <gtest/gtest.h>

namespace kvs::server {
namespace {

bool IsTouched(const WatchTable::Watcher& watcher) { return watcher.is_touched.load(std::memory_order_relaxed); }  // R1

TEST(WatchTableTest, ATouchReachesTheWatchersOfTheKey) {
  WatchTable table;
  WatchTable::Watcher first;
  WatchTable::Watcher second;
  WatchTable::Watcher other;
  table.Touch("key");
  table.Watch("key", &first);
  table.Watch("key", &second);
  table.Watch("another", &other);
  EXPECT_EQ(table.WatchedKeys().size(), 2U);
  table.Touch("key");
  EXPECT_TRUE(IsTouched(first) && IsTouched(second));
  EXPECT_FALSE(IsTouched(other));
}

TEST(WatchTableTest, AWatcherThatLeftIsNotTouched) {
  WatchTable table;
  WatchTable::Watcher left;
  WatchTable::Watcher stays;
  table.Watch("key", &left);
  table.Watch("key", &stays);
  table.Forget("key", &left);
  table.Forget("key", &left);
  table.Forget("never watched", &stays);
  table.Touch("key");
  EXPECT_FALSE(IsTouched(left));
  EXPECT_TRUE(IsTouched(stays));
  table.Forget("key", &stays);
  EXPECT_TRUE(table.WatchedKeys().empty());
}

}  // namespace
}  // namespace kvs::server
