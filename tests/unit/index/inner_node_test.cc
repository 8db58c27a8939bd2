// Promised: an inner node sends each key to the same child as a full comparison with each separator, by both ways to
// search its heads. The test builds nodes of all sizes from keys of all shapes. It asks for the separators themselves,
// their neighbours, and other keys. KVS_TEST_SEED replays a failure.
#include "index/inner_node.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "unit/index/key_shapes.h"

namespace kvs::index {
namespace {

class NodeUnderTest {
 public:
  explicit NodeUnderTest(const std::vector<std::string>& keys)
      : keys_(keys),
        separators_(keys_.begin(), keys_.end()),
        children_(Children(keys.size())),
        node_(separators_, children_) {}

  const InnerNode& node() const { return node_; }

  // Checks all that the node can be asked about `key` against the plain answer.
  void ExpectRightAnswers(const std::string& key) const {
    const auto at_or_below = static_cast<unsigned>(
        std::count_if(separators_.begin(), separators_.end(), [&](auto separator) { return separator <= key; }));
    const auto below = static_cast<unsigned>(
        std::count_if(separators_.begin(), separators_.end(), [&](auto separator) { return separator < key; }));
    const SearchKey target(key);
    ASSERT_EQ(node_.ChildOf(target), at_or_below) << testing::PrintToString(key.substr(0, 100));
    ASSERT_EQ(node_.ChildBefore(target), below) << testing::PrintToString(key.substr(0, 100));
    ASSERT_EQ(node_.child(at_or_below), 1'000 + at_or_below);
    if (!key.starts_with(node_.prefix())) return;
    const KeyWindow window(key, node_.prefix().size());
    const InnerNode::Ties ties = node_.FindTiesPortably(window);
    ASSERT_LE(ties.first, below);
    ASSERT_GE(ties.last, at_or_below);
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx2")) return;
    const InnerNode::Ties by_avx2 = node_.FindTiesByAvx2(window);
    ASSERT_EQ(by_avx2.first, ties.first);
    ASSERT_EQ(by_avx2.last, ties.last);
#endif
  }

 private:
  static std::vector<NodeId> Children(std::size_t separators) {
    std::vector<NodeId> children;
    for (NodeId i = 0; i <= separators; ++i) children.push_back(1'000 + i);
    return children;
  }

  std::vector<std::string> keys_;
  std::vector<std::string_view> separators_;
  std::vector<NodeId> children_;
  InnerNode node_;
};

// The key, and keys that differ from it in one place.
std::vector<std::string> Around(const std::string& key, base::Random& random) {
  std::vector<std::string> keys = {key, key + '\0', key + '\xff', key + "x"};
  if (key.empty()) return keys;
  keys.push_back(key.substr(0, key.size() - 1));
  keys.push_back(key.substr(0, random.Below(key.size())));
  for (int i = 0; i < 6; ++i) {
    std::string changed = key;
    const std::size_t place = random.Below(std::min<std::size_t>(key.size(), i < 4 ? 40 : key.size()));
    changed[place] = static_cast<char>(changed[place] + (i % 2 == 0 ? 1 : -1));
    keys.push_back(changed);
  }
  return keys;
}

void ExpectRightAnswersForShapes(const std::vector<KeyShape>& shapes, int rounds) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("KVS_TEST_SEED=" + std::to_string(seed));
  base::Random random(seed);
  for (int round = 0; round < rounds; ++round) {
    std::set<std::string> separators;
    const std::size_t wanted = 1 + random.Below(InnerNode::kSeparatorsMax);
    const std::uint64_t numbers = std::uint64_t{60} << random.Below(12);
    for (int tries = 0; separators.size() < wanted && tries < 1'000; ++tries) {
      separators.insert(MakeKey(shapes[random.Below(shapes.size())], random.Below(numbers)));
    }
    const std::vector<std::string> sorted(separators.begin(), separators.end());
    const NodeUnderTest under_test(sorted);
    for (const std::string& separator : sorted) {
      for (const std::string& key : Around(separator, random)) {
        ASSERT_NO_FATAL_FAILURE(under_test.ExpectRightAnswers(key)) << "round " << round;
      }
    }
    for (int i = 0; i < 50; ++i) {
      const std::string key = MakeKey(kAllKeyShapes[random.Below(kAllKeyShapes.size() - 1)], random.Below(numbers));
      ASSERT_NO_FATAL_FAILURE(under_test.ExpectRightAnswers(key)) << "round " << round;
    }
  }
}

TEST(InnerNodeTest, SendsKeysOfEachShapeToTheirChild) {
  for (const KeyShape shape : kAllKeyShapes) {
    SCOPED_TRACE(static_cast<int>(shape));
    ASSERT_NO_FATAL_FAILURE(ExpectRightAnswersForShapes({shape}, shape == KeyShape::kHuge ? 2 : 100));
  }
}

TEST(InnerNodeTest, SendsKeysOfMixedShapesToTheirChild) {
  ASSERT_NO_FATAL_FAILURE(ExpectRightAnswersForShapes({KeyShape::kHex, KeyShape::kUser, KeyShape::kTenant,
                                                       KeyShape::kLongPrefix, KeyShape::kBinary, KeyShape::kFewBytes},
                                                      200));
}

TEST(InnerNodeTest, ZeroBytesAtTheEndAreNotTakenForTheEnd) {
  const NodeUnderTest under_test({"ab", std::string("ab\0", 3), std::string("ab\0\0", 4), std::string("ab\0\0\0c", 6)});
  for (const std::string& key :
       {std::string("a"), std::string("ab"), std::string("ab\0", 3), std::string("ab\0\0", 4),
        std::string("ab\0\0\0", 5), std::string("ab\0\0\0c", 6), std::string("ab\0\0\0d", 6), std::string("ac")}) {
    under_test.ExpectRightAnswers(key);
  }
}

TEST(InnerNodeTest, SeparatorsOfTheGreatestHeadsAreNotTakenForPadding) {
  const NodeUnderTest under_test({std::string(8, '\xff'), std::string(9, '\xff'), std::string(50, '\xff')});
  for (const std::size_t bytes : {0U, 7U, 8U, 9U, 10U, 49U, 50U, 51U}) {
    under_test.ExpectRightAnswers(std::string(bytes, '\xff'));
  }
}

TEST(InnerNodeTest, ANodeWithoutSeparatorsHasOneChildForAllKeys) {
  const NodeUnderTest under_test({});
  under_test.ExpectRightAnswers("");
  under_test.ExpectRightAnswers("any");
  EXPECT_EQ(under_test.node().separator_bytes(), 0U);
}

TEST(InnerNodeTest, HeadsOfKeysWithPartsInCommonDecideAlone) {
  std::vector<std::string> keys;
  for (std::uint64_t i = 0; keys.size() < InnerNode::kSeparatorsMax; i += 17) {
    char text[64];
    std::snprintf(text, sizeof text, "tenant123/object%012llu", static_cast<unsigned long long>(1'000'000) + i);
    keys.emplace_back(text);
  }
  const NodeUnderTest under_test(keys);
  const InnerNode::Ties ties = under_test.node().FindTiesPortably(KeyWindow("tenant123/object000001000100", 0));
  EXPECT_EQ(ties.first, ties.last);
}

}  // namespace
}  // namespace kvs::index
