#include "index/tree_builder.h"

#include <algorithm>
#include <memory>
#include <new>

#include "base/check.h"

namespace kvs::index {
namespace {

// Where the piece `i` begins when `count` things are shared out evenly among `pieces`.
std::size_t PieceBegin(std::size_t i, std::size_t count, std::size_t pieces) { return i * count / pieces; }

std::size_t Pieces(std::size_t count, std::size_t piece_size) { return (count + piece_size - 1) / piece_size; }

}  // namespace

TreeBuilder::TreeBuilder(Tree& tree, const KeySource& keys) : tree_(tree), keys_(keys) {
  KVS_CHECK(tree.size() == 0 && tree.Root().height == 0);
}

std::optional<base::Location> TreeBuilder::AddPart(std::span<const Entry> entries, Part* part) {
  part->entries = entries.size();
  const std::size_t leaves = Pieces(entries.size(), kLeafEntries);
  TakeLeaves(leaves, &part->leaves);
  for (std::size_t i = 0; i < leaves; ++i) {
    keys_.Prefetch(entries[PieceBegin(i, entries.size(), leaves)].location());
  }
  for (std::size_t i = 0; i < leaves; ++i) {
    const std::size_t begin = PieceBegin(i, entries.size(), leaves);
    const std::size_t end = PieceBegin(i + 1, entries.size(), leaves);
    const auto first_key = keys_.KeyAt(entries[begin].location());
    if (!first_key) return entries[begin].location();
    part->leaves[i].first_key = *first_key;
    auto* const leaf = new (tree_.LeafAt(part->leaves[i].id)) Leaf;
    for (const Entry entry : entries.subspan(begin, end - begin)) KVS_CHECK(leaf->Insert(entry));
  }
  return std::nullopt;
}

void TreeBuilder::TakeLeaves(std::size_t count, std::vector<Child>* leaves) {
  const sync::MutexLock lock(mutex_);
  leaves->reserve(count);
  for (std::size_t i = 0; i < count; ++i) leaves->push_back({{}, tree_.leaf_arena_.Take()});
}

void TreeBuilder::Finish(std::span<const Part> parts) {
  const sync::MutexLock lock(mutex_);
  std::vector<Child> level;
  std::uint64_t entries = 0;
  for (const Part& part : parts) {
    level.insert(level.end(), part.leaves.begin(), part.leaves.end());
    entries += part.entries;
  }
  if (level.empty()) return;
  unsigned height = 0;
  for (; level.size() > 1; ++height) level = MakeLevel(level);
  const NodeId empty_leaf = tree_.Root().id;
  tree_.SetRoot(height, level.front().id);
  tree_.Free({NodeKind::kLeaf, empty_leaf});
  Tree::AddTo(tree_.size_, entries);
}

std::vector<TreeBuilder::Child> TreeBuilder::MakeLevel(std::span<const Child> children) {
  const std::size_t nodes = Pieces(children.size(), kNodeChildren);
  std::vector<Child> level;
  level.reserve(nodes);
  std::vector<std::string_view> separators;
  std::vector<NodeId> ids;
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::size_t begin = PieceBegin(i, children.size(), nodes);
    const std::size_t end = PieceBegin(i + 1, children.size(), nodes);
    separators.clear();
    ids.clear();
    for (const Child& child : children.subspan(begin, end - begin)) {
      if (!ids.empty()) separators.push_back(child.first_key);
      ids.push_back(child.id);
    }
    level.push_back({children[begin].first_key, tree_.NewInner(separators, ids)});
  }
  return level;
}

}  // namespace kvs::index
