// InnerNode: up to 59 separators and the 60 children between them, in 1 kB. It finds the child for a key.
//
// Design      Separators are full keys: the smallest key that the child to their right may hold. They are stored in
//             order in a separate block, which a search seldom touches. A search decides by *heads*, 8 bytes of each
//             separator. They come from the byte positions in which the separators of this node differ, so a long
//             common part takes no room. Positions count within a window of 32 bytes. The window starts at the key's
//             first byte, or after the shared bytes if the separators share 24 or more.
//             A search gathers the head of its key in the same way and counts the heads that are not above it. At the
//             other positions all separators are equal. A key that differs there is below or above all separators that
//             agree with it up to that position. Equal heads prove nothing ("ab" and "ab\0" have the same head), so the
//             full keys are compared.
//
//             offset  size  field
//                  0     8  separators_    the block
//                  8     8  positions_     of the bytes of a head in the window, the last first
//                 16    32  common_        the window of the first separator
//                 48     4  checked_       bit i: byte i of the window is equal in all separators and must be checked
//                 52     2  prefix_bytes_  where the window starts
//                 54     2  count_         of separators
//                 56     8  -
//                 64   480  heads_         60, compared four at a time; those after the last are the maximum
//                544   240  children_      60 links
//                784   236  ends_          the end of each separator in the block
//               1020     4  -
//
// Threads     One writer; any number of readers, without locks. Every change other than replacing a child makes a new
//             node (NodeDraft) and publishes it.
//
// Invariants  I1  Everything except the child links is constant after construction.
//             I2  separator(i - 1) <= every key under child i < separator(i), as unsigned bytes, then by length.
//             I3  Heads never decrease. Of two different heads, the smaller one belongs to the smaller separator.
// Fences      P1  child:  release store in SetChild() -> acquire load in child(). A node that is seen is whole.
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

// The bytes of a key from which heads are gathered, with zeros after the end of the key.
struct alignas(32) KeyWindow {
  static constexpr std::size_t kBytes = 32;

  KeyWindow() = default;
  KeyWindow(std::string_view key, std::size_t from) {
    if (from < key.size()) Copy(key.data() + from, std::min(kBytes, key.size() - from));
  }

  std::array<std::uint8_t, kBytes> bytes{};

 private:
  // Like memcpy(), in two steps of fixed length that may overlap. Every operation runs this.
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

// A key to search for, with the window that most nodes use.
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

  // The separators [first, last) that the heads cannot distinguish from the key. The ones before are below the key, the
  // ones after are above it.
  struct Ties {
    unsigned first;
    unsigned last;
  };

  // separators: in, in ascending order. children: in, one more than separators.
  InnerNode(std::span<const std::string_view> separators, std::span<const NodeId> children);

  // The child for `key`, and the child for the keys just before it.
  unsigned ChildOf(const SearchKey& key) const;
  unsigned ChildBefore(const SearchKey& key) const;

  // Prefetches the links along with the heads. A search needs both, and would otherwise wait for each in turn.
  void PrefetchChildren() const { base::Prefetch(&children_, sizeof children_); }
  // Prefetches everything that a search needs.
  void Prefetch() const { base::Prefetch(this, sizeof *this - sizeof ends_); }

  // Searches the heads for a window of the key that starts after prefix(). Both functions give the same answer; a
  // search uses the one that the processor supports.
  Ties FindTiesPortably(const KeyWindow& window) const;
#if defined(__x86_64__)
  Ties FindTiesByAvx2(const KeyWindow& window) const;
#endif

  unsigned count() const { return count_; }  // Of separators.
  std::string_view separator(unsigned i) const {
    const std::uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return {separators_.get() + begin, ends_[i] - begin};
  }
  // The part of the keys before the window.
  std::string_view prefix() const { return {separators_.get(), prefix_bytes_}; }
  std::size_t separator_bytes() const { return count_ == 0 ? 0 : ends_[count_ - 1]; }
  NodeId child(unsigned i) const { return children_[i].load(std::memory_order_acquire); }  // P1

  // For the writer.
  void SetChild(unsigned i, NodeId id) { children_[i].store(id, std::memory_order_release); }  // P1

 private:
  static constexpr unsigned kHeadBytes = 8;
  static constexpr std::size_t kPrefixBytesMin = 24;  // A shorter prefix stays in the window.

  // The target of a search among the heads. kOpen: equal heads are ties. kBelow and kAbove: the key is known to be
  // below or above the separators with this head.
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
  alignas(64) std::array<std::int64_t, kChildrenMax> heads_;  // As signed numbers, because AVX2 compares only those.
  std::array<std::atomic<NodeId>, kChildrenMax> children_;
  std::array<std::uint32_t, kSeparatorsMax> ends_;
};
static_assert(sizeof(InnerNode) == 1024);

}  // namespace kvs::index
