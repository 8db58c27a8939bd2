#include <algorithm>
#include <array>
#include <string>

#include "base/probe.h"
#include "index/key_sorter.h"
#include "index/tree.h"

namespace kvs::index {
namespace {

// Bounds that shrink during the scan: everything before `resume` was visited.
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

// The part of a leaf that a scan needs; nullopt: no end on that side.
struct Range {
  std::optional<std::string_view> from = std::nullopt;
  std::optional<std::string_view> to = std::nullopt;
};

// For callers that need only keys and locations.
class KeyReader final : public LeafReader {
 public:
  KeyReader(const KeySource& source, FunctionRef<bool(std::string_view, base::Location)> visit)
      : source_(source), visit_(visit) {}

  void Prefetch(std::span<const base::Location> locations) override {
    for (const base::Location location : locations) source_.Prefetch(location);
  }

  std::optional<base::Location> Read(std::span<const base::Location> locations,
                                     std::span<std::string_view> keys) override {
    locations_ = locations;
    keys_ = keys;
    for (std::size_t i = 0; i < locations.size(); ++i) {
      const std::optional<std::string_view> key = source_.KeyAt(locations[i]);
      if (!key) return locations[i];
      keys[i] = *key;
    }
    return std::nullopt;
  }

  bool Visit(std::span<const std::uint8_t> places) override {
    return std::all_of(places.begin(), places.end(),
                       [this](std::uint8_t place) { return visit_(keys_[place], locations_[place]); });
  }

 private:
  const KeySource& source_;
  const FunctionRef<bool(std::string_view, base::Location)> visit_;
  std::span<const base::Location> locations_;
  std::span<const std::string_view> keys_;
};

// Reads the records of a leaf and visits those in range, in scan order.
class LeafScan {
 public:
  explicit LeafScan(LeafReader& reader) : reader_(reader) {}

  // Returns the location of a damaged record. Whether its key is in range is unknown.
  // shared_bytes: in, all keys of the leaf agree in their first bytes up to this number.
  std::optional<base::Location> Read(std::span<const base::Location> locations, std::size_t shared_bytes) {
    const std::span<std::string_view> keys(keys_.data(), locations.size());
    if (const auto damaged = reader_.Read(locations, keys)) return damaged;
    places_ = sorter_.Sort(keys, shared_bytes);
    return std::nullopt;
  }

  void KeepOnly(const Range& range) {
    while (range.from && !places_.empty() && keys_[places_.front()] < *range.from) places_ = places_.subspan(1);
    while (range.to && !places_.empty() && keys_[places_.back()] >= *range.to)
      places_ = places_.first(places_.size() - 1);
  }

  bool Visit(bool reverse) {
    if (!reverse) return reader_.Visit(places_);
    std::array<std::uint8_t, Leaf::kSlots> backwards;
    std::reverse_copy(places_.begin(), places_.end(), backwards.begin());
    return reader_.Visit({backwards.data(), places_.size()});
  }

  std::size_t size() const { return places_.size(); }

 private:
  LeafReader& reader_;
  std::array<std::string_view, Leaf::kSlots> keys_;
  KeySorter sorter_;
  std::span<const std::uint8_t> places_;
};

}  // namespace

ScanResult Tree::Scan(const Bounds& bounds, FunctionRef<bool(std::string_view, base::Location)> visit) const {
  KeyReader reader(keys_, visit);
  return Scan(bounds, reader);
}

ScanResult Tree::Scan(const Bounds& bounds, LeafReader& reader) const {
  Rest rest(bounds);
  for (;;) {
    const sync::EpochGuard pin = epochs_.Pin();
    const ScanStep step = ScanSiblings(rest.bounds, reader);
    if (step.is_last) return step.result;
    rest.ShrinkTo(step.fence);
  }
}

// Visits the leaves below one inner node, from the first in range on. It stops if new nodes were made: the leaves below
// this node may then be outdated, and a scan shows current ones.
Tree::ScanStep Tree::ScanSiblings(const Bounds& bounds, LeafReader& reader) const {
  const std::uint64_t shape = shape_.load(std::memory_order_acquire);  // P2
  const Direction direction = bounds.reverse ? Direction::kBackward : Direction::kForward;
  Path path = FirstPath(bounds);
  LeafScan leaf(reader);
  std::size_t visited = 0;
  if (const Leaf* const next = Sibling(path, direction, 1)) next->PrefetchLines();
  reader.Prefetch(LiveLocations(*path.leaf).all());
  for (;;) {
    const std::optional<std::string_view> before = FenceBefore(path);
    const std::optional<std::string_view> after = FenceAfter(path);
    Range range;
    if (!before || *before < bounds.from) range.from = bounds.from;
    if (bounds.to && (!after || *after > *bounds.to)) range.to = bounds.to;
    const bool is_last =
        bounds.reverse ? !before || *before <= bounds.from : !after || (bounds.to && *after >= *bounds.to);
    const LiveLocations live(*path.leaf);
    const Leaf* const next = is_last ? nullptr : Sibling(path, direction, 1);
    if (next != nullptr && visited + live.all().size() < bounds.expected) {
      reader.Prefetch(LiveLocations(*next).all());
      if (const Leaf* const then = Sibling(path, direction, 2)) then->PrefetchLines();
    }
    const auto damaged = leaf.Read(live.all(), SharedBytes(before, after));
    if (damaged) return {.is_last = true, .result = {Outcome::kDamaged, *damaged}, .fence = {}};
    leaf.KeepOnly(range);
    if (!leaf.Visit(bounds.reverse) || is_last) {
      return {.is_last = true, .result = {Outcome::kFound, {}}, .fence = {}};
    }
    visited += leaf.size();
    if (next == nullptr || shape_.load(std::memory_order_acquire) != shape) {  // P2
      KVS_PROBE_IF(next != nullptr, "scan starts again in a changed tree");
      return {.is_last = false, .result = {}, .fence = bounds.reverse ? *before : *after};
    }
    StepAside(path, direction);
  }
}

Tree::Path Tree::FirstPath(const Bounds& bounds) const {
  if (!bounds.reverse) return PathTo(bounds.from);
  if (!bounds.to) return Descend([](const InnerNode& node) { return node.count(); });
  const SearchKey target(*bounds.to);
  return Descend([&](const InnerNode& node) { return node.ChildBefore(target); });
}

// The leaf at `distance` from the path's leaf, below the same inner node; nullptr: there is none.
const Leaf* Tree::Sibling(const Path& path, Direction direction, unsigned distance) const {
  if (path.height == 0) return nullptr;
  const Path::Step& step = path.steps[1];
  const unsigned siblings = direction == Direction::kBackward ? step.child : step.node->count() - step.child;
  if (siblings < distance) return nullptr;
  return LeafAt(step.node->child(direction == Direction::kBackward ? step.child - distance : step.child + distance));
}

void Tree::StepAside(Path& path, Direction direction) const {
  Path::Step& step = path.steps[1];
  step.child = direction == Direction::kBackward ? step.child - 1 : step.child + 1;
  path.leaf_id = step.node->child(step.child);
  path.leaf = LeafAt(path.leaf_id);
}

// The smallest key that may be in the leaf; nullopt: there is no lower bound.
std::optional<std::string_view> Tree::FenceBefore(const Path& path) {
  for (unsigned level = 1; level <= path.height; ++level) {
    const Path::Step& step = path.steps[level];
    if (step.child > 0) return step.node->separator(step.child - 1);
  }
  return std::nullopt;
}

// The smallest key after those that may be in the leaf; nullopt: it is the last leaf.
std::optional<std::string_view> Tree::FenceAfter(const Path& path) {
  for (unsigned level = 1; level <= path.height; ++level) {
    const Path::Step& step = path.steps[level];
    if (step.child < step.node->count()) return step.node->separator(step.child);
  }
  return std::nullopt;
}

// All keys between two keys share the prefix that these two share.
std::size_t Tree::SharedBytes(const std::optional<std::string_view>& before,
                              const std::optional<std::string_view>& after) {
  if (!before || !after) return 0;
  const auto [end, _] = std::mismatch(before->begin(), before->end(), after->begin(), after->end());
  return static_cast<std::size_t>(end - before->begin());
}

}  // namespace kvs::index
