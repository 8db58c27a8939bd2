// InnerNode: up to 59 separators and the 60 children between them, in 1 kB. It tells in which child a key belongs.
//
// Design      Separators are full keys: the smallest key that the child on their right may hold. They are one after
//             the other in a block of their own, which a search seldom touches, because it decides by their *heads*: 8
//             bytes of each separator, taken from the byte positions in which the separators of this node differ, so
//             that a long common part costs no room. Positions are counted in a window of 32 bytes: the first of the
//             key, or, where the separators share 24 bytes and more, the first after the shared ones.
//             A search gathers the head of its key in the same way and counts the heads that are not above it. In
//             between, the separators are all the same; a key that differs from them there is below or above all that
//             agree with it up to that place. Equal heads prove nothing ("ab" and "ab\0" look the same): the full
//             keys are compared.
//
//             offset  size  field
//                  0     8  separators_    the block
//                  8     8  positions_     of the bytes of a head in the window, the last first
//                 16    32  common_        the window of the first separator
//                 48     4  checked_       bit i: byte i of the window is the same in all separators, to be checked
//                 52     2  prefix_bytes_  where the window starts
//                 54     2  count_         of separators
//                 56     8  -
//                 64   480  heads_         60, for four at a time; the ones past the last are the greatest
//                544   240  children_      60 links
//                784   236  ends_          of each separator in the block
//               1020     4  -
//
// Threads     One writer; any number of readers, without locks. Changes other than the exchange of a child make a new
//             node (NodeDraft), and publish that.
//
// Invariants  I1  All but the child links is constant after construction.
//             I2  separator(i - 1) <= every key under child i < separator(i), as unsigned bytes, then by length.
//             I3  Heads never decrease; of two different ones the smaller belongs to the smaller separator.
// Fences      P1  child:  release store in SetChild() -> acquire load in child(). The node is whole when seen.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/prefetch.h"
#include "index/arena.h"

namespace kvs::index {

// The bytes of a key that heads are gathered from; zeros stand where the key has ended.
struct alignas(32) KeyWindow {
  static constexpr std::size_t kBytes = 32;

  KeyWindow() = default;
  KeyWindow(std::string_view key, std::size_t from) {
    if (from < key.size()) Copy(key.data() + from, std::min(kBytes, key.size() - from));
  }

  std::array<std::uint8_t, kBytes> bytes{};

 private:
  // As memcpy(), in two steps of a fixed length that may overlap: this is on the path of every operation.
  void Copy(const char* from, std::size_t count) {
    if (count >= 16) return CopyEnds<16>(from, count);
    if (count >= 8) return CopyEnds<8>(from, count);
    if (count >= 4) return CopyEnds<4>(from, count);
    for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(from[i]);
  }
  template <std::size_t kStep>
  void CopyEnds(const char* from, std::size_t count) {
    std::memcpy(bytes.data(), from, kStep);
    std::memcpy(bytes.data() + count - kStep, from + count - kStep, kStep);
  }
};

// A key to search for, with the window that most nodes look at.
struct SearchKey {
  SearchKey() = default;
  explicit SearchKey(std::string_view bytes) : key(bytes), window(bytes, 0) {}

  std::string_view key;
  KeyWindow window;
};

class alignas(64) InnerNode {
 public:
  static constexpr unsigned kSeparatorsMax = 59;
  static constexpr unsigned kChildrenMax = kSeparatorsMax + 1;
  static constexpr std::size_t kKeyBytesMax = 65'535;

  // The separators of a node that cannot be told from the key by their heads: [first, last). The ones before are below
  // the key, the ones after are above.
  struct Ties {
    unsigned first;
    unsigned last;
  };

  // One more child than separators; the separators ascend.
  InnerNode(std::span<const std::string_view> separators, std::span<const NodeId> children);

  // The child in which `key` belongs, and the child in which the keys just before it do.
  unsigned ChildOf(const SearchKey& key) const;
  unsigned ChildBefore(const SearchKey& key) const;

  // Asks for the links beside the heads: a search needs both, and would else wait for one after the other.
  void PrefetchChildren() const { base::Prefetch(&children_, sizeof children_); }
  // Asks for all that a search needs.
  void Prefetch() const { base::Prefetch(this, sizeof *this - sizeof ends_); }

  // The search of the heads, for a window of the key behind prefix(); the two ways to do it, of which a search
  // takes the one that the processor can do, give the same answer.
  Ties FindTiesPortably(const KeyWindow& window) const;
#if defined(__x86_64__)
  Ties FindTiesByAvx2(const KeyWindow& window) const;
#endif

  unsigned count() const { return count_; }  // Of separators.
  std::string_view separator(unsigned i) const {
    const std::uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return {separators_.get() + begin, ends_[i] - begin};
  }
  std::string_view prefix() const { return {separators_.get(), prefix_bytes_}; }  // The keys' part before the window.
  std::size_t separator_bytes() const { return count_ == 0 ? 0 : ends_[count_ - 1]; }
  NodeId child(unsigned i) const { return children_[i].load(std::memory_order_acquire); }  // P1

  // The writer's.
  void SetChild(unsigned i, NodeId id) { children_[i].store(id, std::memory_order_release); }  // P1

 private:
  static constexpr unsigned kHeadBytes = 8;
  static constexpr std::size_t kPrefixBytesMin = 24;  // Shorter prefixes stay in the window.

  // What a search looks for among the heads. kOpen: equal heads are ties. kBelow, kAbove: the key is known to be below,
  // or above, the separators that have this head.
  enum class Side { kOpen, kBelow, kAbove };
  struct Aim {
    std::int64_t head;
    Side side;
  };

  void CopySeparators(std::span<const std::string_view> separators);
  void ChoosePositions(std::span<const KeyWindow> windows);
  Ties FindTies(const SearchKey& key) const;
  Ties FindTiesInWindow(const KeyWindow& window) const;
  std::uint64_t GatherHead(const KeyWindow& window) const;
  std::uint32_t Differences(const KeyWindow& window) const;
  Aim AimOf(std::uint64_t head, std::uint32_t differences, const KeyWindow& window) const;
  Ties TiesOf(Aim aim, unsigned not_above) const;

  std::unique_ptr<char[]> separators_;
  std::array<std::uint8_t, kHeadBytes> positions_;
  std::array<std::uint8_t, KeyWindow::kBytes> common_;
  std::uint32_t checked_ = 0;
  std::uint16_t prefix_bytes_ = 0;
  std::uint16_t count_;
  alignas(64) std::array<std::int64_t, kChildrenMax> heads_;  // As signed numbers, for which AVX2 has a comparison.
  std::array<std::atomic<NodeId>, kChildrenMax> children_;
  std::array<std::uint32_t, kSeparatorsMax> ends_;
};
static_assert(sizeof(InnerNode) == 1024);

}  // namespace kvs::index
