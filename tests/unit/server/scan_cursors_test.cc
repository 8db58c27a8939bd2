// ScanCursors promises to find the place of a recent cursor, to forget within its limit, and never to mistake one for
// another; and that the slices of a sweep are all of the keys, each once.
#include "server/scan_cursors.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kvs::server {
namespace {

TEST(ScanCursorsTest, ARecentCursorLeadsToItsKey) {
  ScanCursors cursors;
  const std::uint64_t a = cursors.CursorBehind("a");
  const std::uint64_t b = cursors.CursorBehind(std::string("b\0", 2));
  EXPECT_NE(a, 0U);
  EXPECT_FALSE(ScanCursors::IsSweep(a));
  EXPECT_EQ(cursors.KeyOf(a), "a");
  EXPECT_EQ(cursors.KeyOf(b), std::string("b\0", 2));
  EXPECT_EQ(cursors.CursorBehind("a"), a);
  EXPECT_FALSE(cursors.KeyOf(a + 1).has_value());
}

TEST(ScanCursorsTest, TheOldestAreForgottenAndAnAskedForOneIsYoungAgain) {
  ScanCursors cursors;
  const std::uint64_t kept = cursors.CursorBehind("kept");
  const std::uint64_t forgotten = cursors.CursorBehind("forgotten");
  const std::string padding(10'000, 'x');
  for (std::size_t bytes = 0; bytes < 2 * ScanCursors::kKeptBytesMax; bytes += padding.size()) {
    cursors.CursorBehind(padding + std::to_string(bytes));
    EXPECT_EQ(cursors.CursorBehind("kept"), kept);
  }
  EXPECT_TRUE(cursors.KeyOf(kept).has_value());
  EXPECT_FALSE(cursors.KeyOf(forgotten).has_value());
}

TEST(ScanCursorsTest, EveryKeyHasASliceAndAllSlicesAreUsed) {
  std::set<std::uint64_t> slices;
  for (int i = 0; i < 10'000; ++i) slices.insert(ScanCursors::SliceOf("key:" + std::to_string(i)));
  EXPECT_EQ(slices.size(), ScanCursors::kSlices);
  EXPECT_LT(*slices.rbegin(), ScanCursors::kSlices);
}

}  // namespace
}  // namespace kvs::server
