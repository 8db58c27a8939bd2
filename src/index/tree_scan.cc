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

  void ShrinkTo(std::string_view fence, std::size_t expected) {
    resume.assign(fence);
    bounds.expected = expected;
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

constexpr std::size_t kUnknown = ~std::size_t{0};

// 0, 1, 2 ...: the places of records that are in the order of their keys already.
constexpr LeafOrders::Places kInOrder = [] {
  LeafOrders::Places places{};
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = static_cast<std::uint8_t>(i);
  return places;
}();

// Reads the records of a leaf and visits those in range, in scan order. If the order of the leaf is known, it reads
// those that are visited, and some to find the first.
class LeafScan {
 public:
  LeafScan(LeafOrders& orders, const KeySource& source, LeafReader& reader)
      : orders_(orders), source_(source), reader_(reader) {}

  // Turns to a leaf. locations: in, those of its live entries; they outlive the visit.
  void Begin(NodeId leaf, std::span<const base::Location> locations) {
    leaf_ = leaf;
    generation_ = source_.Generation();
    locations_ = locations;
    begin_ = 0;
    end_ = locations.size();
    visited_ = 0;
    is_ordered_ = orders_.Find(leaf, locations, generation_, order_);
  }

  // Returns the location of a damaged record. Whether its key is in range is unknown.
  std::optional<base::Location> KeepOnly(const Range& range) {
    range_ = range;
    if (!is_ordered_) return std::nullopt;
    if (range.from) begin_ = FirstNotBefore(*range.from);
    if (range.to && !damaged_) end_ = FirstNotBefore(*range.to);
    return damaged_;
  }

  // The entries that are left; in a leaf without a known order, also those out of range.
  std::size_t size() const { return end_ - begin_; }

  // Visits what is left. False: the visitor has ended the scan, or a record was damaged.
  // expected: in, how many the visitor will probably take. shared_bytes: in, all keys of the leaf agree in their first
  // bytes up to this number.
  bool Visit(bool reverse, std::size_t expected, std::size_t shared_bytes) {
    if (!is_ordered_) return VisitUnordered(reverse, shared_bytes);
    if (size() == locations_.size() && size() <= expected) return VisitAll(reverse);
    for (std::size_t count = expected; size() > 0; count = size()) {
      if (!VisitNext(reverse, std::min(count, size()))) return false;
    }
    return true;
  }

  std::size_t visited() const { return visited_; }  // Of the leaf.
  const std::optional<base::Location>& damaged() const { return damaged_; }

 private:
  // The first place, of those that are left, whose key is not before `key`.
  std::size_t FirstNotBefore(std::string_view key) {
    std::size_t low = begin_;
    std::size_t high = end_;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      damaged_ = reader_.Read({&locations_[order_[middle]], 1}, {keys_.data(), 1});
      if (damaged_) break;
      if (keys_[0] < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // Reads the records in the order in which they were prefetched.
  bool VisitAll(bool reverse) {
    damaged_ = reader_.Read(locations_, {keys_.data(), locations_.size()});
    if (damaged_) return false;
    visited_ = locations_.size();
    return VisitPlaces({order_.data(), locations_.size()}, reverse);
  }

  bool VisitNext(bool reverse, std::size_t count) {
    const std::size_t first = reverse ? end_ - count : begin_;
    std::array<base::Location, Leaf::kSlots> next;
    for (std::size_t i = 0; i < count; ++i) next[i] = locations_[order_[first + i]];
    (reverse ? end_ : begin_) = reverse ? first : first + count;
    visited_ += count;
    damaged_ = reader_.Read({next.data(), count}, {keys_.data(), count});
    if (damaged_) return false;
    return VisitPlaces({kInOrder.data(), count}, reverse);
  }

  bool VisitUnordered(bool reverse, std::size_t shared_bytes) {
    const std::span<std::string_view> keys(keys_.data(), locations_.size());
    damaged_ = reader_.Read(locations_, keys);
    if (damaged_) return false;
    std::span<const std::uint8_t> places = sorter_.Sort(keys, shared_bytes);
    if (places.size() == locations_.size()) orders_.Keep(leaf_, locations_, generation_, places);
    while (range_.from && !places.empty() && keys_[places.front()] < *range_.from) places = places.subspan(1);
    while (range_.to && !places.empty() && keys_[places.back()] >= *range_.to) places = places.first(places.size() - 1);
    visited_ = places.size();
    return VisitPlaces(places, reverse);
  }

  bool VisitPlaces(std::span<const std::uint8_t> places, bool reverse) {
    if (!reverse) return reader_.Visit(places);
    std::array<std::uint8_t, Leaf::kSlots> backwards;
    std::reverse_copy(places.begin(), places.end(), backwards.begin());
    return reader_.Visit({backwards.data(), places.size()});
  }

  LeafOrders& orders_;
  const KeySource& source_;
  LeafReader& reader_;
  KeySorter sorter_;

  // Of the leaf.
  NodeId leaf_ = 0;
  std::uint64_t generation_ = 0;
  Range range_;
  std::span<const base::Location> locations_;
  bool is_ordered_ = false;
  LeafOrders::Places order_;
  std::size_t begin_ = 0;  // The places of the order that are left.
  std::size_t end_ = 0;
  std::size_t visited_ = 0;
  std::array<std::string_view, Leaf::kSlots> keys_;
  std::optional<base::Location> damaged_;
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
    rest.ShrinkTo(step.fence, step.expected);
  }
}

// Visits the leaves below one inner node, from the first in range on. It stops if new nodes were made: the leaves below
// this node may then be outdated, and a scan shows current ones.
Tree::ScanStep Tree::ScanSiblings(const Bounds& bounds, LeafReader& reader) const {
  const std::uint64_t shape = shape_.load(std::memory_order_acquire);  // P2
  const Direction direction = bounds.reverse ? Direction::kBackward : Direction::kForward;
  Path path = FirstPath(bounds);
  LeafScan leaf(orders_, keys_, reader);
  std::size_t expected = bounds.expected;
  PrefetchSibling(path, direction, 1);
  reader.Prefetch(LiveLocations(*path.leaf).all());
  for (;;) {
    const std::optional<std::string_view> before = FenceBefore(path);
    const std::optional<std::string_view> after = FenceAfter(path);
    Range range;
    if (before.value_or("") < bounds.from) range.from = bounds.from;
    if (bounds.to && (!after || *after > *bounds.to)) range.to = bounds.to;
    const bool is_last =
        bounds.reverse ? !before || *before <= bounds.from : !after || (bounds.to && *after >= *bounds.to);
    const LiveLocations live(*path.leaf);
    leaf.Begin(path.leaf_id, live.all());
    if (const auto damaged = leaf.KeepOnly(range)) return {true, {Outcome::kDamaged, *damaged}, {}};
    const std::optional<NodeId> next = is_last ? std::nullopt : Sibling(path, direction, 1);
    if (next && leaf.size() < expected) {
      PrefetchRecords(*next, direction, expected - leaf.size(), reader);
      PrefetchSibling(path, direction, 2);
    }
    const bool goes_on = leaf.Visit(bounds.reverse, expected, SharedBytes(before, after));
    if (leaf.damaged()) return {true, {Outcome::kDamaged, *leaf.damaged()}, {}};
    if (!goes_on || is_last) return {true, {Outcome::kFound, {}}, {}};
    expected = expected > leaf.visited() ? expected - leaf.visited() : kUnknown;  // Some were visited in vain.
    if (!next || shape_.load(std::memory_order_acquire) != shape) {               // P2
      KVS_PROBE_IF(next.has_value(), "scan starts again in a changed tree");
      return {.is_last = false, .result = {}, .fence = bounds.reverse ? *before : *after, .expected = expected};
    }
    StepAside(path, direction);
  }
}

// Prefetches the records of a leaf that a scan will read if it visits `expected` of them.
void Tree::PrefetchRecords(NodeId id, Direction direction, std::size_t expected, LeafReader& reader) const {
  const LiveLocations live(*LeafAt(id));
  const std::span<const base::Location> all = live.all();
  LeafOrders::Places order;
  if (expected >= all.size() || !orders_.Find(id, all, keys_.Generation(), order)) return reader.Prefetch(all);
  std::array<base::Location, Leaf::kSlots> some;
  const std::size_t first = direction == Direction::kForward ? 0 : all.size() - expected;
  for (std::size_t i = 0; i < expected; ++i) some[i] = all[order[first + i]];
  reader.Prefetch({some.data(), expected});
}

void Tree::PrefetchSibling(const Path& path, Direction direction, unsigned distance) const {
  const std::optional<NodeId> id = Sibling(path, direction, distance);
  if (!id) return;
  LeafAt(*id)->PrefetchLines();
  orders_.Prefetch(*id);
}

Tree::Path Tree::FirstPath(const Bounds& bounds) const {
  if (!bounds.reverse) return PathTo(bounds.from);
  if (!bounds.to) return Descend([](const InnerNode& node) { return node.count(); });
  const SearchKey target(*bounds.to);
  return Descend([&](const InnerNode& node) { return node.ChildBefore(target); });
}

// The leaf at `distance` from the path's leaf, below the same inner node; nullopt: there is none.
std::optional<NodeId> Tree::Sibling(const Path& path, Direction direction, unsigned distance) {
  if (path.height == 0) return std::nullopt;
  const Path::Step& step = path.steps[1];
  const unsigned siblings = direction == Direction::kBackward ? step.child : step.node->count() - step.child;
  if (siblings < distance) return std::nullopt;
  return step.node->child(direction == Direction::kBackward ? step.child - distance : step.child + distance);
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
