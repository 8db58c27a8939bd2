// ExpiryIndex promises each noted key once, not before its time and not much later, and to stay within its memory.
#include "store/expiry_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvs::store {
namespace {

using Keys = std::vector<std::string>;

TEST(ExpiryIndexTest, KeysComeWhenTheyAreDueTheOldestFirst) {
  ExpiryIndex index;
  EXPECT_TRUE(index.empty());
  EXPECT_FALSE(index.has_due(1'000'000));
  index.Add("late", 10'000);
  index.Add("early", 1'000);
  index.Add("", 5'000);
  EXPECT_FALSE(index.has_due(999));
  EXPECT_TRUE(index.has_due(1'000 + ExpiryIndex::kBucketMs));
  EXPECT_EQ(index.TakeDue(999, 10), Keys());
  EXPECT_EQ(index.TakeDue(1'000 + ExpiryIndex::kBucketMs, 10), Keys{"early"});
  EXPECT_EQ(index.TakeDue(20'000, 1), Keys{""});
  EXPECT_EQ(index.TakeDue(20'000, 10), Keys{"late"});
  EXPECT_TRUE(index.empty());
}

TEST(ExpiryIndexTest, ABucketIsTakenInParts) {
  ExpiryIndex index;
  Keys added;
  for (int i = 0; i < 100; ++i) {
    added.push_back(std::string(static_cast<std::size_t>(i) * 7, 'k') + std::to_string(i));
    index.Add(added.back(), 1'000);
  }
  Keys taken;
  while (index.has_due(2'000)) {
    const Keys some = index.TakeDue(2'000, 7);
    ASSERT_FALSE(some.empty());
    taken.insert(taken.end(), some.begin(), some.end());
    index.Add("earlier", 1);  // A bucket in front of the one that is half taken.
    EXPECT_EQ(index.TakeDue(2'000, 1), Keys{"earlier"});
  }
  EXPECT_EQ(taken, added);
}

TEST(ExpiryIndexTest, TakesOverWhatIsLeftOfAnother) {
  ExpiryIndex some;
  some.Add("a", 1'000);
  some.Add("b", 1'000);
  some.Add("c", 9'000);
  EXPECT_EQ(some.TakeDue(2'000, 1), Keys{"a"});
  ExpiryIndex index;
  index.Add("d", 1'000);
  index.Add(some);
  EXPECT_EQ(index.TakeDue(2'000, 10), (Keys{"d", "b"}));
  EXPECT_EQ(index.TakeDue(9'000 + ExpiryIndex::kBucketMs, 10), Keys{"c"});
}

TEST(ExpiryIndexTest, ALongKeyAndAFarTimeAreNoted) {
  ExpiryIndex index;
  const std::string key(65'535, 'k');
  index.Add(key, std::uint64_t{1} << 62);
  EXPECT_FALSE(index.has_due(1'000));
  index.Add("never", ~std::uint64_t{0});
  EXPECT_EQ(index.TakeDue(~std::uint64_t{0}, 10), Keys{key});
}

TEST(ExpiryIndexTest, WhatDoesNotFitIsNotNotedUntilThereIsRoom) {
  ExpiryIndex index(6'000);
  for (int i = 0; i < 1'000; ++i) index.Add("key " + std::to_string(i), 1'000);
  EXPECT_TRUE(index.has_dropped());
  const std::size_t count = index.TakeDue(2'000, 1'000).size();
  EXPECT_GT(count, 500U);
  EXPECT_LT(count, 1'000U);
  EXPECT_TRUE(index.empty());
  index.Add("key", 1'000);
  EXPECT_EQ(index.TakeDue(2'000, 10), Keys{"key"});
}

}  // namespace
}  // namespace kvs::store
