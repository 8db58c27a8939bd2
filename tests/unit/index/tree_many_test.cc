// Promised: finding many keys in step gives the answers of finding each by itself. The groups have all sizes. The keys
// have all shapes: present, erased and never there, the same key twice, and damaged records. KVS_TEST_SEED replays a
// failure.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "index/tree.h"
#include "unit/index/key_shapes.h"
#include "unit/index/records.h"

namespace kvs::index {
namespace {

class TreeManyTest : public testing::Test {
 protected:
  // Fills the tree with keys of a shape, of which each third is erased again.
  void Fill(KeyShape shape, std::uint64_t numbers) {
    for (std::uint64_t n = 0; n < numbers; ++n) {
      const std::string key = MakeKey(shape, n);
      ASSERT_NE(tree_.Upsert(key, records_.Add(key)).outcome, Outcome::kDamaged);
    }
    for (std::uint64_t n = 0; n < numbers; n += 3) static_cast<void>(tree_.Erase(MakeKey(shape, n)));
  }

  void ExpectTheAnswersOfFind(const std::vector<std::string>& keys) const {
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    std::array<LookUp, Tree::kTogetherMax> found{};
    const sync::EpochGuard pin = epochs_.Pin();
    std::array<LeafHint, Tree::kTogetherMax> hints;
    tree_.PrefetchMany(views, hints);
    tree_.FindMany(
        views, [&](std::size_t i, base::Location location) { return records_.Compare(location, views[i]); }, found);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const LookUp alone = tree_.Find(views[i]);
      ASSERT_EQ(found[i].outcome, alone.outcome) << testing::PrintToString(keys[i].substr(0, 100));
      ASSERT_EQ(found[i].location, alone.location) << testing::PrintToString(keys[i].substr(0, 100));
    }
  }

  Records records_;
  mutable sync::EpochDomain epochs_;
  Tree tree_{records_, epochs_};
};

TEST_F(TreeManyTest, AnswersAsFindDoesForEachShapeAndSizeOfAGroup) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("KVS_TEST_SEED=" + std::to_string(seed));
  base::Random random(seed);
  for (const KeyShape shape : kAllKeyShapes) {
    const std::uint64_t numbers = shape == KeyShape::kHuge ? 100 : 3'000;
    ASSERT_NO_FATAL_FAILURE(Fill(shape, numbers));
    for (int round = 0; round < 300; ++round) {
      std::vector<std::string> keys;
      for (std::uint64_t i = random.Below(Tree::kTogetherMax + 1); i > 0; --i) {
        const KeyShape own = random.OneIn(8) ? KeyShape::kUser : shape;
        keys.push_back(MakeKey(own, random.Below(numbers * 5 / 4)));
      }
      ASSERT_NO_FATAL_FAILURE(ExpectTheAnswersOfFind(keys));
    }
  }
}

TEST_F(TreeManyTest, AnEmptyTreeHasNoneOfThem) {
  ASSERT_NO_FATAL_FAILURE(ExpectTheAnswersOfFind({"", "a", "b"}));
  ASSERT_NO_FATAL_FAILURE(ExpectTheAnswersOfFind({}));
}

TEST_F(TreeManyTest, ADamagedRecordIsTheAnswerForItsKeyAlone) {
  ASSERT_NO_FATAL_FAILURE(Fill(KeyShape::kHex, 1'000));
  std::vector<std::string> keys;
  for (std::uint64_t n = 0; n < Tree::kTogetherMax; ++n) keys.push_back(MakeKey(KeyShape::kHex, n));
  {
    const sync::EpochGuard pin = epochs_.Pin();
    for (const std::size_t i : {1U, 5U, 14U}) records_.Damage(tree_.Find(keys[i]).location);
    ASSERT_EQ(tree_.Find(keys[5]).outcome, Outcome::kDamaged);
  }
  ASSERT_NO_FATAL_FAILURE(ExpectTheAnswersOfFind(keys));
}

TEST_F(TreeManyTest, OverwritesTheKeysThatAreThereAndNoOthers) {
  for (const KeyShape shape : {KeyShape::kHex, KeyShape::kTenant, KeyShape::kNested}) {
    constexpr std::uint64_t kNumbers = 2'000;
    ASSERT_NO_FATAL_FAILURE(Fill(shape, kNumbers));
    const std::uint64_t size = tree_.size();
    for (std::uint64_t first = 0; first < kNumbers; first += Tree::kTogetherMax) {
      std::vector<std::string> keys;
      std::vector<base::Location> locations;
      std::vector<LookUp> before;
      for (std::uint64_t n = first; n < first + Tree::kTogetherMax; ++n) {
        keys.push_back(MakeKey(shape, n));
        locations.push_back(records_.Add(keys.back()));
        before.push_back(tree_.Find(keys.back()));
      }
      const std::vector<std::string_view> views(keys.begin(), keys.end());
      std::array<Change, Tree::kTogetherMax> changes{};
      tree_.OverwriteMany(views, locations, changes);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const LookUp after = tree_.Find(keys[i]);
        ASSERT_EQ(changes[i].outcome, before[i].outcome);
        ASSERT_EQ(after.outcome, before[i].outcome);
        if (after.outcome != Outcome::kFound) continue;
        ASSERT_EQ(*records_.KeyAt(changes[i].old), keys[i]);
        ASSERT_EQ(*records_.KeyAt(after.location), keys[i]);
      }
    }
    EXPECT_EQ(tree_.size(), size);
  }
}

}  // namespace
}  // namespace kvs::index
