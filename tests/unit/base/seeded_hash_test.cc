// Promised: one hash for the life of the process, which cannot be computed without its seed, and look-ups without a
// copy of the key.
#include "base/seeded_hash.h"

#include <gtest/gtest.h>

#include <string_view>

namespace kvs::base {
namespace {

TEST(SeededHashTest, AHashIsTheSameButNotTheUnseededOne) {
  EXPECT_EQ(SeededHash()("key"), SeededHash()("key"));
  EXPECT_NE(SeededHash()("key"), SeededHash()("kez"));
  EXPECT_NE(SeededHash()("key"), Hash64("key"));
}

TEST(SeededHashTest, AMapFindsAView) {
  SeededMap<int> map;
  map["key"] = 1;
  EXPECT_EQ(map.find(std::string_view("key and more").substr(0, 3))->second, 1);
  EXPECT_EQ(map.find(std::string_view("other")), map.end());
}

}  // namespace
}  // namespace kvs::base
