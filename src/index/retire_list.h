// RetireList: nodes that were unlinked from the tree and wait until no reader can see them any more.
//
// Design      Ending an epoch and looking at all readers costs more than a node is worth: nodes wait in groups.
// Threads     The writer's.
// Ordering    Collect() comes after the store that unlinked the nodes added before.
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

  // The next `count` calls of Add() take no memory.
  void Reserve(std::size_t count) {
    if (fresh_.capacity() - fresh_.size() < count) fresh_.reserve(2 * (fresh_.size() + count));
  }

  // How many were added and not collected; and takes back those that were added since there were `count`.
  std::size_t fresh() const { return fresh_.size(); }
  void TakeBackTo(std::size_t count) {
    fresh_.erase(fresh_.begin() + static_cast<std::ptrdiff_t>(count), fresh_.end());
  }

  // Once at least `group` nodes were added, ends the epoch for them, and hands the nodes that nobody sees to `free`.
  // Where there is no memory for that, a later call does it.
  void Collect(std::size_t group, FunctionRef<void(RetiredNode)> free);

  // Hands over all nodes, for the end of the tree: nobody may be reading.
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
