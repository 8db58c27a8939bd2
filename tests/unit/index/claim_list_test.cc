// Promised: heads order keys as their bytes do, for any common beginnings and at any depth of the heads. Parts hold
// exactly the claims of their ranges. KVS_TEST_SEED replays a failure.
#include "index/claim_list.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "unit/index/key_shapes.h"

namespace kvs::index {
namespace {

LeafEntry EntryOf(std::uint64_t number) { return LeafEntry(7, base::Location::FromBits(number)); }

// If heads differ, the keys are in their order. If equal heads end the keys, the keys are equal.
void ExpectHeadsAgree(std::uint64_t a_head, const std::string& a, std::uint64_t b_head, const std::string& b) {
  if (a_head < b_head) {
    EXPECT_LT(a, b);
  } else if (a_head > b_head) {
    EXPECT_GT(a, b);
  } else {
    EXPECT_TRUE(!EndsKey(a_head) || a == b);
  }
}

TEST(ClaimListTest, HeadsOrderKeysWithZeroesAndPrefixes) {
  const std::string z(1, '\0');
  const std::vector<std::string> keys = {"",         z,          z + z,         z + "a",    "a",
                                         "a" + z,    "abcdefg",  "abcdefg" + z, "abcdefgh", "abcdefh",
                                         "\xff\xff", "\x7f\xff", "abcdefghi",   "abcdef",   "abcdef" + z};
  for (const std::string& a : keys) {
    for (const std::string& b : keys) ExpectHeadsAgree(HeadOf(a, 0), a, HeadOf(b, 0), b);
  }
}

TEST(ClaimListTest, AHeadMadeLongerAtItsFrontIsTheOneOfTheWholeKey) {
  base::Random random(TestSeed());
  for (int i = 0; i < 2'000; ++i) {
    std::string key(random.Below(24), '\0');
    for (char& byte : key) byte = static_cast<char>(random.Below(3));
    const std::size_t deep = random.Below(key.size() + 1);
    const std::size_t depth = random.Below(deep + 1);
    const std::string_view given_up = std::string_view(key).substr(depth, deep - depth);
    ASSERT_EQ(PrependToHead(given_up, HeadOf(key, deep)), HeadOf(key, depth)) << depth << " " << deep;
  }
}

TEST(ClaimListTest, HeadsMatchTheKeysAfterLaterAdditions) {
  for (const KeyShape shape : kAllKeyShapes) {
    base::Random random(TestSeed());
    ClaimList list;
    std::vector<std::string> keys;
    for (std::uint64_t i = 0; i < 400; ++i) {
      keys.push_back(MakeKey(shape, random.Next()));
      list.Add(keys.back(), EntryOf(i + 1), i);
    }
    const std::size_t depth = list.common().size();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      ASSERT_TRUE(keys[i].starts_with(list.common()));
      ASSERT_EQ(list.block(0)[i].head, HeadOf(keys[i], depth)) << "KVS_TEST_SEED=" << TestSeed();
    }
    list.SetDepth(depth / 2);
    for (std::size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(list.block(0)[i].head, HeadOf(keys[i], depth / 2));
  }
}

TEST(ClaimListTest, PartsHoldTheClaimsOfTheirRanges) {
  base::Random random(TestSeed());
  ClaimList list;
  const std::size_t count = ClaimList::kBlockClaims + 1'000;
  for (std::uint64_t i = 1; i <= count; ++i) list.Add(std::to_string(random.Below(5'000)), EntryOf(i), i);
  std::map<std::uint64_t, std::uint64_t> heads;  // By the order of the claim.
  for (std::size_t b = 0; b < list.blocks(); ++b) {
    for (const Claim& claim : list.block(b)) heads[claim.order] = claim.head;
  }
  const std::vector<std::uint64_t> splitters = {HeadOf("1", 0), HeadOf("3", 0), HeadOf("4000", 0)};
  ASSERT_EQ(list.blocks(), 2U);
  std::size_t found = 0;
  for (std::size_t b = 0; b < list.blocks(); ++b) {
    list.PartitionBlock(b, splitters);
    for (std::size_t part = 0; part <= splitters.size(); ++part) {
      for (const Claim& claim : list.Part(b, part)) {
        ASSERT_TRUE(part == 0 || claim.head >= splitters[part - 1]);
        ASSERT_TRUE(part == splitters.size() || claim.head < splitters[part]);
        ASSERT_EQ(heads[claim.order], claim.head);
        heads.erase(claim.order);
        ++found;
      }
    }
  }
  EXPECT_EQ(found, count);
  EXPECT_TRUE(heads.empty());
}

}  // namespace
}  // namespace kvs::index
