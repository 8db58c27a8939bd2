// Promised: claims are sorted by their keys. The newest claim of each key is kept, and all others are reported. A
// damaged record whose key is needed is named. KVS_TEST_SEED replays a failure.
#include "index/claim_sorter.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "unit/index/key_shapes.h"
#include "unit/index/records.h"

namespace kvs::index {
namespace {

TEST(ClaimSorterTest, LeavesTheNewestOfEachKeyInOrder) {
  for (const KeyShape shape : kAllKeyShapes) {
    base::Random random(TestSeed());
    Records records;
    std::vector<Claim> claims;
    std::map<std::string, std::uint64_t> newest;
    const std::uint64_t count = shape == KeyShape::kHuge ? 100 : 3'000;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::string key = MakeKey(shape, random.Below(count / 2));
      const std::uint64_t order = Claim::OrderOf(random.Next() >> 1, random.Below(2));
      claims.push_back({HeadOf(key, 0), LeafEntry(3, records.Add(key)), order});
      newest[key] = std::max(newest[key], order);
    }
    std::multiset<std::uint64_t> superseded;
    ClaimSorter sorter(records);
    ASSERT_FALSE(sorter.Sort(claims, 0, [&](const Claim& claim) { superseded.insert(claim.order); }));
    auto next = newest.begin();
    for (const Claim& claim : claims) {
      if (claim.entry.is_empty()) continue;
      ASSERT_NE(next, newest.end());
      ASSERT_EQ(*records.KeyAt(claim.entry.location()), next->first) << "KVS_TEST_SEED=" << TestSeed();
      ASSERT_EQ(claim.order, next->second);
      ++next;
    }
    EXPECT_EQ(next, newest.end());
    EXPECT_EQ(superseded.size(), count - newest.size());
  }
}

TEST(ClaimSorterTest, NamesADamagedRecordWhoseKeyItNeeds) {
  Records records;
  std::vector<Claim> claims;
  for (const char* const key : {"long common part/b", "long common part/a", "other"}) {
    claims.push_back({HeadOf(key, 0), LeafEntry(3, records.Add(key)), claims.size()});
  }
  records.Damage(claims[1].entry.location());
  ClaimSorter sorter(records);
  const auto damaged = sorter.Sort(claims, 0, [](const Claim&) {});
  ASSERT_TRUE(damaged);
  EXPECT_EQ(damaged->bits(), 2U);
}

TEST(ClaimSorterTest, ReadsNoRecordIfHeadsTellKeysApart) {
  Records records;
  std::vector<Claim> claims;
  for (const char* const key : {"c", "a", "a", "b long one"}) {
    claims.push_back({HeadOf(key, 0), LeafEntry(3, records.Add(key)), claims.size()});
  }
  ClaimSorter sorter(records);
  ASSERT_FALSE(sorter.Sort(claims, 0, [](const Claim&) {}));
  EXPECT_EQ(records.reads(), 0);
}

}  // namespace
}  // namespace kvs::index
