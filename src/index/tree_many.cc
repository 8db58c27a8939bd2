#include "base/check.h"
#include "base/probe.h"
#include "index/tree.h"

namespace kvs::index {

// Descends level by level. Each step prefetches the next node of all keys before the first is needed. Prefetches have
// loops of their own: each waits until the processor knows its address, and only neighbouring ones wait together.
void Tree::DescendTogether(std::span<const std::string_view> keys, Targets& targets) const {
  KVS_CHECK(keys.size() <= kTogetherMax);
  const RootLink root = Root();
  base::UninitializedArray<SearchKey, kTogetherMax> search_keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    search_keys[i] = SearchKey(keys[i]);
    targets[i].tag = TagOf(keys[i]);
    targets[i].leaf_id = root.id;  // A node on the way to it.
  }
  for (unsigned level = root.height; level > 0; --level) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const InnerNode& node = *InnerAt(targets[i].leaf_id);
      targets[i].leaf_id = node.child(node.ChildOf(search_keys[i]));
    }
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (level > 1) {
        InnerAt(targets[i].leaf_id)->Prefetch();
      } else {
        LeafAt(targets[i].leaf_id)->PrefetchLine(Leaf::HomeLine(targets[i].tag));
      }
    }
  }
}

void Tree::PrefetchRecords(std::span<Target> targets) const {
  for (Target& target : targets) {
    const Leaf::Line line = LeafAt(target.leaf_id)->LoadLine(Leaf::HomeLine(target.tag));
    const unsigned slots = line.SlotsWith(target.tag);
    target.likely = slots == 0 ? LeafEntry() : line.entries[static_cast<unsigned>(std::countr_zero(slots))];
  }
  for (const Target& target : targets) {
    if (!target.likely.is_empty()) keys_.Prefetch(target.likely.location());
  }
}

void Tree::TakeHints(std::uint64_t shape, std::span<const Target> targets, std::span<LeafHint> hints) {
  for (std::size_t i = 0; i < targets.size(); ++i) hints[i] = {shape, targets[i].leaf_id, targets[i].tag};
}

void Tree::FindMany(std::span<const std::string_view> keys, FunctionRef<Match(std::size_t i, base::Location)> compare,
                    std::span<LookUp> found) const {
  Targets targets;
  DescendTogether(keys, targets);
  PrefetchRecords(targets.first(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const base::Location likely = targets[i].likely.location();
    if (!likely.is_none() && compare(i, likely) == Match::kSame) {
      found[i] = {Outcome::kFound, likely};
      continue;
    }
    KVS_PROBE_IF(!likely.is_none(), "likely record is one of another key");
    const Hit hit = SearchLeaf(*LeafAt(targets[i].leaf_id), targets[i].tag,
                               [&](base::Location location) { return compare(i, location); });
    found[i] = {hit.outcome, hit.location};
  }
}

// An overwrite is one store to its own slot. Nothing moves, so other keys of the leaf do not matter.
void Tree::OverwriteMany(std::span<const std::string_view> keys, std::span<const base::Location> locations,
                         std::span<Change> changes) {
  Targets targets;
  DescendTogether(keys, targets);
  PrefetchRecords(targets.first(keys.size()));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Leaf& leaf = *LeafAt(targets[i].leaf_id);
    const Hit hit = SearchLeaf(leaf, targets[i].tag, keys[i]);
    changes[i] = {hit.outcome, hit.location};
    if (hit.outcome == Outcome::kFound) leaf.Overwrite(hit.slot, LeafEntry(targets[i].tag, locations[i]));
  }
}

void Tree::PrefetchMany(std::span<const std::string_view> keys, std::span<LeafHint> hints) const {
  const std::uint64_t shape = ShapeForHints();
  Targets targets;
  DescendTogether(keys, targets);
  PrefetchRecords(targets.first(keys.size()));
  TakeHints(shape, targets.first(keys.size()), hints);
}

void Tree::PrefetchLeavesOf(std::span<const std::string_view> keys, std::span<LeafHint> hints) const {
  const std::uint64_t shape = ShapeForHints();
  Targets targets;
  DescendTogether(keys, targets);
  TakeHints(shape, targets.first(keys.size()), hints);
}

}  // namespace kvs::index
