// Promised: ExpiryIndex returns each noted key once, not before its time and not much later, and stays within its
// memory.
#include "store/expiry/expiry_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvs::store {
namespace {

using Keys = std::vector<std::string>;

constexpr ExpiryKind kPoint = ExpiryKind::kPoint;
constexpr ExpiryKind kSpan = ExpiryKind::kSpan;

// Both clocks show it.
ExpiryTimes At(std::uint64_t ms) { return {.point_ms = ms, .span_ms = ms}; }

bool IsEmpty(const ExpiryIndex& index) { return !index.LeftMs(At(0)); }

TEST(ExpiryIndexTest, KeysComeWhenTheyAreDueTheOldestFirst) {
  ExpiryIndex index;
  EXPECT_TRUE(IsEmpty(index));
  EXPECT_FALSE(index.has_due(At(1'000'000)));
  index.Add("late", 10'000, kPoint);
  index.Add("early", 1'000, kPoint);
  index.Add("", 5'000, kPoint);
  EXPECT_FALSE(index.has_due(At(999)));
  EXPECT_TRUE(index.has_due(At(1'000 + ExpiryIndex::kBucketMs)));
  EXPECT_EQ(index.TakeDue(At(999), 10), Keys());
  EXPECT_EQ(index.TakeDue(At(1'000 + ExpiryIndex::kBucketMs), 10), Keys{"early"});
  EXPECT_EQ(index.TakeDue(At(20'000), 1), Keys{""});
  EXPECT_EQ(index.TakeDue(At(20'000), 10), Keys{"late"});
  EXPECT_TRUE(IsEmpty(index));
}

TEST(ExpiryIndexTest, ABucketIsTakenInParts) {
  ExpiryIndex index;
  Keys added;
  for (int i = 0; i < 100; ++i) {
    added.push_back(std::string(static_cast<std::size_t>(i) * 7, 'k') + std::to_string(i));
    index.Add(added.back(), 1'000, kPoint);
  }
  Keys taken;
  while (index.has_due(At(2'000))) {
    const Keys some = index.TakeDue(At(2'000), 7);
    ASSERT_FALSE(some.empty());
    taken.insert(taken.end(), some.begin(), some.end());
    index.Add("earlier", 1, kPoint);  // A bucket before the one that is half taken.
    EXPECT_EQ(index.TakeDue(At(2'000), 1), Keys{"earlier"});
  }
  EXPECT_EQ(taken, added);
}

TEST(ExpiryIndexTest, TakesOverTheRemainingKeysOfAnother) {
  ExpiryIndex some;
  some.Add("a", 1'000, kPoint);
  some.Add("b", 1'000, kPoint);
  some.Add("c", 9'000, kPoint);
  EXPECT_EQ(some.TakeDue(At(2'000), 1), Keys{"a"});
  ExpiryIndex index;
  index.Add("d", 1'000, kPoint);
  index.Add(some);
  EXPECT_EQ(index.TakeDue(At(2'000), 10), (Keys{"d", "b"}));
  EXPECT_EQ(index.TakeDue(At(9'000 + ExpiryIndex::kBucketMs), 10), Keys{"c"});
}

TEST(ExpiryIndexTest, ALongKeyAndAFarTimeAreNoted) {
  ExpiryIndex index;
  const std::string key(65'535, 'k');
  index.Add(key, std::uint64_t{1} << 62, kPoint);
  EXPECT_FALSE(index.has_due(At(1'000)));
  index.Add("never", ~std::uint64_t{0}, kPoint);
  EXPECT_EQ(index.TakeDue(At(~std::uint64_t{0}), 10), Keys{key});
}

TEST(ExpiryIndexTest, TheLatestAreLeftOutAndMissed) {
  ExpiryIndex index(6'000);
  for (std::uint64_t i = 0; i < 1'000; ++i) index.Add("late " + std::to_string(i), 100'000 + i, kSpan);
  EXPECT_FALSE(index.IsWhole(100'999, kSpan));
  EXPECT_TRUE(index.IsWhole(~std::uint64_t{1}, kPoint));
  for (std::uint64_t i = 0; i < 200; ++i) index.Add("early " + std::to_string(i), 50'000, kPoint);
  EXPECT_FALSE(index.IsMissingDue(At(99'000)));
  EXPECT_EQ(index.TakeDue(At(60'000), 1'000).size(), 200U);
  EXPECT_TRUE(index.IsMissingDue(At(101'000)));
  EXPECT_TRUE(index.has_due(At(101'000)));
  index.Clear();
  EXPECT_TRUE(IsEmpty(index));
  EXPECT_TRUE(index.IsWhole(101'000, kSpan));
  index.Add("key", 1'000, kPoint);
  EXPECT_EQ(index.TakeDue(At(2'000), 10), Keys{"key"});
}

TEST(ExpiryIndexTest, EachKindFollowsItsOwnClock) {
  ExpiryIndex index;
  index.Add("point", 1'000, kPoint);
  index.Add("span", 1'000, kSpan);
  EXPECT_EQ(index.TakeDue({.point_ms = 2'000, .span_ms = 0}, 10), Keys{"point"});
  EXPECT_FALSE(index.has_due({.point_ms = 2'000, .span_ms = 0}));
  EXPECT_EQ(index.LeftMs({.point_ms = 2'000, .span_ms = 24}), 1'000U);
  EXPECT_EQ(index.TakeDue({.point_ms = 0, .span_ms = 2'000}, 10), Keys{"span"});
}

TEST(ExpiryIndexTest, NeitherKindWaitsForTheOther) {
  ExpiryIndex index;
  for (int i = 0; i < 10; ++i) index.Add("point", 5'000, kPoint);
  index.Add("span", 1'000, kSpan);
  EXPECT_EQ(index.TakeDue(At(9'000), 1), Keys{"span"});
}

TEST(ExpiryIndexTest, AnEncodedIndexComesBackTheSame) {
  ExpiryIndex saved;
  saved.Add("taken", 1'000, kPoint);
  saved.Add("a", 1'000, kPoint);
  saved.Add("", 9'000, kSpan);
  saved.NoteMissing(20'000, kSpan);
  EXPECT_EQ(saved.TakeDue(At(2'000), 1), Keys{"taken"});
  const std::string bytes = saved.Encode();
  ExpiryIndex index;
  ASSERT_TRUE(index.AddEncoded(bytes));
  EXPECT_EQ(index.TakeDue(At(2'000), 10), Keys{"a"});
  EXPECT_EQ(index.TakeDue(At(10'000), 10), Keys{""});
  EXPECT_FALSE(index.IsMissingDue(At(19'999)));
  EXPECT_TRUE(index.IsMissingDue(At(20'000)));
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    ExpiryIndex partial;
    const bool is_whole = partial.AddEncoded(std::string_view(bytes).substr(0, cut));
    EXPECT_TRUE(!is_whole || partial.Encode().size() == cut) << cut;
  }
}

}  // namespace
}  // namespace kvs::store
