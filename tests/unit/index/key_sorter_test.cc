// Promised: the keys of a leaf come in the order of their bytes, each once, for any common parts and any differences.
// The tests use keys that differ only after the eight bytes of a head, and random keys against std::map.
#include "index/key_sorter.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/random.h"

namespace kvs::index {
namespace {

std::vector<std::size_t> Sorted(const std::vector<std::string>& keys, std::size_t shared_bytes = 0) {
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  KeySorter sorter;
  const std::span<const std::uint8_t> places = sorter.Sort(views, shared_bytes);
  return {places.begin(), places.end()};
}

std::vector<std::size_t> SortedByMap(const std::vector<std::string>& keys) {
  std::map<std::string, std::size_t> last;
  for (std::size_t i = 0; i < keys.size(); ++i) last[keys[i]] = i;
  std::vector<std::size_t> places;
  for (const auto& [_, place] : last) places.push_back(place);
  return places;
}

TEST(KeySorterTest, SortsAsUnsignedBytesThenByLength) {
  EXPECT_EQ(Sorted({"\xff", "b", "ab", std::string("a\0", 2), "a", std::string(1, '\0'), ""}),
            (std::vector<std::size_t>{6, 5, 4, 3, 2, 1, 0}));
}

TEST(KeySorterTest, TheLastOfEqualKeysIsKept) {
  EXPECT_EQ(Sorted({"b", "a", "b", "c", "b"}), (std::vector<std::size_t>{1, 4, 3}));
}

TEST(KeySorterTest, TellsKeysApartAfterTheirFirstEightBytes) {
  EXPECT_EQ(Sorted({"the same head, then b", "the same head, then a", "the same head"}),
            (std::vector<std::size_t>{2, 1, 0}));
}

TEST(KeySorterTest, TellsKeysApartInTheLastBitsOfTheirHeads) {
  EXPECT_EQ(Sorted({"1234567\x03", "1234567\x02", "1234567\x01", "1234567"}), (std::vector<std::size_t>{3, 2, 1, 0}));
}

// The first bytes differ, so the last bits of the heads are not among the four bytes that are compared first.
TEST(KeySorterTest, TellsKeysApartInBothHalvesOfHeads) {
  EXPECT_EQ(Sorted({"b234567\x03", "b234567\x02", "a234567\xff", "a234567\x80", "a234567\x7f"}),
            (std::vector<std::size_t>{4, 3, 2, 1, 0}));
}

// Numbers next to those at which the sign or the upper half of a head changes.
TEST(KeySorterTest, SortsHeadsAtTheLimitsOfNumbers) {
  std::vector<std::string> keys;
  for (const char* const half : {"\x80", "\x7f\xff\xff\xff", "\xff\xff\xff\xff", ""}) {
    for (const char* const other : {"\xff\xff\xff\xff", "\x80", "\x7f\xff\xff\xff", ""}) {
      std::string key(half);
      key.resize(4);
      key += other;
      key.resize(8);
      keys.push_back(key);
    }
  }
  EXPECT_EQ(Sorted(keys), SortedByMap(keys));
}

// Most leaves are like these: the keys differ early, and four bytes suffice.
TEST(KeySorterTest, AgreesWithAMapOnKeysOfAnyBytes) {
  base::Random random(2);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::string> keys(random.Below(KeySorter::kKeysMax + 1), std::string(16, '\0'));
    const std::uint64_t shared = random.Below(8);
    for (std::string& key : keys) {
      for (std::uint64_t i = shared; i < key.size(); ++i) key[i] = static_cast<char>(random.Below(256));
    }
    ASSERT_EQ(Sorted(keys, random.Below(shared + 1)), SortedByMap(keys)) << "round " << round;
  }
}

TEST(KeySorterTest, SortsNoKeysAndFullLeaves) {
  EXPECT_TRUE(Sorted({}).empty());
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < KeySorter::kKeysMax; ++i) keys.emplace_back(i, 'k');
  EXPECT_EQ(Sorted(keys), SortedByMap(keys));
}

TEST(KeySorterTest, AgreesWithAMapOnRandomKeys) {
  base::Random random(1);
  for (int round = 0; round < 2'000; ++round) {
    const std::string shared(random.Below(20), 's');
    const std::uint64_t letters = 1 + random.Below(4);
    std::vector<std::string> keys(random.Below(KeySorter::kKeysMax + 1), shared);
    for (std::string& key : keys) {
      for (std::uint64_t left = random.Below(14); left > 0; --left) {
        key.push_back(static_cast<char>(random.Below(letters) * 85));
      }
    }
    ASSERT_EQ(Sorted(keys, random.OneIn(2) ? shared.size() : 0), SortedByMap(keys)) << "round " << round;
  }
}

}  // namespace
}  // namespace kvs::index
