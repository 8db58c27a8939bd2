// Promised: a search finds each inserted entry (home line first, until a line has an empty slot), whatever was inserted
// and erased around it. A leaf takes 32 entries of any tags.
#include "index/leaf.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/random.h"
#include "unit/index/key_shapes.h"

namespace kvs::index {
namespace {

base::Location At(std::uint64_t n) { return base::Location::FromBits(n); }
Tag TagInLine(unsigned line, unsigned rest) { return static_cast<Tag>(line << 14 | rest); }

TEST(EntryTest, KeepsAllBitsOfTagAndLocation) {
  const LeafEntry entry(0xffff, base::Location(base::Location::kSlotMax, base::Location::kOffsetMax));
  EXPECT_EQ(entry.tag(), 0xffff);
  EXPECT_EQ(entry.location().slot(), base::Location::kSlotMax);
  EXPECT_EQ(entry.location().offset(), base::Location::kOffsetMax);
  EXPECT_TRUE(entry.is_live());
}

TEST(EntryTest, EmptyAndErasedAreDifferentAndNotLive) {
  EXPECT_TRUE(LeafEntry().is_empty());
  EXPECT_FALSE(LeafEntry::Erased().is_empty());
  EXPECT_FALSE(LeafEntry().is_live());
  EXPECT_FALSE(LeafEntry::Erased().is_live());
}

TEST(LeafTest, AnEntryIsInItsHomeLine) {
  for (unsigned line = 0; line < Leaf::kLines; ++line) {
    Leaf leaf;
    ASSERT_TRUE(leaf.Insert(LeafEntry(TagInLine(line, 5), At(9))));
    EXPECT_EQ(leaf.LoadLine(line).SlotsWith(TagInLine(line, 5)), 1U);
  }
}

TEST(LeafTest, TakesThirtyTwoEntriesOfOneTagAndNoMore) {
  Leaf leaf;
  for (std::uint64_t n = 1; n <= Leaf::kSlots; ++n) ASSERT_TRUE(leaf.Insert(LeafEntry(0x8001, At(n))));
  EXPECT_FALSE(leaf.Insert(LeafEntry(0x8001, At(99))));
  EXPECT_FALSE(leaf.Insert(LeafEntry(0x0001, At(99))));
  EXPECT_EQ(leaf.CountLive(), Leaf::kSlots);
  for (std::uint64_t n = 1; n <= Leaf::kSlots; ++n) EXPECT_TRUE(leaf.SlotOf(LeafEntry(0x8001, At(n))));
}

TEST(LeafTest, AnErasedEntryLeavesItsOverflowedNeighbourFindable) {
  Leaf leaf;
  for (std::uint64_t n = 1; n <= Leaf::kLineSlots + 1; ++n) ASSERT_TRUE(leaf.Insert(LeafEntry(TagInLine(1, 0), At(n))));
  const LeafEntry overflowed(TagInLine(1, 0), At(Leaf::kLineSlots + 1));
  ASSERT_EQ(*leaf.SlotOf(overflowed) / Leaf::kLineSlots, 2U);
  for (std::uint64_t n = 1; n <= Leaf::kLineSlots; ++n) leaf.Erase(*leaf.SlotOf(LeafEntry(TagInLine(1, 0), At(n))));
  EXPECT_TRUE(leaf.SlotOf(overflowed));
  EXPECT_FALSE(leaf.LoadLine(1).has_empty());
  EXPECT_EQ(leaf.LoadLine(1).SlotsWith(LeafEntry::Erased().tag()), 0U);
}

TEST(LeafTest, AnErasedMarkIsReused) {
  Leaf leaf;
  for (std::uint64_t n = 1; n <= Leaf::kLineSlots; ++n) ASSERT_TRUE(leaf.Insert(LeafEntry(0, At(n))));
  leaf.Erase(3);
  ASSERT_TRUE(leaf.Insert(LeafEntry(7, At(50))));
  EXPECT_EQ(*leaf.SlotOf(LeafEntry(7, At(50))), 3U);
}

TEST(LeafTest, SlotOfComparesTheWholeEntry) {
  Leaf leaf;
  ASSERT_TRUE(leaf.Insert(LeafEntry(4, At(1))));
  EXPECT_FALSE(leaf.SlotOf(LeafEntry(5, At(1))));
  EXPECT_FALSE(leaf.SlotOf(LeafEntry(4, At(2))));
}

TEST(LeafTest, InsertAllOfTakesTheLiveEntries) {
  Leaf from;
  for (std::uint64_t n = 1; n <= 20; ++n) ASSERT_TRUE(from.Insert(LeafEntry(static_cast<Tag>(n << 11), At(n))));
  from.Erase(*from.SlotOf(LeafEntry(Tag{7} << 11, At(7))));
  Leaf into;
  into.InsertAllOf(from);
  EXPECT_EQ(into.CountLive(), 19U);
  EXPECT_FALSE(into.SlotOf(LeafEntry(Tag{7} << 11, At(7))));
  EXPECT_TRUE(into.SlotOf(LeafEntry(Tag{8} << 11, At(8))));
}

TEST(LeafTest, BehavesAsASetOfEntriesUnderRandomChanges) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  base::Random random(seed);
  Leaf leaf;
  std::map<std::uint64_t, LeafEntry> model;
  for (int i = 0; i < 100'000; ++i) {
    const LeafEntry entry(static_cast<Tag>(random.Below(4) << 14 >> random.Below(3)), At(1 + random.Below(60)));
    const bool is_there = model.contains(entry.bits());
    const std::optional<unsigned> slot = leaf.SlotOf(entry);
    ASSERT_EQ(slot.has_value(), is_there) << i;
    if (is_there) {
      leaf.Erase(*slot);
      model.erase(entry.bits());
    } else {
      ASSERT_EQ(leaf.Insert(entry), model.size() < Leaf::kSlots) << i;
      if (model.size() < Leaf::kSlots) model.emplace(entry.bits(), entry);
    }
    ASSERT_EQ(leaf.CountLive(), model.size());
  }
}

}  // namespace
}  // namespace kvs::index
