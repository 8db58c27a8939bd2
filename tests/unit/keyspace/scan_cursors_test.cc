// Promised: ScanCursors finds the place of a cursor and keeps within its limit. It first forgets cursors from which a
// scan has already gone on. A cursor cannot be computed without the seed.
#include "keyspace/scan_cursors.h"

#include <gtest/gtest.h>

#include <string>

namespace kvs::server {
namespace {

TEST(ScanCursorsTest, ARecentCursorLeadsToItsKey) {
  ScanCursors cursors(1);
  const std::uint64_t a = cursors.CursorAfter("a");
  const std::uint64_t b = cursors.CursorAfter(std::string("b\0", 2));
  EXPECT_NE(a, 0U);
  EXPECT_EQ(cursors.GoOn(a), "a");
  EXPECT_EQ(cursors.GoOn(a), "a");
  EXPECT_EQ(cursors.GoOn(b), std::string("b\0", 2));
  EXPECT_EQ(cursors.CursorAfter("a"), a);
  EXPECT_FALSE(cursors.GoOn(a + 1).has_value());
}

TEST(ScanCursorsTest, CursorsDependOnTheSeed) {
  ScanCursors one(1);
  ScanCursors other(2);
  EXPECT_NE(one.CursorAfter("a"), other.CursorAfter("a"));
}

TEST(ScanCursorsTest, TheOldestAreForgottenFirst) {
  ScanCursors cursors(1);
  const std::uint64_t kept = cursors.CursorAfter("kept");
  const std::uint64_t forgotten = cursors.CursorAfter("forgotten");
  const std::string padding(10'000, 'x');
  for (std::size_t bytes = 0; bytes < 2 * ScanCursors::kKeptBytesMax; bytes += padding.size()) {
    cursors.CursorAfter(padding + std::to_string(bytes));
    EXPECT_EQ(cursors.CursorAfter("kept"), kept);
  }
  EXPECT_TRUE(cursors.GoOn(kept).has_value());
  EXPECT_FALSE(cursors.GoOn(forgotten).has_value());
}

TEST(ScanCursorsTest, AWaitingScanOutlivesTheStepsOfOthers) {
  ScanCursors cursors(1);
  const std::uint64_t waiting = cursors.CursorAfter("waiting");
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t step = cursors.CursorAfter("key:" + std::to_string(i));
    ASSERT_TRUE(cursors.GoOn(step).has_value());
  }
  EXPECT_EQ(cursors.GoOn(waiting), "waiting");
}

}  // namespace
}  // namespace kvs::server
