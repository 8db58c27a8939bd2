// RetireList: nodes that were unlinked from the tree and wait until no reader can see them.
//
// Design      Nodes wait in groups, because ending an epoch and checking all readers costs more than one node is worth.
// Threads     For the writer only.
// Ordering    Call Collect() after the store that unlinked the nodes added before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "index/arena.h"
#include "kvs/function_ref.h"
#include "sync/epoch.h"

namespace kvs::index {

enum class NodeKind : std::uint8_t { kLeaf, kInner };

struct RetiredNode {
  NodeKind kind;
  NodeId id;
};

class RetireList {
 public:
  explicit RetireList(sync::EpochDomain& epochs) : epochs_(epochs) {}

  void Add(RetiredNode node) { fresh_.push_back(node); }

  // After this, `count` calls of Add() take no memory.
  void Reserve(std::size_t count) {
    if (fresh_.capacity() - fresh_.size() < count) fresh_.reserve(2 * (fresh_.size() + count));
  }

  // The number of nodes added and not yet collected. TakeBackTo() drops those added since the number was `count`.
  std::size_t fresh() const { return fresh_.size(); }
  void TakeBackTo(std::size_t count) {
    fresh_.erase(fresh_.begin() + static_cast<std::ptrdiff_t>(count), fresh_.end());
  }

  // After at least `group` calls of Add(), ends the epoch for these nodes, and passes the nodes that no reader sees to
  // `free`. If there is no memory for that, a later call does it.
  void Collect(std::size_t group, FunctionRef<void(RetiredNode)> free);

  // Passes all nodes to `free`, at the end of the tree. No reader may be active.
  void Drain(FunctionRef<void(RetiredNode)> free);

 private:
  struct Group {
    std::uint64_t epoch = 0;
    std::vector<RetiredNode> nodes;
  };

  bool AddGroup();  // False: there is no memory for it.

  sync::EpochDomain& epochs_;
  std::vector<RetiredNode> fresh_;
  std::deque<Group> waiting_;
};

}  // namespace kvs::index
