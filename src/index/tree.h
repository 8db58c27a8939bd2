// Tree: the ordered in-memory index from keys to locations: a B+-tree with hashed leaves.
//
// Design      Inner nodes (InnerNode) have 1 kB and are copied when they change. Leaves (Leaf) are hash tables of 256
//             bytes. Keys are stored only in separators; the full key is read from the owner (KeySource). So an entry
//             costs about 14 bytes whatever the length of its key. A point operation touches one inner node per level,
//             one cache line of a leaf, and the record.
//             A split or merge makes new nodes, publishes them by one store of a link, and retires the old ones to
//             the epoch. A leaf is split in its middle, or later if keys arrive in ascending order. Nodes are in arenas
//             and linked by numbers, so leaves can be saved as they are. The order of a leaf's keys is found by the
//             first scan, and kept for later ones (LeafOrders).
// Threads     Readers: any thread, without locks. They write no shared memory except the pin, and allocate only in
//             Scan(). Writers: one at a time, under the caller's lock; they need no pin.
// Ordering    Linearizable per key. A scan sees each key as it was at some time during the scan.
// Ownership   The tree must end before its KeySource and its EpochDomain, and after its last use.
// Limits      Keys have 0 to 65,535 bytes of any value, and a location is never none. The caller checks that; otherwise
//             the process ends.
// Errors      kDamaged, with the location of the damaged record, if its key is needed. Nothing was changed then.
//             Without memory Upsert() throws std::bad_alloc, and nothing was changed. Other changes need no memory:
//             without it the tree just does not shrink.
//
// Invariants  I1  The tree always has a leaf. All leaves are on the same level.
//             I2  A key is only in the leaf to which the separators lead.
//             I3  A node is retired after the store that unlinked it, and freed when no pin remains that could see it.
//             I4  A reader uses nodes and keys only while it is pinned.
// Fences      P1  root_:  release store in SetRoot() -> acquire load in Root(). The nodes that are seen are whole.
//                 Links and entries: InnerNode P1, Leaf P1.
//             P2  shape_: store before the release store that publishes new nodes -> acquire load in a scan. A scan
//                 that can see a new node, or a change made there, also sees the incremented shape counter.
//             P3  shape_: release store after that -> acquire load before hints are taken. A reader that sees this
//                 number descends through the new nodes. The hints of a reader that saw an earlier number do not hold.
//             R1  size_, separator_bytes_: relaxed. Figures; nothing is reached through them.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/location.h"
#include "base/probe.h"
#include "base/tunable.h"
#include "base/uninitialized_array.h"
#include "index/arena.h"
#include "index/inner_node.h"
#include "index/key_source.h"
#include "index/leaf.h"
#include "index/leaf_orders.h"
#include "index/leaf_reader.h"
#include "index/node_draft.h"
#include "index/retire_list.h"
#include "kvs/function_ref.h"
#include "sync/epoch.h"

namespace kvs::index {

enum class Outcome : std::uint8_t { kFound, kAbsent, kDamaged };

struct LookUp {
  Outcome outcome;
  base::Location location;  // kFound: the entry's location. kDamaged: that of the unreadable record.
};

struct Change {
  Outcome outcome;     // kFound: there was an entry. kAbsent: there was none. kDamaged: nothing was changed.
  base::Location old;  // kFound: the previous location. kDamaged: that of the unreadable record.
};

struct Bounds {
  std::string_view from;                              // Inclusive.
  std::optional<std::string_view> to = std::nullopt;  // Exclusive; nullopt: no end.
  bool reverse = false;                               // From the last key of the range to the first.
  std::size_t expected = ~std::size_t{0};             // A hint: the number of keys that `visit` will take.
};

struct ScanResult {
  Outcome outcome;          // kFound: the scan reached its end, or `visit` ended it. kDamaged.
  base::Location location;  // kDamaged: the location of the unreadable record.
};

// The leaf for a key. It holds until the tree changes its shape, which the writer detects.
struct LeafHint {
  std::uint64_t shape = ~std::uint64_t{0};  // Matches no tree.
  NodeId leaf_id = 0;
  Tag tag = 0;
};

class LeafKeys;

// A node and the smallest key that may be under it. That key is empty for the first node.
struct NodeLink {
  std::string_view first_key;
  NodeId id;
};

class Tree {
 public:
  Tree(const KeySource& keys, sync::EpochDomain& epochs);
  // For tests: a known seed instead of a random one. A client that knows the seed can make keys that share line and
  // tag.
  Tree(const KeySource& keys, sync::EpochDomain& epochs, std::uint64_t hash_seed);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  // For readers. The caller pins the epoch, and may read the found records until it unpins.
  LookUp Find(std::string_view key) const;
  // For a caller that compares the records itself, like KeySource::Compare(), and keeps what it read.
  LookUp Find(std::string_view key, FunctionRef<Match(base::Location)> compare) const;

  // Finds up to kTogetherMax keys interleaved: while one waits for memory, the others continue. Each key is found by
  // itself; the call is not a snapshot.
  // compare: in, returns whether a record has the key keys[i].
  // found: out, found[i] is the result for keys[i].
  static constexpr std::size_t kTogetherMax = 64;
  void FindMany(std::span<const std::string_view> keys, FunctionRef<Match(std::size_t i, base::Location)> compare,
                std::span<LookUp> found) const;
  // Prefetches everything that later changes of up to kTogetherMax keys will read. Readers and the writer may call it.
  // PrefetchLeavesOf() does so for Replace(), which reads no record.
  void PrefetchMany(std::span<const std::string_view> keys, std::span<LeafHint> hints) const;
  void PrefetchLeavesOf(std::span<const std::string_view> keys, std::span<LeafHint> hints) const;

  // Draws once. Every entry has the same chance. The remaining chance, for unused room in nodes and leaves, gives
  // nullopt.
  // below: in, returns a random number from 0 to n - 1.
  std::optional<base::Location> DrawEntry(FunctionRef<std::uint64_t(std::uint64_t n)> below) const;

  // Visits the keys in range in order, each once, until `visit` returns false. Keys that are in the tree during the
  // whole scan are visited. A key that comes, goes or changes meanwhile is shown in one of its states.
  // The scan pins the epoch for some dozens of leaves at a time, so a long scan does not hold back reclamation. Views
  // and records are valid during the visit, and were checked for damage just before. A damaged record ends the scan
  // before any key that was read together with it is visited. This holds even if its unknown key might be out of range.
  ScanResult Scan(const Bounds& bounds, FunctionRef<bool(std::string_view key, base::Location location)> visit) const;
  // For a caller that reads the records of a leaf together and visits them itself.
  ScanResult Scan(const Bounds& bounds, LeafReader& reader) const;

  // For the writer. A valid hint saves the descent; an invalid one is ignored.
  Change Upsert(std::string_view key, base::Location location, const LeafHint& hint = {});
  Change Erase(std::string_view key);
  // Changes the entry of `key` only if it is exactly `expected`. Compares locations and reads no record.
  bool Replace(std::string_view key, base::Location expected, base::Location desired, const LeafHint& hint = {});
  bool EraseExact(std::string_view key, base::Location expected);

  // --- Saving: the caller is the writer, and there are no readers any more. TreeBuilder loads what is saved.
  // Frees the nodes that wait for readers, so that only needed nodes are saved.
  void FreeRetired();
  // All leaves in key order. The views are valid until the tree changes.
  std::vector<NodeLink> Leaves() const;
  const Arena& leaf_arena() const { return leaf_arena_; }
  const KeySource& keys() const { return keys_; }
  std::uint64_t hash_seed() const { return hash_seed_; }

  // Overwrites the entries of up to kTogetherMax keys that have one. Threads may do so in parallel for different keys,
  // while nothing else changes the tree.
  // changes: out, changes[i] is the result for keys[i].
  void OverwriteMany(std::span<const std::string_view> keys, std::span<const base::Location> locations,
                     std::span<Change> changes);

  // The tag of a key in this tree, for callers that make entries for TreeBuilder.
  Tag TagOf(std::string_view key) const { return static_cast<Tag>(base::Hash64(key, hash_seed_) >> 48); }

  // Figures, from any thread.
  std::uint64_t size() const { return size_.load(std::memory_order_relaxed); }  // R1. Number of keys.
  std::uint64_t MemoryBytes() const;

 private:
  friend class TreeBuilder;

  static constexpr unsigned kHeightMax = 16;
  // A leaf with fewer live entries, or an inner node with fewer separators, looks for a sibling to merge with. The
  // merged node must have room to grow.
  KVS_TUNABLE(unsigned, kLeafMergeBelow, 9, 1, 14);
  KVS_TUNABLE(unsigned, kLeafMergedMax, 20, 14, 28);
  KVS_TUNABLE(unsigned, kInnerMergeBelow, 20, 1, 28);
  KVS_TUNABLE(unsigned, kInnerMergedMax, 45, 30, 56);
  KVS_TUNABLE(std::size_t, kRetireGroup, 64, 1, 256);
  static constexpr std::size_t kNodesPerChangeMax = 2 * kHeightMax + 3;  // Nodes made, or retired, by one change.

  struct RootLink {
    unsigned height;  // Levels of inner nodes.
    NodeId id;
  };

  // The path to a leaf: step n is on level n, and level 1 is just above the leaves.
  struct Path {
    struct Step {
      InnerNode* node;
      NodeId id;
      unsigned child;
    };
    std::array<Step, kHeightMax + 1> steps;
    unsigned height;
    NodeId leaf_id;
    Leaf* leaf;

    // The child index of this path's node on `level` in the node above; 0 for the root.
    unsigned PlaceOnLevel(unsigned level) const { return level == height ? 0 : steps[level + 1].child; }
  };

  struct Hit {
    Outcome outcome;
    base::Location location;
    unsigned slot;  // kFound.
  };

  // tree.cc: points.
  RootLink Root() const;
  InnerNode* InnerAt(NodeId id) const { return static_cast<InnerNode*>(inner_arena_.Address(id)); }
  Leaf* LeafAt(NodeId id) const { return static_cast<Leaf*>(leaf_arena_.Address(id)); }
  template <class ChooseChild>
  Path Descend(ChooseChild choose_child) const;
  Path PathTo(std::string_view key) const;
  template <class Compare>
  static Hit SearchLeaf(const Leaf& leaf, Tag tag, const Compare& compare);
  Hit SearchLeaf(const Leaf& leaf, Tag tag, std::string_view key) const;
  // For the writer.
  bool Holds(const LeafHint& hint) const { return hint.shape == shape_.load(std::memory_order_relaxed); }
  std::optional<Change> UpsertInto(Leaf& leaf, std::string_view key, LeafEntry entry);  // nullopt: the leaf is full.
  static void AddTo(std::atomic<std::uint64_t>& figure, std::uint64_t difference);  // Wraps around: 0 - n subtracts n.

  // tree_many.cc.
  struct Target {
    Tag tag;
    NodeId leaf_id;
    LeafEntry likely;  // The first entry with the key's tag, seldom of another key; or empty. Set by PrefetchRecords().
  };
  using Targets = base::UninitializedArray<Target, kTogetherMax>;
  void DescendTogether(std::span<const std::string_view> keys, Targets& targets) const;
  void PrefetchRecords(std::span<Target> targets) const;
  std::uint64_t ShapeForHints() const { return shape_.load(std::memory_order_acquire); }  // P3
  static void TakeHints(std::uint64_t shape, std::span<const Target> targets, std::span<LeafHint> hints);

  // tree_scan.cc.
  struct ScanStep {
    bool is_last;
    ScanResult result;  // If is_last.
    // If not is_last: where the scan continues, valid until the unpin; and how many keys it will probably visit there.
    std::string_view fence{};
    std::size_t expected = 0;
  };
  ScanStep ScanSiblings(const Bounds& bounds, LeafReader& reader) const;
  Path FirstPath(const Bounds& bounds) const;
  enum class Direction : std::uint8_t { kForward, kBackward };
  static std::optional<NodeId> Sibling(const Path& path, Direction direction, unsigned distance);
  void PrefetchSibling(const Path& path, Direction direction, unsigned distance) const;
  void PrefetchRecords(NodeId id, Direction direction, std::size_t expected, LeafReader& reader) const;
  void StepAside(Path& path, Direction direction) const;
  static std::size_t SharedBytes(const std::optional<std::string_view>& before,
                                 const std::optional<std::string_view>& after);
  static std::optional<std::string_view> FenceBefore(const Path& path);
  static std::optional<std::string_view> FenceAfter(const Path& path);

  // tree_shape.cc: splits and merges.
  std::optional<base::Location> ReadUnchecked(const Path& path, LeafKeys& leaf_keys) const;
  template <class Change>
  void ChangeShape(Change change);
  std::optional<base::Location> AddToFull(const Path& path, std::string_view key, LeafEntry entry);
  std::optional<base::Location> SplitLeaf(const Path& path, std::string_view key, LeafEntry entry);
  void EraseSlot(const Path& path, unsigned slot);
  void ShrinkLeaf(const Path& path);
  bool MergeLeaf(const Path& path, unsigned live);  // False: no sibling has room.
  void MoveLeaf(const Path& path);
  void Apply(const Path& path, const Splice& splice);
  void Publish(const Path& path, Splice splice);
  Splice MakeNodes(const Path& path, unsigned level, const NodeDraft& draft);
  std::optional<Splice> MergeInner(const Path& path, unsigned level, const NodeDraft& draft);
  void SetRoot(unsigned height, NodeId id);
  NodeId NewLeaf();
  NodeId NewInner(std::span<const std::string_view> separators, std::span<const NodeId> children);
  void CollectRetired();
  void Free(RetiredNode node);

  // Constant after construction.
  const KeySource& keys_;
  sync::EpochDomain& epochs_;

  // Constant once there are readers; a loaded tree has its own.
  std::uint64_t hash_seed_;

  // Used by the writer only; readers ask the arenas for addresses.
  Arena leaf_arena_{sizeof(Leaf)};
  Arena inner_arena_{sizeof(InnerNode)};
  RetireList retired_;
  std::vector<RetiredNode> made_;  // By the change of shape that is in progress.

  mutable LeafOrders orders_;  // Scans write to it.

  // Atomics.
  std::atomic<std::uint64_t> root_{0};
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::uint64_t> separator_bytes_{0};
  alignas(64) std::atomic<std::uint64_t> shape_{0};  // On a line of its own: point readers do not use it.
};

// Returns kDamaged only if no record matches: the key's own record may be in a later slot.
template <class Compare>
Tree::Hit Tree::SearchLeaf(const Leaf& leaf, Tag tag, const Compare& compare) {
  Hit hit{Outcome::kAbsent, {}, 0};
  for (unsigned step = 0; step < Leaf::kLines; ++step) {
    const unsigned number = Leaf::LineOf(tag, step);
    const Leaf::Line line = leaf.LoadLine(number);
    for (unsigned slots = line.SlotsWith(tag); slots != 0; slots &= slots - 1) {
      const auto slot = static_cast<unsigned>(std::countr_zero(slots));
      const base::Location location = line.entries[slot].location();
      const Match match = compare(location);
      if (match == Match::kSame) return {Outcome::kFound, location, number * Leaf::kLineSlots + slot};
      if (match == Match::kDamaged) hit = {Outcome::kDamaged, location, 0};
    }
    KVS_PROBE_IF(!line.has_empty() && step + 1 == Leaf::kLines, "search looks into every line of a leaf");
    if (line.has_empty()) break;
  }
  return hit;
}

template <class ChooseChild>
Tree::Path Tree::Descend(ChooseChild choose_child) const {
  const RootLink root = Root();
  Path path;
  path.height = root.height;
  NodeId id = root.id;
  for (unsigned level = root.height; level > 0; --level) {
    InnerNode* const node = InnerAt(id);
    const unsigned child = choose_child(*node);
    path.steps[level] = {node, id, child};
    id = node->child(child);
  }
  path.leaf_id = id;
  path.leaf = LeafAt(id);
  return path;
}

}  // namespace kvs::index
