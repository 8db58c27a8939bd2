// Tree: the ordered index in memory, from keys to locations: a B+-tree with hashed leaves.
//
// Design      Inner nodes (InnerNode) are 1 kB and copied when they change; leaves (Leaf) are small hash tables of 256
//             bytes. Keys are not stored but in separators: the full key is asked from the owner (KeySource), so that
//             an entry costs about 14 bytes whatever the length of its key. A point operation touches an inner node on
//             each level, one cache line of a leaf, and the record.
//             A split or merge makes new nodes out of old ones, publishes them by one store of a link, and retires the
//             old ones to the epoch. A leaf is split in its middle, or further on, where keys come in ascending order.
//             Nodes live in arenas and are linked by numbers, so that leaves are saved as they are.
// Threads     Readers: any thread, without locks, writes to shared memory (but the pin) or allocations (but in Scan()).
//             Writers: one at a time, by the caller's lock; they need no pin.
// Ordering    Linearizable for each key. A scan sees each key as it was at some time during the scan.
// Ownership   The tree must end before its KeySource and its EpochDomain, when nobody uses it any more.
// Limits      Keys of 0 to 65,535 bytes, any bytes; a location is never none. The caller checks: others end the
//             process.
// Errors      A damaged record is kDamaged, with its location, where its key had to be known. Nothing was changed then.
//             Without memory Upsert() throws std::bad_alloc, and nothing was changed. Other changes need none: what
//             would make the tree smaller is left out.
//
// Invariants  I1  The tree always has a leaf. All leaves are on the same level.
//             I2  A key is in no other leaf than the one that the separators lead to.
//             I3  A node is retired after the store that unlinked it, and freed when no pin is left that could see it.
//             I4  A reader uses nodes and keys only while it is pinned.
// Fences      P1  root_:  release store in SetRoot() -> acquire load in Root(). The nodes are whole when seen.
//                 Links and entries: InnerNode P1, Leaf P1.
//             P2  shape_: store before the release store that publishes new nodes -> acquire load in a scan. Who has
//                 heard of a change in the new nodes sees another number than before them.
//             P3  shape_: release store after it -> acquire load before hints are taken. Who sees this number takes the
//                 way through the new nodes; who saw the one before has hints that do not hold.
//             R1  size_, separator_bytes_: relaxed. Figures, nothing is reached through them.
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
#include "index/leaf_reader.h"
#include "index/node_draft.h"
#include "index/retire_list.h"
#include "kvs/function_ref.h"
#include "sync/epoch.h"

namespace kvs::index {

enum class Outcome : std::uint8_t { kFound, kAbsent, kDamaged };

struct LookUp {
  Outcome outcome;
  base::Location location;  // kFound: the entry; kDamaged: the record that could not be read.
};

struct Change {
  Outcome outcome;     // kFound: there was an entry; kAbsent: there was none; kDamaged: nothing was changed.
  base::Location old;  // kFound: the entry that was; kDamaged: the record that could not be read.
};

struct Bounds {
  std::string_view from;                              // The first key in range.
  std::optional<std::string_view> to = std::nullopt;  // The first key behind the range; nullopt: no end.
  bool reverse = false;                               // From the last key of the range to the first.
  std::size_t expected = ~std::size_t{0};             // A hint: how many keys will be visited before `visit` ends it.
};

struct ScanResult {
  Outcome outcome;          // kFound: the scan came to its end, or `visit` ended it; kDamaged.
  base::Location location;  // kDamaged: the record that could not be read.
};

// Where a key belongs. It holds until the tree changes its shape, which the writer finds out.
struct Hint {
  std::uint64_t shape = ~std::uint64_t{0};  // Of no tree.
  NodeId leaf_id = 0;
  Tag tag = 0;
};

class LeafKeys;

// A node with the smallest key that may be under it; that of the first node is empty.
struct NodeLink {
  std::string_view first_key;
  NodeId id;
};

class Tree {
 public:
  Tree(const KeySource& keys, sync::EpochDomain& epochs);
  // With a known seed in place of a random one, for tests. Who knows the seed can make keys that share line and tag.
  Tree(const KeySource& keys, sync::EpochDomain& epochs, std::uint64_t hash_seed);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  // Readers. The epoch is pinned by the caller, who then may read the records that were found until it unpins.
  LookUp Find(std::string_view key) const;
  // The same for a caller who compares the records itself, as KeySource::Compare() does, to keep what it read of them.
  LookUp Find(std::string_view key, FunctionRef<Match(base::Location)> compare) const;

  // Finds up to kTogetherMax keys in step: while one waits for memory, the others go on. `compare` is asked whether a
  // record is one of keys[i]; found[i] is the answer for it. Each key is found by itself: there is no snapshot.
  static constexpr std::size_t kTogetherMax = 64;
  void FindMany(std::span<const std::string_view> keys, FunctionRef<Match(std::size_t i, base::Location)> compare,
                std::span<LookUp> found) const;
  // Brings all near that changing up to kTogetherMax keys one by one will look at; for readers as above, and for the
  // writer. PrefetchLeavesOf() does so for Replace(), which reads no record.
  void PrefetchMany(std::span<const std::string_view> keys, std::span<Hint> hints) const;
  void PrefetchLeavesOf(std::span<const std::string_view> keys, std::span<Hint> hints) const;

  // One draw: every entry has the same chance, and nullopt has the rest, which stands for what nodes and leaves could
  // hold besides. `below(n)`: in, a number from 0 to n - 1.
  std::optional<base::Location> DrawEntry(FunctionRef<std::uint64_t(std::uint64_t n)> below) const;

  // Visits the keys in range in their order, each once, until `visit` answers false. Keys that are in the tree for the
  // whole scan are visited; of keys that come, go or change meanwhile some state that they had is.
  // Pins the epoch for some dozens of leaves, so that a long scan does not hold back reclamation; the views and records
  // are valid during the visit, and were checked for damage just before. A damaged record ends the scan before any key
  // of its leaf is visited, also if its unknown key might have been out of range.
  ScanResult Scan(const Bounds& bounds, FunctionRef<bool(std::string_view key, base::Location location)> visit) const;
  // The same for a caller who reads the records of a leaf together, and visits them itself.
  ScanResult Scan(const Bounds& bounds, LeafReader& reader) const;

  // Writers. With a hint that holds they find their way immediately; one that does not is as good as none.
  Change Upsert(std::string_view key, base::Location location, const Hint& hint = {});
  Change Erase(std::string_view key);
  // Changes the entry of `key` only if it is exactly `expected`. Compares locations and reads no record.
  bool Replace(std::string_view key, base::Location expected, base::Location desired, const Hint& hint = {});
  bool EraseExact(std::string_view key, base::Location expected);

  // --- Saving: the caller is the writer, and nobody reads any more. TreeBuilder is the way back.
  // Frees what waits for readers, so that nothing is saved that the tree does not need.
  void FreeRetired();
  // All leaves, in the order of their keys. The views live until the tree changes.
  std::vector<NodeLink> Leaves() const;
  const Arena& leaf_arena() const { return leaf_arena_; }
  const KeySource& keys() const { return keys_; }
  std::uint64_t hash_seed() const { return hash_seed_; }

  // Overwrites the entries of up to kTogetherMax keys, each where there is one: changes[i] is what was found. Several
  // threads may do so together, for different keys, while nobody else changes the tree.
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
  // Fewer live entries in a leaf, or separators in an inner node, look for a sibling to merge with: such that what
  // comes of it has room to grow.
  KVS_TUNABLE(unsigned, kLeafMergeBelow, 9, 1, 14);
  KVS_TUNABLE(unsigned, kLeafMergedMax, 20, 14, 28);
  KVS_TUNABLE(unsigned, kInnerMergeBelow, 20, 1, 28);
  KVS_TUNABLE(unsigned, kInnerMergedMax, 45, 30, 56);
  KVS_TUNABLE(std::size_t, kRetireGroup, 64, 1, 256);
  static constexpr std::size_t kNodesPerChangeMax = 2 * kHeightMax + 3;  // That it makes, or retires.

  struct RootLink {
    unsigned height;  // Levels of inner nodes.
    NodeId id;
  };

  // The way to a leaf: step n is on level n; level 1 is right above the leaves.
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

    // Which child of the node above the one on `level` is; 0 for the root.
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
  bool Holds(const Hint& hint) const { return hint.shape == shape_.load(std::memory_order_relaxed); }  // The writer's.
  std::optional<Change> UpsertInto(Leaf& leaf, std::string_view key, Entry entry);  // nullopt: it is full.
  static void AddTo(std::atomic<std::uint64_t>& figure, std::uint64_t difference);  // Wraps around: 0 - n subtracts n.

  // tree_many.cc.
  struct Target {
    Tag tag;
    NodeId leaf_id;
    Entry likely;  // By PrefetchRecords(): the first with the key's tag, seldom of another key; or empty.
  };
  using Targets = base::UninitializedArray<Target, kTogetherMax>;
  void DescendTogether(std::span<const std::string_view> keys, Targets& targets) const;
  void PrefetchRecords(std::span<Target> targets) const;
  std::uint64_t ShapeForHints() const { return shape_.load(std::memory_order_acquire); }  // P3
  static void TakeHints(std::uint64_t shape, std::span<const Target> targets, std::span<Hint> hints);

  // tree_scan.cc.
  struct ScanStep {
    bool is_last;
    ScanResult result;       // Of the last step.
    std::string_view fence;  // Of another: where the scan goes on; valid until the unpin.
  };
  ScanStep ScanSiblings(const Bounds& bounds, LeafReader& reader) const;
  Path FirstPath(const Bounds& bounds) const;
  const Leaf* Sibling(const Path& path, bool is_before, unsigned distance) const;
  void StepAside(Path& path, bool to_the_one_before) const;
  static std::size_t SharedBytes(const std::optional<std::string_view>& before,
                                 const std::optional<std::string_view>& behind);
  static std::optional<std::string_view> FenceBefore(const Path& path);
  static std::optional<std::string_view> FenceBehind(const Path& path);

  // tree_shape.cc: splits and merges.
  std::optional<base::Location> ReadUnchecked(const Path& path, LeafKeys& leaf_keys) const;
  template <class Change>
  void ChangeShape(Change change);
  std::optional<base::Location> AddToFull(const Path& path, std::string_view key, Entry entry);
  std::optional<base::Location> SplitLeaf(const Path& path, std::string_view key, Entry entry);
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

  // Constant once there are readers: a loaded tree brings its own.
  std::uint64_t hash_seed_;

  // The writer's; readers ask the arenas for addresses.
  Arena leaf_arena_{sizeof(Leaf)};
  Arena inner_arena_{sizeof(InnerNode)};
  RetireList retired_;
  std::vector<RetiredNode> made_;  // By the change of shape that is under way.

  // Atomics.
  std::atomic<std::uint64_t> root_{0};
  std::atomic<std::uint64_t> size_{0};
  std::atomic<std::uint64_t> separator_bytes_{0};
  alignas(64) std::atomic<std::uint64_t> shape_{0};  // Apart: a reader of a point does not care.
};

// A damaged record is an answer only if no intact one is: the key's own may stand further on.
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
