// Promised: the tree gives the answers of a map from keys to locations, and its memory is in proportion to its keys. A
// damaged record is reported as damaged, and changes nothing. Each promise is tested by itself here; tree_model_test.cc
// mixes the operations.
#include "index/tree.h"

#include <gtest/gtest.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "unit/index/key_shapes.h"
#include "unit/index/records.h"

namespace kvs::index {
namespace {

constexpr std::uint64_t kSeed = 7;

class TreeTest : public testing::Test {
 protected:
  base::Location Put(const std::string& key) {
    const base::Location location = records_.Add(key);
    EXPECT_NE(tree_.Upsert(key, location).outcome, Outcome::kDamaged);
    return location;
  }
  LookUp Find(std::string_view key) const {
    const sync::EpochGuard pin = epochs_.Pin();
    return tree_.Find(key);
  }

  Records records_;
  mutable sync::EpochDomain epochs_;
  Tree tree_{records_, epochs_, kSeed};
};

TEST_F(TreeTest, AnEmptyTreeIsSmallAndHasNoKeys) {
  EXPECT_EQ(tree_.size(), 0U);
  EXPECT_LT(tree_.MemoryBytes(), 65'536U);
  EXPECT_EQ(Find("").outcome, Outcome::kAbsent);
  EXPECT_EQ(tree_.Erase("").outcome, Outcome::kAbsent);
}

TEST_F(TreeTest, UpsertReturnsTheOldLocation) {
  const base::Location first = records_.Add("key");
  const base::Location second = records_.Add("key");
  EXPECT_EQ(tree_.Upsert("key", first).outcome, Outcome::kAbsent);
  const Change change = tree_.Upsert("key", second);
  EXPECT_EQ(change.outcome, Outcome::kFound);
  EXPECT_EQ(change.old, first);
  EXPECT_EQ(Find("key").location, second);
  EXPECT_EQ(tree_.size(), 1U);
}

TEST_F(TreeTest, EraseReturnsTheOldLocation) {
  const base::Location location = Put("key");
  const Change change = tree_.Erase("key");
  EXPECT_EQ(change.outcome, Outcome::kFound);
  EXPECT_EQ(change.old, location);
  EXPECT_EQ(Find("key").outcome, Outcome::kAbsent);
  EXPECT_EQ(tree_.Erase("key").outcome, Outcome::kAbsent);
  EXPECT_EQ(tree_.size(), 0U);
}

TEST_F(TreeTest, ReplaceMovesOnlyTheExpectedEntryAndReadsNoRecord) {
  const base::Location old_place = Put("key");
  const base::Location new_place = records_.Add("key");
  const int reads = records_.reads();
  EXPECT_FALSE(tree_.Replace("key", new_place, old_place));
  EXPECT_FALSE(tree_.Replace("other", old_place, new_place));
  EXPECT_TRUE(tree_.Replace("key", old_place, new_place));
  EXPECT_FALSE(tree_.Replace("key", old_place, new_place));
  EXPECT_EQ(records_.reads(), reads);
  EXPECT_EQ(Find("key").location, new_place);
}

TEST_F(TreeTest, EraseExactErasesOnlyTheExpectedEntry) {
  const base::Location old_place = Put("key");
  const base::Location new_place = Put("key");
  EXPECT_FALSE(tree_.EraseExact("key", old_place));
  EXPECT_EQ(tree_.size(), 1U);
  EXPECT_TRUE(tree_.EraseExact("key", new_place));
  EXPECT_EQ(tree_.size(), 0U);
  EXPECT_EQ(Find("key").outcome, Outcome::kAbsent);
}

TEST_F(TreeTest, KeysOfTheGreatestLengthAreKept) {
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    std::string key(InnerNode::kKeyBytesMax, 'k');
    key[static_cast<std::size_t>(i) * 600] = 'j';
    keys.push_back(key);
  }
  std::vector<base::Location> locations;
  for (const std::string& key : keys) locations.push_back(Put(key));
  for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(Find(keys[i]).location, locations[i]);
}

// An attacker that knew the seed could choose keys that share a line, or a whole tag.
TEST_F(TreeTest, KeysThatShareLineAndTagAreAllKept) {
  std::unordered_map<std::uint64_t, std::vector<std::string>> by_tag;
  const std::vector<std::string>* colliding = nullptr;
  for (std::uint64_t n = 0; colliding == nullptr; ++n) {
    const std::string key = MakeKey(KeyShape::kHex, n);
    std::vector<std::string>& group = by_tag[base::Hash64(key, kSeed) >> 48];
    group.push_back(key);
    if (group.size() == 100) colliding = &group;
  }
  std::vector<base::Location> locations;
  for (const std::string& key : *colliding) locations.push_back(Put(key));
  EXPECT_EQ(tree_.size(), colliding->size());
  for (std::size_t i = 0; i < colliding->size(); ++i) ASSERT_EQ(Find((*colliding)[i]).location, locations[i]);
  EXPECT_EQ(Find("another").outcome, Outcome::kAbsent);
  for (std::size_t i = 0; i < colliding->size(); i += 2) {
    ASSERT_EQ(tree_.Erase((*colliding)[i]).outcome, Outcome::kFound);
  }
  for (std::size_t i = 0; i < colliding->size(); ++i) {
    ASSERT_EQ(Find((*colliding)[i]).outcome, i % 2 == 0 ? Outcome::kAbsent : Outcome::kFound);
  }
}

TEST_F(TreeTest, ADamagedRecordIsReportedAndNothingIsChanged) {
  const base::Location location = Put("key");
  const base::Location fresh = records_.Add("key");
  records_.Damage(location);
  EXPECT_EQ(Find("key").outcome, Outcome::kDamaged);
  EXPECT_EQ(Find("key").location, location);
  const Change upsert = tree_.Upsert("key", fresh);
  EXPECT_EQ(upsert.outcome, Outcome::kDamaged);
  EXPECT_EQ(upsert.old, location);
  EXPECT_EQ(tree_.Erase("key").outcome, Outcome::kDamaged);
  EXPECT_EQ(tree_.size(), 1U);
  records_.Repair(location);
  EXPECT_EQ(Find("key").location, location);
}

TEST_F(TreeTest, ASplitThatMeetsADamagedRecordChangesNothing) {
  std::vector<std::pair<std::string, base::Location>> entries;
  for (std::uint64_t n = 0; n < Leaf::kSlots; ++n) {
    const std::string key = MakeKey(KeyShape::kHex, n);
    entries.emplace_back(key, Put(key));
  }
  records_.Damage(entries[11].second);
  const std::uint64_t memory = tree_.MemoryBytes();
  const std::string key = "0";
  const Change change = tree_.Upsert(key, records_.Add(key));
  EXPECT_EQ(change.outcome, Outcome::kDamaged);
  EXPECT_EQ(change.old, entries[11].second);
  EXPECT_EQ(tree_.size(), Leaf::kSlots);
  EXPECT_EQ(tree_.MemoryBytes(), memory);
  EXPECT_EQ(Find(key).outcome, Outcome::kAbsent);
  records_.Repair(entries[11].second);
  for (const auto& [known, location] : entries) EXPECT_EQ(Find(known).location, location);
  EXPECT_EQ(tree_.Upsert(key, records_.Add(key)).outcome, Outcome::kAbsent);
}

// A split does not check whole records, but no key is moved as another one than it is: its hash gives it away, or that
// it would belong elsewhere.
TEST_F(TreeTest, ASplitIsNotMisledByAKeyThatLooksLikeAnother) {
  std::vector<std::pair<std::string, base::Location>> entries;
  for (std::uint64_t n = 0; n < Leaf::kSlots; ++n) {
    const std::string key = MakeKey(KeyShape::kHex, n);
    entries.emplace_back(key, Put(key));
  }
  for (const auto& [key, location] : entries) {
    for (std::size_t place = 0; place < key.size(); ++place) {
      std::string changed = key;
      changed[place] = static_cast<char>(changed[place] ^ 1);
      records_.Damage(location, changed);
      const Change change = tree_.Upsert("0", records_.Add("0"));
      ASSERT_EQ(change.outcome, Outcome::kDamaged) << key << " as " << changed;
      ASSERT_EQ(change.old, location);
    }
    records_.Repair(location);
  }
  EXPECT_EQ(tree_.size(), Leaf::kSlots);
  EXPECT_EQ(tree_.Upsert("0", records_.Add("0")).outcome, Outcome::kAbsent);
  for (const auto& [key, location] : entries) EXPECT_EQ(Find(key).location, location);
}

TEST_F(TreeTest, ADamagedRecordCanBeMovedAndErasedByItsLocation) {
  const base::Location location = Put("key");
  const base::Location copy = records_.Add("key");
  records_.Damage(location);
  EXPECT_TRUE(tree_.Replace("key", location, copy));
  EXPECT_EQ(Find("key").location, copy);
  records_.Damage(copy);
  EXPECT_TRUE(tree_.EraseExact("key", copy));
  EXPECT_EQ(tree_.size(), 0U);
}

constexpr std::uint64_t kManyKeys = 1'000'000;

TEST_F(TreeTest, AMillionRandomKeysCostFourteenBytesEach) {
  for (std::uint64_t n = 0; n < kManyKeys; ++n) Put(MakeKey(KeyShape::kHex, n));
  EXPECT_EQ(tree_.size(), kManyKeys);
  EXPECT_LT(static_cast<double>(tree_.MemoryBytes()) / static_cast<double>(kManyKeys), 15.0);
}

TEST_F(TreeTest, AscendingKeysFillTheirLeaves) {
  constexpr std::uint64_t kKeys = kManyKeys / 10;
  for (std::uint64_t n = 0; n < kKeys; ++n) Put(MakeKey(KeyShape::kUser, 1'000'000 + n));
  EXPECT_LT(static_cast<double>(tree_.MemoryBytes()) / static_cast<double>(kKeys), 11.0);
}

TEST_F(TreeTest, AscendingKeysInManyPlacesFillTheirLeaves) {
  constexpr std::uint64_t kKeys = kManyKeys / 5;
  for (std::uint64_t n = 0; n < kKeys; ++n) Put(MakeKey(KeyShape::kTenant, n));
  EXPECT_LT(static_cast<double>(tree_.MemoryBytes()) / static_cast<double>(kKeys), 12.0);
}

TEST_F(TreeTest, MemoryGoesWithTheKeys) {
  const std::uint64_t empty = tree_.MemoryBytes();
  constexpr std::uint64_t kKeys = 300'000;
  for (std::uint64_t n = 0; n < kKeys; ++n) Put(MakeKey(KeyShape::kHex, n));
  const std::uint64_t full = tree_.MemoryBytes();
  for (std::uint64_t n = kKeys / 10; n < kKeys; ++n) {
    ASSERT_EQ(tree_.Erase(MakeKey(KeyShape::kHex, n)).outcome, Outcome::kFound);
  }
  EXPECT_LT(tree_.MemoryBytes(), full / 2 + Arena::kChunkBytes);
  for (std::uint64_t n = 0; n < kKeys / 10; ++n) {
    ASSERT_EQ(Find(MakeKey(KeyShape::kHex, n)).outcome, Outcome::kFound);
    ASSERT_EQ(tree_.Erase(MakeKey(KeyShape::kHex, n)).outcome, Outcome::kFound);
  }
  EXPECT_EQ(tree_.size(), 0U);
  EXPECT_LT(tree_.MemoryBytes(), empty + 2 * Arena::kChunkBytes);
}

}  // namespace
}  // namespace kvs::index
