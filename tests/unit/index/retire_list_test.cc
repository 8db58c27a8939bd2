// Promised: a retired node is freed when enough of them wait and no pinned reader could see it, and not before.
#include "index/retire_list.h"

#include <gtest/gtest.h>

namespace kvs::index {
namespace {

TEST(RetireListTest, NodesAreFreedInGroups) {
  sync::EpochDomain epochs;
  RetireList list(epochs);
  std::vector<NodeId> freed;
  const auto free = [&](RetiredNode node) { freed.push_back(node.id); };
  list.Add({NodeKind::kLeaf, 1});
  list.Collect(2, free);
  EXPECT_TRUE(freed.empty());
  list.Add({NodeKind::kInner, 2});
  list.Collect(2, free);
  EXPECT_EQ(freed, (std::vector<NodeId>{1, 2}));
}

TEST(RetireListTest, ANodeWaitsOnlyForReadersThatMaySeeIt) {
  sync::EpochDomain epochs;
  RetireList list(epochs);
  std::vector<NodeId> freed;
  const auto free = [&](RetiredNode node) { freed.push_back(node.id); };
  list.Add({NodeKind::kLeaf, 1});
  list.Collect(1, free);
  {
    const sync::EpochGuard pin = epochs.Pin();
    list.Add({NodeKind::kLeaf, 2});
    list.Collect(1, free);
    EXPECT_EQ(freed, (std::vector<NodeId>{1}));
  }
  list.Add({NodeKind::kLeaf, 3});
  list.Collect(1, free);
  EXPECT_EQ(freed, (std::vector<NodeId>{1, 2, 3}));
}

TEST(RetireListTest, DrainFreesWaitingAndFreshNodes) {
  sync::EpochDomain epochs;
  RetireList list(epochs);
  std::vector<NodeId> freed;
  const auto free = [&](RetiredNode node) { freed.push_back(node.id); };
  {
    const sync::EpochGuard pin = epochs.Pin();
    list.Add({NodeKind::kLeaf, 1});
    list.Collect(1, free);
  }
  list.Add({NodeKind::kLeaf, 2});
  EXPECT_TRUE(freed.empty());
  list.Drain(free);
  EXPECT_EQ(freed, (std::vector<NodeId>{1, 2}));
}

}  // namespace
}  // namespace kvs::index
