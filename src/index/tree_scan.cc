#include <string>

#include "index/leaf_keys.h"
#include "index/tree.h"

namespace kvs::index {

ScanResult Tree::Scan(const Bounds& bounds, FunctionRef<bool(std::string_view, base::Location)> visit) const {
  return bounds.reverse ? ScanBackward(bounds, visit) : ScanForward(bounds, visit);
}

// A leaf ends at its fence, and so does what was visited: the scan goes on there, in whatever leaf the fence is now.
ScanResult Tree::ScanForward(const Bounds& bounds, FunctionRef<bool(std::string_view, base::Location)> visit) const {
  LeafKeys leaf_keys;
  std::string from(bounds.from);
  for (;;) {
    const sync::EpochGuard pin = epochs_.Pin();
    const Path path = PathTo(from);
    const auto damaged = leaf_keys.Read(*path.leaf, keys_, {from, bounds.to});
    if (damaged) return {Outcome::kDamaged, *damaged};
    for (const KeyedEntry& found : leaf_keys.sorted()) {
      if (!visit(found.key, found.entry.location())) return {Outcome::kFound, {}};
    }
    const std::optional<std::string_view> fence = FenceBehind(path);
    if (!fence || (bounds.to && *fence >= *bounds.to)) return {Outcome::kFound, {}};
    from = *fence;
  }
}

ScanResult Tree::ScanBackward(const Bounds& bounds, FunctionRef<bool(std::string_view, base::Location)> visit) const {
  LeafKeys leaf_keys;
  std::optional<std::string> to;
  if (bounds.to) to = *bounds.to;
  for (;;) {
    const sync::EpochGuard pin = epochs_.Pin();
    const Path path = to ? PathBefore(*to) : PathToLast();
    const auto damaged = leaf_keys.Read(*path.leaf, keys_, {bounds.from, to});
    if (damaged) return {Outcome::kDamaged, *damaged};
    const std::span<const KeyedEntry> sorted = leaf_keys.sorted();
    for (auto found = sorted.rbegin(); found != sorted.rend(); ++found) {
      if (!visit(found->key, found->entry.location())) return {Outcome::kFound, {}};
    }
    const std::optional<std::string_view> fence = FenceBefore(path);
    if (!fence || *fence <= bounds.from) return {Outcome::kFound, {}};
    to = *fence;
  }
}

Tree::Path Tree::PathBefore(std::string_view key) const {
  const SearchKey target(key);
  return Descend([&](const InnerNode& node) { return node.ChildBefore(target); });
}

Tree::Path Tree::PathToLast() const {
  return Descend([](const InnerNode& node) { return node.count(); });
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

}  // namespace kvs::index
