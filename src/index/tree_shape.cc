#include <algorithm>
#include <memory>
#include <new>
#include <vector>

#include "base/check.h"
#include "base/probe.h"
#include "index/leaf_keys.h"
#include "index/tree.h"

namespace kvs::index {

// There are no readers any more. Frees all nodes below the root, level by level, and the retired ones.
Tree::~Tree() {
  FreeRetired();
  const RootLink root = Root();
  std::vector<NodeId> nodes{root.id};
  for (unsigned level = root.height; level > 0; --level) {
    std::vector<NodeId> children;
    for (const NodeId id : nodes) {
      const InnerNode& node = *InnerAt(id);
      for (unsigned i = 0; i <= node.count(); ++i) children.push_back(node.child(i));
      Free({NodeKind::kInner, id});
    }
    nodes = std::move(children);
  }
}

void Tree::FreeRetired() {
  retired_.Drain([this](RetiredNode node) { Free(node); });
}

std::vector<NodeLink> Tree::Leaves() const {
  const RootLink root = Root();
  std::vector<NodeLink> nodes{{{}, root.id}};
  for (unsigned level = root.height; level > 0; --level) {
    std::vector<NodeLink> children;
    for (const NodeLink& link : nodes) {
      const InnerNode& node = *InnerAt(link.id);
      children.push_back({link.first_key, node.child(0)});
      for (unsigned i = 0; i < node.count(); ++i) children.push_back({node.separator(i), node.child(i + 1)});
    }
    nodes = std::move(children);
  }
  return nodes;
}

// Runs `change`, which makes nodes and publishes them last. If there is no memory for one, nothing has changed.
template <class Change>
void Tree::ChangeShape(Change change) {
  made_.clear();
  retired_.Reserve(kNodesPerChangeMax);
  const std::size_t retired_before = retired_.fresh();
  try {
    change();
  } catch (const std::bad_alloc&) {
    KVS_PROBE("no memory for new nodes");
    retired_.TakeBackTo(retired_before);
    for (const RetiredNode node : made_) Free(node);
    throw;
  }
}

std::optional<base::Location> Tree::AddToFull(const Path& path, std::string_view key, LeafEntry entry) {
  std::optional<base::Location> damaged;
  ChangeShape([&] { damaged = SplitLeaf(path, key, entry); });
  return damaged;
}

// Inserts an entry into a full leaf. Returns the location of a damaged record; then nothing was changed. The leaf is
// split in the middle, or later if keys arrive in ascending order there. Ascending keys then leave full leaves, at the
// end of the tree or in several places.
std::optional<base::Location> Tree::SplitLeaf(const Path& path, std::string_view key, LeafEntry entry) {
  LeafKeys leaf_keys;
  if (const auto damaged = ReadUnchecked(path, leaf_keys)) return damaged;
  const std::span<const KeyedEntry> sorted = leaf_keys.sorted();
  const auto after = std::find_if(sorted.begin(), sorted.end(), [&](const KeyedEntry& e) { return key < e.key; });
  const auto place = static_cast<std::size_t>(after - sorted.begin());
  const std::size_t half = sorted.size() / 2;
  const std::size_t middle = leaf_keys.EndsAscendingRun(place) ? std::max(place, half) : half;
  const unsigned child = path.PlaceOnLevel(0);
  const NodeId right = NewLeaf();
  if (middle == sorted.size()) {
    KVS_PROBE("leaf is split at its end");
    KVS_CHECK(LeafAt(right)->Insert(entry));
    Apply(path, Splice::ToTwo(child, path.leaf_id, key, right));
    return std::nullopt;
  }
  const NodeId left = NewLeaf();
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    KVS_CHECK(LeafAt(i < middle ? left : right)->Insert(sorted[i].entry));
  }
  const std::string_view separator = sorted[middle].key;
  KVS_CHECK(LeafAt(key < separator ? left : right)->Insert(entry));
  retired_.Add({NodeKind::kLeaf, path.leaf_id});
  Apply(path, Splice::ToTwo(child, left, separator, right));
  return std::nullopt;
}

// Reads the keys of a leaf without their values: otherwise a split would read all of 32 values to move keys. A wrong
// key is detected by its tag, or because it is out of the leaf's range.
std::optional<base::Location> Tree::ReadUnchecked(const Path& path, LeafKeys& leaf_keys) const {
  LeafKeys::Prefetch(*path.leaf, keys_);
  const std::optional<std::string_view> before = FenceBefore(path);
  const std::optional<std::string_view> after = FenceAfter(path);
  const auto key_of = [&](LeafEntry entry) {
    const std::optional<std::string_view> key = keys_.UncheckedKeyAt(entry.location());
    const bool is_its_own =
        key && TagOf(*key) == entry.tag() && (!before || *key >= *before) && (!after || *key < *after);
    return is_its_own ? key : std::nullopt;
  };
  return leaf_keys.Read(*path.leaf, key_of, SharedBytes(before, after));
}

void Tree::EraseSlot(const Path& path, unsigned slot) {
  path.leaf->Erase(slot);
  AddTo(size_, std::uint64_t{0} - 1);
  try {
    ChangeShape([&] { ShrinkLeaf(path); });
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the leaf stays as it is, larger than it need be.
    KVS_PROBE("no memory to make the tree smaller");
  }
}

void Tree::ShrinkLeaf(const Path& path) {
  const unsigned live = path.leaf->CountLive();
  if (live < kLeafMergeBelow && MergeLeaf(path, live)) return;
  KVS_PROBE_IF(leaf_arena_.IsWorthMoving(path.leaf_id), "leaf is moved");
  if (leaf_arena_.IsWorthMoving(path.leaf_id)) MoveLeaf(path);
}

// Merges a leaf of few entries with a sibling, if one has room. An empty leaf is just removed.
bool Tree::MergeLeaf(const Path& path, unsigned live) {
  if (path.height == 0) return false;
  const InnerNode& parent = *path.steps[1].node;
  const unsigned child = path.steps[1].child;
  for (const unsigned left : {child - 1, child}) {
    if (left >= parent.count()) continue;  // No sibling on this side; 0 - 1 is more than any count.
    const NodeId sibling = parent.child(left == child ? child + 1 : left);
    const unsigned together = live + LeafAt(sibling)->CountLive();
    if (live != 0 && together > kLeafMergedMax) continue;
    KVS_PROBE_IF(live == 0, "empty leaf goes");
    KVS_PROBE_IF(live != 0, "two leaves become one");
    NodeId merged = sibling;
    if (live != 0) {
      merged = NewLeaf();
      LeafAt(merged)->InsertAllOf(*path.leaf);
      LeafAt(merged)->InsertAllOf(*LeafAt(sibling));
      retired_.Add({NodeKind::kLeaf, sibling});
    }
    retired_.Add({NodeKind::kLeaf, path.leaf_id});
    Apply(path, Splice::ToOne(left, 2, merged));
    return true;
  }
  return false;
}

// Moves the leaf to the slot of a new one.
void Tree::MoveLeaf(const Path& path) {
  const NodeId moved = NewLeaf();
  LeafAt(moved)->InsertAllOf(*path.leaf);
  retired_.Add({NodeKind::kLeaf, path.leaf_id});
  Apply(path, Splice::ToOne(path.PlaceOnLevel(0), 1, moved));
}

void Tree::Apply(const Path& path, const Splice& splice) {
  const std::uint64_t shape = shape_.load(std::memory_order_relaxed);
  shape_.store(shape + 1, std::memory_order_relaxed);  // P2
  Publish(path, splice);
  shape_.store(shape + 2, std::memory_order_release);  // P3
  CollectRetired();
}

// Carries a change of children upwards, until one store of a link publishes all nodes that were made.
void Tree::Publish(const Path& path, Splice splice) {
  for (unsigned level = 1; level <= path.height; ++level) {
    const Path::Step& step = path.steps[level];
    if (splice.removed == 1 && splice.added == 1) {
      step.node->SetChild(splice.first, splice.children[0]);
      return;
    }
    NodeDraft draft(*step.node);
    draft.Apply(splice);
    retired_.Add({NodeKind::kInner, step.id});
    if (level == path.height && draft.count() == 0) {
      KVS_PROBE("tree loses a level");
      SetRoot(level - 1, draft.children()[0]);
      return;
    }
    splice = MakeNodes(path, level, draft);
  }
  if (splice.added == 1) {
    SetRoot(path.height, splice.children[0]);
  } else {
    KVS_PROBE("tree gains a level");
    SetRoot(path.height + 1, NewInner({&splice.separator, 1}, splice.children));
  }
}

// Makes one or two nodes from the draft of a node on `level`. Returns the splice for the level above.
Splice Tree::MakeNodes(const Path& path, unsigned level, const NodeDraft& draft) {
  const unsigned place = path.PlaceOnLevel(level);
  const auto separators = draft.separators();
  const auto children = draft.children();
  if (draft.count() > InnerNode::kSeparatorsMax) {
    KVS_PROBE("inner node is split");
    const std::size_t middle = draft.count() / 2;
    const NodeId left = NewInner(separators.first(middle), children.first(middle + 1));
    const NodeId right = NewInner(separators.subspan(middle + 1), children.subspan(middle + 1));
    return Splice::ToTwo(place, left, separators[middle], right);
  }
  if (draft.count() < kInnerMergeBelow) {
    const std::optional<Splice> merge = MergeInner(path, level, draft);
    if (merge) return *merge;
  }
  return Splice::ToOne(place, 1, NewInner(separators, children));
}

// Merges the draft of a node with a sibling, if one has room.
std::optional<Splice> Tree::MergeInner(const Path& path, unsigned level, const NodeDraft& draft) {
  if (level == path.height) return std::nullopt;
  const InnerNode& parent = *path.steps[level + 1].node;
  const unsigned place = path.steps[level + 1].child;
  for (const unsigned left : {place - 1, place}) {
    if (left >= parent.count()) continue;  // No sibling on this side; 0 - 1 is more than any count.
    const NodeId sibling_id = parent.child(left == place ? place + 1 : left);
    const NodeDraft sibling(*InnerAt(sibling_id));
    if (draft.count() + sibling.count() + 1 > kInnerMergedMax) continue;
    KVS_PROBE("two inner nodes become one");
    NodeDraft merged = left == place ? draft : sibling;
    merged.AppendNode(parent.separator(left), left == place ? sibling : draft);
    retired_.Add({NodeKind::kInner, sibling_id});
    return Splice::ToOne(left, 2, NewInner(merged.separators(), merged.children()));
  }
  return std::nullopt;
}

void Tree::SetRoot(unsigned height, NodeId id) {
  KVS_CHECK(height <= kHeightMax);
  root_.store(std::uint64_t{height} << 32 | id, std::memory_order_release);  // P1
}

NodeId Tree::NewLeaf() {
  const NodeId id = leaf_arena_.Take();
  new (leaf_arena_.Address(id)) Leaf;
  made_.push_back({NodeKind::kLeaf, id});
  return id;
}

NodeId Tree::NewInner(std::span<const std::string_view> separators, std::span<const NodeId> children) {
  const NodeId id = inner_arena_.Take();
  try {
    const auto* const node = new (inner_arena_.Address(id)) InnerNode(separators, children);
    AddTo(separator_bytes_, node->separator_bytes());
  } catch (const std::bad_alloc&) {
    KVS_PROBE("no memory for separators");
    inner_arena_.Return(id);
    throw;
  }
  made_.push_back({NodeKind::kInner, id});
  return id;
}

// A small tree collects after few changes, so that few nodes wait compared with those in use.
void Tree::CollectRetired() {
  const std::uint64_t nodes = leaf_arena_.slots_taken() + inner_arena_.slots_taken();
  const std::uint64_t group = std::clamp<std::uint64_t>(nodes / 4, 1, kRetireGroup);
  retired_.Collect(group, [this](RetiredNode node) { Free(node); });
}

void Tree::Free(RetiredNode node) {
  if (node.kind == NodeKind::kLeaf) {
    std::destroy_at(LeafAt(node.id));
    leaf_arena_.Return(node.id);
    return;
  }
  AddTo(separator_bytes_, std::uint64_t{0} - InnerAt(node.id)->separator_bytes());
  std::destroy_at(InnerAt(node.id));
  inner_arena_.Return(node.id);
}

}  // namespace kvs::index
