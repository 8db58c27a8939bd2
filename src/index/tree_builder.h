// TreeBuilder: fills an empty tree from the leaves up, with entries that come in the order of their keys, or with
// leaves that were saved. No entry is searched for.
//
// Design      Entries come in parts, each of which becomes leaves of its own by any thread; Finish() puts the parts one
//             behind the other and makes the levels of inner nodes. Nodes are left room to grow.
//             Saved leaves come whole, by LoadLeaves(); their inner nodes are made anew.
// Threads     AddPart() and MakeNodes() from any thread. Nobody reads the tree, or changes it, before it is finished.
// Errors      A damaged record is the answer where its key had to be known: the first of a leaf. The tree is then good
//             for nothing but its end.
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

  // `keys` tells the keys of the entries; its views stay good until Finish() returned.
  TreeBuilder(Tree& tree, const KeySource& keys);

  // Makes the leaves of a part. Returns the location of a record that is damaged.
  std::optional<base::Location> AddPart(std::span<const Entry> entries, Part* part) KVS_EXCLUDES(mutex_);

  void Finish(std::span<const Part> parts) KVS_EXCLUDES(mutex_);

  // Saved leaves, with the seed of the tree they were saved from, and how many entries they hold.
  void LoadLeaves(std::vector<Arena::LoadedChunk> chunks, std::uint64_t hash_seed, std::uint64_t entries)
      KVS_EXCLUDES(mutex_);
  // Inner nodes above groups of nodes, in the order of the groups, of which each has 2 to InnerNode::kChildrenMax.
  // Concurrent calls take turns for their places only.
  std::vector<NodeLink> MakeNodes(std::size_t groups,
                                  FunctionRef<std::span<const NodeLink>(std::size_t group)> children)
      KVS_EXCLUDES(mutex_);
  // Makes what is above all nodes of a level: 0 are leaves.
  void FinishAbove(std::vector<NodeLink> nodes, unsigned level) KVS_EXCLUDES(mutex_);

 private:
  void TakeLeaves(std::size_t count, std::vector<NodeLink>* leaves) KVS_EXCLUDES(mutex_);

  Tree& tree_;
  const KeySource& keys_;
  sync::Mutex mutex_;  // The arenas of the tree.
};

}  // namespace kvs::index
