// TreeBuilder: fills an empty tree bottom-up, from entries in key order or from saved leaves. It searches for no entry.
//
// Design      Entries come in parts. Any thread makes the leaves of a part; Finish() joins the parts and makes the
//             levels of inner nodes. Nodes get room to grow. LoadLeaves() takes saved leaves whole, and their inner
//             nodes are made again.
// Threads     AddPart() and MakeNodes() from any thread. Nobody may read or change the tree before it is finished.
// Errors      Returns the location of a damaged record if its key is needed, as the first of a leaf. The tree can then
//             only be destroyed.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/location.h"
#include "base/tunable.h"
#include "index/key_source.h"
#include "index/leaf.h"
#include "index/tree.h"
#include "kvs/function_ref.h"
#include "sync/mutex.h"

namespace kvs::index {

class TreeBuilder {
 public:
  KVS_TUNABLE(std::size_t, kLeafEntries, 24, 12, 31);
  KVS_TUNABLE(std::size_t, kNodeChildren, 50, 4, 60);

  struct Part {
    std::vector<NodeLink> leaves;
    std::uint64_t entries = 0;
  };

  // keys: in, the keys of the entries. Its views must stay valid until Finish() has returned.
  TreeBuilder(Tree& tree, const KeySource& keys);

  // Makes the leaves of a part. Returns the location of a damaged record.
  std::optional<base::Location> AddPart(std::span<const LeafEntry> entries, Part* part) KVS_EXCLUDES(mutex_);

  void Finish(std::span<const Part> parts) KVS_EXCLUDES(mutex_);

  // Loads saved leaves, with the seed of the tree that saved them. entries: in, their number of live entries.
  void LoadLeaves(std::vector<Arena::LoadedChunk> chunks, std::uint64_t hash_seed, std::uint64_t entries)
      KVS_EXCLUDES(mutex_);
  // Makes one inner node per group of nodes, in group order. A group has 2 to InnerNode::kChildrenMax nodes. Concurrent
  // calls wait for each other only to get slots.
  std::vector<NodeLink> MakeNodes(std::size_t groups,
                                  FunctionRef<std::span<const NodeLink>(std::size_t group)> children)
      KVS_EXCLUDES(mutex_);
  // Makes the levels above all nodes of `level`. level: in, 0 for leaves.
  void FinishAbove(std::vector<NodeLink> nodes, unsigned level) KVS_EXCLUDES(mutex_);

 private:
  void TakeLeaves(std::size_t count, std::vector<NodeLink>* leaves) KVS_EXCLUDES(mutex_);

  Tree& tree_;
  const KeySource& keys_;
  sync::Mutex mutex_;  // Guards the arenas of the tree.
};

}  // namespace kvs::index
