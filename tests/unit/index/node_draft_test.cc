// Promised: a draft changes the separators and children of a node as a splice says: from a given place on, it replaces
// some children with others.
#include "index/node_draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvs::index {
namespace {

using testing::ElementsAre;

const std::vector<std::string_view> kSeparators = {"b", "c", "d"};
const std::vector<NodeId> kChildren = {1, 2, 3, 4};

TEST(NodeDraftTest, HoldsTheContentsOfTheNode) {
  const InnerNode node(kSeparators, kChildren);
  const NodeDraft draft(node);
  EXPECT_THAT(draft.separators(), ElementsAre("b", "c", "d"));
  EXPECT_THAT(draft.children(), ElementsAre(1, 2, 3, 4));
}

TEST(NodeDraftTest, AChildGivesWayToTwoWithASeparatorBetween) {
  const InnerNode node(kSeparators, kChildren);
  NodeDraft first(node);
  first.Apply(Splice::ToTwo(0, 8, "a", 9));
  EXPECT_THAT(first.separators(), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(first.children(), ElementsAre(8, 9, 2, 3, 4));
  NodeDraft last(node);
  last.Apply(Splice::ToTwo(3, 8, "e", 9));
  EXPECT_THAT(last.separators(), ElementsAre("b", "c", "d", "e"));
  EXPECT_THAT(last.children(), ElementsAre(1, 2, 3, 8, 9));
}

TEST(NodeDraftTest, TwoChildrenGiveWayToOneWithoutTheirSeparator) {
  const InnerNode node(kSeparators, kChildren);
  NodeDraft first(node);
  first.Apply(Splice::ToOne(0, 2, 9));
  EXPECT_THAT(first.separators(), ElementsAre("c", "d"));
  EXPECT_THAT(first.children(), ElementsAre(9, 3, 4));
  NodeDraft last(node);
  last.Apply(Splice::ToOne(2, 2, 9));
  EXPECT_THAT(last.separators(), ElementsAre("b", "c"));
  EXPECT_THAT(last.children(), ElementsAre(1, 2, 9));
}

TEST(NodeDraftTest, NodesAreJoinedByTheSeparatorBetweenThem) {
  const InnerNode node(kSeparators, kChildren);
  const InnerNode right(std::vector<std::string_view>{"y"}, std::vector<NodeId>{5, 6});
  NodeDraft draft(node);
  draft.AppendNode("x", NodeDraft(right));
  EXPECT_THAT(draft.separators(), ElementsAre("b", "c", "d", "x", "y"));
  EXPECT_THAT(draft.children(), ElementsAre(1, 2, 3, 4, 5, 6));
}

}  // namespace
}  // namespace kvs::index
