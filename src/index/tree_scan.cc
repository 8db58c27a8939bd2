#include <algorithm>
#include <string>

#include "index/leaf_keys.h"
#include "index/tree.h"

namespace kvs::index {
namespace {

// Bounds that shrink as the scan goes on: what was visited lies behind `resume`.
struct Rest {
  explicit Rest(const Bounds& all) : bounds(all) {}

  void ShrinkTo(std::string_view fence) {
    resume.assign(fence);
    if (bounds.reverse) {
      bounds.to = resume;
    } else {
      bounds.from = resume;
    }
  }

  Bounds bounds;
  std::string resume;
};

}  // namespace

ScanResult Tree::Scan(const Bounds& bounds, FunctionRef<bool(std::string_view, base::Location)> visit) const {
  Rest rest(bounds);
  LeafKeys leaf_keys;
  for (;;) {
    const sync::EpochGuard pin = epochs_.Pin();
    const ScanStep step = ScanSiblings(rest.bounds, leaf_keys, visit);
    if (step.is_last) return step.result;
    rest.ShrinkTo(step.fence);
  }
}

// Visits the leaves below one inner node from the first that the bounds reach. It stops where nodes have been made
// anew: from then on the leaves of this one may be old, and a scan shows what is current.
Tree::ScanStep Tree::ScanSiblings(const Bounds& bounds, LeafKeys& leaf_keys,
                                  FunctionRef<bool(std::string_view, base::Location)> visit) const {
  const std::uint64_t shape = shape_.load(std::memory_order_acquire);  // P2
  Path path = FirstPath(bounds);
  std::size_t visited = 0;
  if (const Leaf* const next = Sibling(path, bounds.reverse, 1)) next->PrefetchLines();
  LeafKeys::Prefetch(*path.leaf, keys_);
  for (;;) {
    const std::optional<std::string_view> before = FenceBefore(path);
    const std::optional<std::string_view> behind = FenceBehind(path);
    LeafKeys::Range range;
    if (!before || *before < bounds.from) range.from = bounds.from;
    if (bounds.to && (!behind || *behind > *bounds.to)) range.to = bounds.to;
    const bool is_last =
        bounds.reverse ? !before || *before <= bounds.from : !behind || (bounds.to && *behind >= *bounds.to);
    const Leaf* const next = is_last ? nullptr : Sibling(path, bounds.reverse, 1);
    if (next != nullptr && visited + path.leaf->CountLive() < bounds.expected) {
      LeafKeys::Prefetch(*next, keys_);
      if (const Leaf* const then = Sibling(path, bounds.reverse, 2)) then->PrefetchLines();
    }
    const auto damaged = leaf_keys.Read(*path.leaf, keys_, range, SharedBytes(before, behind));
    if (damaged) return {.is_last = true, .result = {Outcome::kDamaged, *damaged}, .fence = {}};
    const std::span<const KeyedEntry> sorted = leaf_keys.sorted();
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const KeyedEntry& found = sorted[bounds.reverse ? sorted.size() - 1 - i : i];
      if (!visit(found.key, found.entry.location()))
        return {.is_last = true, .result = {Outcome::kFound, {}}, .fence = {}};
    }
    if (is_last) return {.is_last = true, .result = {Outcome::kFound, {}}, .fence = {}};
    visited += sorted.size();
    if (next == nullptr || shape_.load(std::memory_order_acquire) != shape) {  // P2
      return {.is_last = false, .result = {}, .fence = bounds.reverse ? *before : *behind};
    }
    StepAside(path, bounds.reverse);
  }
}

Tree::Path Tree::FirstPath(const Bounds& bounds) const {
  if (!bounds.reverse) return PathTo(bounds.from);
  if (!bounds.to) return Descend([](const InnerNode& node) { return node.count(); });
  const SearchKey target(*bounds.to);
  return Descend([&](const InnerNode& node) { return node.ChildBefore(target); });
}

// The leaf at some distance from the one that the path leads to, below the same inner node; nullptr: there is none.
const Leaf* Tree::Sibling(const Path& path, bool is_before, unsigned distance) const {
  if (path.height == 0) return nullptr;
  const Path::Step& step = path.steps[1];
  const unsigned siblings = is_before ? step.child : step.node->count() - step.child;
  if (siblings < distance) return nullptr;
  return LeafAt(step.node->child(is_before ? step.child - distance : step.child + distance));
}

void Tree::StepAside(Path& path, bool to_the_one_before) const {
  Path::Step& step = path.steps[1];
  step.child = to_the_one_before ? step.child - 1 : step.child + 1;
  path.leaf_id = step.node->child(step.child);
  path.leaf = LeafAt(path.leaf_id);
}

// The smallest key that may be in the leaf; nullopt: any key before the leaf's end.
std::optional<std::string_view> Tree::FenceBefore(const Path& path) {
  for (unsigned level = 1; level <= path.height; ++level) {
    const Path::Step& step = path.steps[level];
    if (step.child > 0) return step.node->separator(step.child - 1);
  }
  return std::nullopt;
}

// The smallest key behind those that may be in the leaf; nullopt: it is the last.
std::optional<std::string_view> Tree::FenceBehind(const Path& path) {
  for (unsigned level = 1; level <= path.height; ++level) {
    const Path::Step& step = path.steps[level];
    if (step.child < step.node->count()) return step.node->separator(step.child);
  }
  return std::nullopt;
}

// Keys between two that begin in the same way begin so too.
std::size_t Tree::SharedBytes(const std::optional<std::string_view>& before,
                              const std::optional<std::string_view>& behind) {
  if (!before || !behind) return 0;
  const auto [end, _] = std::mismatch(before->begin(), before->end(), behind->begin(), behind->end());
  return static_cast<std::size_t>(end - before->begin());
}

}  // namespace kvs::index
