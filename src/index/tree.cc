#include "index/tree.h"

#include <random>

#include "base/check.h"
#include "base/probe.h"

namespace kvs::index {
namespace {

// Clients choose the keys. Without the seed they cannot choose keys that collide.
std::uint64_t RandomSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Tree::Tree(const KeySource& keys, sync::EpochDomain& epochs) : Tree(keys, epochs, RandomSeed()) {}

Tree::Tree(const KeySource& keys, sync::EpochDomain& epochs, std::uint64_t hash_seed)
    : keys_(keys), epochs_(epochs), hash_seed_(hash_seed), retired_(epochs) {
  made_.reserve(kNodesPerChangeMax);
  SetRoot(0, NewLeaf());
}

LookUp Tree::Find(std::string_view key) const {
  return Find(key, [&](base::Location location) { return keys_.Compare(location, key); });
}

LookUp Tree::Find(std::string_view key, FunctionRef<Match(base::Location)> compare) const {
  const Tag tag = TagOf(key);
  const SearchKey target(key);
  const RootLink root = Root();
  NodeId id = root.id;
  for (unsigned level = root.height; level > 0; --level) {
    const InnerNode* const node = InnerAt(id);
    node->PrefetchChildren();
    id = node->child(node->ChildOf(target));
  }
  const Hit hit = SearchLeaf(*LeafAt(id), tag, compare);
  return {hit.outcome, hit.location};
}

Change Tree::Upsert(std::string_view key, base::Location location, const LeafHint& hint) {
  KVS_CHECK(!location.is_none());
  if (Holds(hint)) {
    if (const auto change = UpsertInto(*LeafAt(hint.leaf_id), key, LeafEntry(hint.tag, location))) return *change;
  }
  KVS_PROBE_IF(hint.shape != LeafHint().shape && !Holds(hint), "hint of the writer no longer holds");
  const LeafEntry entry(TagOf(key), location);
  const Path path = PathTo(key);
  if (const auto change = UpsertInto(*path.leaf, key, entry)) return *change;
  if (const auto damaged = AddToFull(path, key, entry)) return {Outcome::kDamaged, *damaged};
  AddTo(size_, 1);
  return {Outcome::kAbsent, {}};
}

std::optional<Change> Tree::UpsertInto(Leaf& leaf, std::string_view key, LeafEntry entry) {
  const Hit hit = SearchLeaf(leaf, entry.tag(), key);
  if (hit.outcome == Outcome::kDamaged) return Change{Outcome::kDamaged, hit.location};
  if (hit.outcome == Outcome::kFound) {
    leaf.Overwrite(hit.slot, entry);
    return Change{Outcome::kFound, hit.location};
  }
  if (!leaf.Insert(entry)) return std::nullopt;
  AddTo(size_, 1);
  return Change{Outcome::kAbsent, {}};
}

Change Tree::Erase(std::string_view key) {
  const Path path = PathTo(key);
  const Hit hit = SearchLeaf(*path.leaf, TagOf(key), key);
  if (hit.outcome == Outcome::kFound) EraseSlot(path, hit.slot);
  return {hit.outcome, hit.location};
}

bool Tree::Replace(std::string_view key, base::Location expected, base::Location desired, const LeafHint& hint) {
  KVS_CHECK(!expected.is_none() && !desired.is_none());
  const bool holds = Holds(hint);
  KVS_PROBE_IF(hint.shape != LeafHint().shape && !holds, "hint of compaction no longer holds");
  const Tag tag = holds ? hint.tag : TagOf(key);
  Leaf& leaf = holds ? *LeafAt(hint.leaf_id) : *PathTo(key).leaf;
  const std::optional<unsigned> slot = leaf.SlotOf(LeafEntry(tag, expected));
  KVS_PROBE_IF(!slot, "entry to replace has changed");
  if (slot) leaf.Overwrite(*slot, LeafEntry(tag, desired));
  return slot.has_value();
}

bool Tree::EraseExact(std::string_view key, base::Location expected) {
  KVS_CHECK(!expected.is_none());
  const Path path = PathTo(key);
  const std::optional<unsigned> slot = path.leaf->SlotOf(LeafEntry(TagOf(key), expected));
  if (slot) EraseSlot(path, *slot);
  return slot.has_value();
}

// Treats all nodes of a level as equally wide, so each leaf has the same chance. The root is alone on its level.
std::optional<base::Location> Tree::DrawEntry(FunctionRef<std::uint64_t(std::uint64_t n)> below) const {
  bool is_root = true;
  bool is_void = false;
  const Path path = Descend([&](const InnerNode& node) {
    const unsigned children = node.count() + 1;
    const std::uint64_t drawn = below(std::exchange(is_root, false) ? children : InnerNode::kChildrenMax);
    is_void = is_void || drawn >= children;
    return is_void ? 0U : static_cast<unsigned>(drawn);
  });
  const LeafEntry entry = path.leaf->Load(static_cast<unsigned>(below(Leaf::kSlots)));
  if (is_void || !entry.is_live()) return std::nullopt;
  return entry.location();
}

std::uint64_t Tree::MemoryBytes() const {
  return leaf_arena_.bytes() + inner_arena_.bytes() + orders_.bytes() +
         separator_bytes_.load(std::memory_order_relaxed);  // R1
}

Tree::RootLink Tree::Root() const {
  const std::uint64_t word = root_.load(std::memory_order_acquire);  // P1
  return {static_cast<unsigned>(word >> 32), static_cast<NodeId>(word)};
}

Tree::Path Tree::PathTo(std::string_view key) const {
  KVS_CHECK(key.size() <= InnerNode::kKeyBytesMax);
  const SearchKey target(key);
  return Descend([&](const InnerNode& node) {
    node.PrefetchChildren();
    return node.ChildOf(target);
  });
}

Tree::Hit Tree::SearchLeaf(const Leaf& leaf, Tag tag, std::string_view key) const {
  return SearchLeaf(leaf, tag, [&](base::Location location) { return keys_.Compare(location, key); });
}

void Tree::AddTo(std::atomic<std::uint64_t>& figure, std::uint64_t difference) {
  figure.store(figure.load(std::memory_order_relaxed) + difference, std::memory_order_relaxed);  // R1
}

}  // namespace kvs::index
