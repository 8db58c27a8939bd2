#include "index/tree_builder.h"

#include <algorithm>
#include <memory>
#include <new>

#include "base/check.h"

namespace kvs::index {
namespace {

// The start of piece `i` if `count` things are divided evenly among `pieces`.
std::size_t PieceBegin(std::size_t i, std::size_t count, std::size_t pieces) { return i * count / pieces; }

std::size_t Pieces(std::size_t count, std::size_t piece_size) { return (count + piece_size - 1) / piece_size; }

}  // namespace

TreeBuilder::TreeBuilder(Tree& tree, const KeySource& keys) : tree_(tree), keys_(keys) {
  KVS_CHECK(tree.size() == 0 && tree.Root().height == 0);
}

std::optional<base::Location> TreeBuilder::AddPart(std::span<const LeafEntry> entries, Part* part) {
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
    for (const LeafEntry entry : entries.subspan(begin, end - begin)) KVS_CHECK(leaf->Insert(entry));
  }
  return std::nullopt;
}

void TreeBuilder::TakeLeaves(std::size_t count, std::vector<NodeLink>* leaves) {
  const sync::MutexLock lock(mutex_);
  leaves->reserve(count);
  for (std::size_t i = 0; i < count; ++i) leaves->push_back({{}, tree_.leaf_arena_.Take()});
}

void TreeBuilder::Finish(std::span<const Part> parts) {
  std::vector<NodeLink> leaves;
  std::uint64_t entries = 0;
  for (const Part& part : parts) {
    leaves.insert(leaves.end(), part.leaves.begin(), part.leaves.end());
    entries += part.entries;
  }
  if (leaves.empty()) return;
  const NodeId empty_leaf = tree_.Root().id;
  FinishAbove(std::move(leaves), 0);
  tree_.Free({NodeKind::kLeaf, empty_leaf});
  Tree::AddTo(tree_.size_, entries);
}

void TreeBuilder::LoadLeaves(std::vector<Arena::LoadedChunk> chunks, std::uint64_t hash_seed, std::uint64_t entries) {
  const sync::MutexLock lock(mutex_);
  tree_.Free({NodeKind::kLeaf, tree_.Root().id});
  if (chunks.size() > Arena::kChunksAsTouched) tree_.inner_arena_.ExpectMany();
  tree_.leaf_arena_.Load(std::move(chunks));
  tree_.hash_seed_ = hash_seed;
  Tree::AddTo(tree_.size_, entries);
}

std::vector<NodeLink> TreeBuilder::MakeNodes(std::size_t groups,
                                             FunctionRef<std::span<const NodeLink>(std::size_t group)> children) {
  std::vector<NodeLink> nodes(groups);
  {
    const sync::MutexLock lock(mutex_);
    for (NodeLink& node : nodes) node.id = tree_.inner_arena_.Take();
  }
  std::uint64_t separator_bytes = 0;
  std::vector<std::string_view> separators;
  std::vector<NodeId> ids;
  for (std::size_t group = 0; group < groups; ++group) {
    separators.clear();
    ids.clear();
    for (const NodeLink& child : children(group)) {
      if (ids.empty()) nodes[group].first_key = child.first_key;
      if (!ids.empty()) separators.push_back(child.first_key);
      ids.push_back(child.id);
    }
    const auto* const node = new (tree_.inner_arena_.Address(nodes[group].id)) InnerNode(separators, ids);
    separator_bytes += node->separator_bytes();
  }
  const sync::MutexLock lock(mutex_);
  Tree::AddTo(tree_.separator_bytes_, separator_bytes);
  return nodes;
}

void TreeBuilder::FinishAbove(std::vector<NodeLink> nodes, unsigned level) {
  for (; nodes.size() > 1; ++level) {
    const std::size_t above = Pieces(nodes.size(), kNodeChildren);
    nodes = MakeNodes(above, [&](std::size_t i) {
      const std::size_t begin = PieceBegin(i, nodes.size(), above);
      const std::size_t end = PieceBegin(i + 1, nodes.size(), above);
      return std::span<const NodeLink>(nodes).subspan(begin, end - begin);
    });
  }
  tree_.SetRoot(level, nodes.front().id);
}

}  // namespace kvs::index
