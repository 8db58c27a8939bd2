// Promised: the keys of a leaf come in order, each once, or not at all if a record is damaged.
#include "index/leaf_keys.h"

#include <gtest/gtest.h>

#include "unit/index/records.h"

namespace kvs::index {
namespace {

std::vector<std::string> KeysOf(const LeafKeys& keys) {
  std::vector<std::string> found;
  for (const KeyedEntry& entry : keys.sorted()) found.emplace_back(entry.key);
  return found;
}

std::optional<base::Location> Read(const Leaf& leaf, const Records& records, LeafKeys& keys) {
  return keys.Read(
      leaf, [&](LeafEntry entry) { return records.KeyAt(entry.location()); }, 0);
}

TEST(LeafKeysTest, ComeInOrderWithTheirEntriesAndSlots) {
  Records records;
  Leaf leaf;
  for (const char* key : {"d", "b", "a", "c"}) ASSERT_TRUE(leaf.Insert(LeafEntry(1, records.Add(key))));
  LeafKeys keys;
  ASSERT_FALSE(Read(leaf, records, keys));
  EXPECT_EQ(KeysOf(keys), (std::vector<std::string>{"a", "b", "c", "d"}));
  for (const KeyedEntry& found : keys.sorted()) EXPECT_EQ(leaf.Load(found.slot), found.entry);
}

TEST(LeafKeysTest, TheEntryReadLastOfARepeatedKeyIsKept) {
  Records records;
  Leaf leaf;
  for (const char* key : {"b", "a", "b", "c", "b"}) ASSERT_TRUE(leaf.Insert(LeafEntry(1, records.Add(key))));
  LeafKeys keys;
  ASSERT_FALSE(Read(leaf, records, keys));
  EXPECT_EQ(KeysOf(keys), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(keys.sorted()[1].entry.location().bits(), 5U);
}

TEST(LeafKeysTest, KeysThatCameLastInAscendingOrderAreARun) {
  Records records;
  Leaf leaf;
  // Tags go round the lines: the four that come last take the last slot of each.
  for (unsigned n = 0; n < Leaf::kSlots; ++n) {
    const std::string key = (n < Leaf::kSlots - Leaf::kLines ? "old" : "run") + std::to_string(100 + n);
    ASSERT_TRUE(leaf.Insert(LeafEntry(static_cast<Tag>(n << 14), records.Add(key))));
  }
  LeafKeys keys;
  ASSERT_FALSE(Read(leaf, records, keys));
  EXPECT_TRUE(keys.EndsAscendingRun(Leaf::kSlots));
  EXPECT_FALSE(keys.EndsAscendingRun(Leaf::kSlots - Leaf::kLines));
  EXPECT_FALSE(keys.EndsAscendingRun(0));
}

TEST(LeafKeysTest, ADamagedRecordIsTheAnswer) {
  Records records;
  Leaf leaf;
  for (const char* key : {"b", "a", "c"}) ASSERT_TRUE(leaf.Insert(LeafEntry(1, records.Add(key))));
  records.Damage(base::Location::FromBits(2));
  LeafKeys keys;
  EXPECT_EQ(Read(leaf, records, keys), base::Location::FromBits(2));
}

}  // namespace
}  // namespace kvs::index
