// TreeBuilder: fills an empty tree with entries that come in the order of their keys, from the leaves up. No entry is
// searched for.
//
// Design      Entries come in parts, each of which becomes leaves of its own by any thread; Finish() puts the parts one
//             behind the other and makes the levels of inner nodes. Nodes are left room to grow.
// Threads     AddPart() from any thread. Nobody reads the tree, or changes it, before Finish() returned.
// Errors      A damaged record is the answer where its key had to be known: the first of a leaf. The tree is then good
//             for nothing but its end.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/location.h"
#include "index/key_source.h"
#include "index/leaf.h"
#include "index/tree.h"
#include "sync/mutex.h"

namespace kvs::index {

class TreeBuilder {
 public:
  static constexpr std::size_t kLeafEntries = 24;
  static constexpr std::size_t kNodeChildren = 50;

  // Nodes of one level, in their order, each with the smallest key under it.
  struct Child {
    std::string_view first_key;
    NodeId id;
  };
  struct Part {
    std::vector<Child> leaves;
    std::uint64_t entries = 0;
  };

  // `keys` tells the keys of the entries; its views stay good until Finish() returned.
  TreeBuilder(Tree& tree, const KeySource& keys);

  // Makes the leaves of a part. Returns the location of a record that is damaged.
  std::optional<base::Location> AddPart(std::span<const Entry> entries, Part* part) KVS_EXCLUDES(mutex_);

  void Finish(std::span<const Part> parts) KVS_EXCLUDES(mutex_);

 private:
  void TakeLeaves(std::size_t count, std::vector<Child>* leaves) KVS_EXCLUDES(mutex_);
  std::vector<Child> MakeLevel(std::span<const Child> children) KVS_REQUIRES(mutex_);

  Tree& tree_;
  const KeySource& keys_;
  sync::Mutex mutex_;  // The arenas of the tree.
};

}  // namespace kvs::index
