// Promised: SortByKey() sorts locations by their keys, however much the keys have in common. The keys are made up; the
// order is compared with that of the strings.
#include "store/compaction/key_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"
#include "support/test_seed.h"
#include "unit/index/records.h"

namespace kvs::store {
namespace {

std::vector<std::string> Sorted(const std::vector<std::string>& keys) {
  index::Records records;
  std::vector<KeyedLocation> locations;
  for (const std::string& key : keys) locations.push_back({KeyHead(key, 0), records.Add(key)});
  SortByKey(&locations, records);
  std::vector<std::string> sorted;
  for (const KeyedLocation& location : locations) sorted.emplace_back(*records.KeyAt(location.location));
  return sorted;
}

void ExpectSorted(std::vector<std::string> keys) {
  const std::vector<std::string> sorted = Sorted(keys);
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(sorted, keys);
}

// As a disk that fails, or a file that is cut, makes them: the test is that nothing else happens to the locations.
TEST(KeyOrder, UnreadableRecordsMayBeAnywhere) {
  index::Records records;
  std::vector<KeyedLocation> locations;
  for (int i = 0; i < 1'000; ++i) {
    const std::string key = "a common beginning " + std::to_string(i % 300);
    locations.push_back({KeyHead(key, 0), records.Add(key)});
    if (i % 7 == 0) records.Damage(locations.back().location);
  }
  SortByKey(&locations, records);
  std::vector<std::uint64_t> bits;
  for (const KeyedLocation& at : locations) bits.push_back(at.location.bits());
  std::sort(bits.begin(), bits.end());
  for (std::uint64_t i = 0; i < bits.size(); ++i) EXPECT_EQ(bits[i], i + 1);
}

TEST(KeyOrder, NoneAndOneAreInOrder) {
  ExpectSorted({});
  ExpectSorted({"key"});
}

TEST(KeyOrder, BytesCountAsUnsigned) { ExpectSorted({"\xff", "\x7f", "\x80", "a", ""}); }

TEST(KeyOrder, AKeyComesBeforeItselfWithZeroesAppended) {
  std::vector<std::string> keys;
  for (std::size_t zeroes = 0; zeroes < 40; ++zeroes) {
    keys.insert(keys.begin(), std::string(zeroes, '\0'));
    keys.insert(keys.begin(), "key" + std::string(zeroes, '\0'));
  }
  ExpectSorted(keys);
}

TEST(KeyOrder, KeysAreComparedPastALongCommonPrefix) {
  const std::uint64_t seed = test::TestSeed(1);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  std::vector<std::string> keys;
  for (int i = 0; i < 5'000; ++i) {
    keys.push_back("tenant/" + std::to_string(random.Below(3)) + "/a table with a long name/" +
                   std::to_string(random.Below(1'000'000)));
  }
  ExpectSorted(keys);
}

TEST(KeyOrder, EqualKeysAreInOrderOfLocation) {
  index::Records records;
  const std::string key = "the same long key, many times";
  std::vector<KeyedLocation> locations;
  for (int i = 0; i < 100; ++i) locations.insert(locations.begin(), {KeyHead(key, 0), records.Add(key)});
  SortByKey(&locations, records);
  for (std::size_t i = 0; i < locations.size(); ++i) EXPECT_EQ(locations[i].location.bits(), i + 1);
}

TEST(KeyOrder, RandomKeysOfFewBytesAreSorted) {
  const std::uint64_t seed = test::TestSeed(1);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  std::vector<std::string> keys;
  for (int i = 0; i < 20'000; ++i) {
    std::string key(random.Below(20), '\0');
    for (char& byte : key) byte = static_cast<char>(random.Below(3));
    keys.push_back(key);
  }
  ExpectSorted(keys);
}

}  // namespace
}  // namespace kvs::store
