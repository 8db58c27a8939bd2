// LeafOrders: the orders of the keys in the leaves, as scans have found them, for later scans.
//
// Design      A leaf is a hash table, so a scan has to read and sort the keys of a whole leaf. What it finds is kept
//             here, by the number of the leaf: the places of its entries in the order of their keys, a byte each, and a
//             hash over the places and the locations of the entries. An order that is not that of the entries of now
//             does not pass the hash: it may be that of an earlier state of the leaf, that of an earlier leaf, or half
//             of one and half of another. So no writer has to drop an order.
// Threads     Call anything from any thread.
// Limits      40 bytes for each leaf, in blocks for 8,192 leaves, which stay. Leaves with numbers above 2^24, and those
//             for which there is no memory, have none.
//
// Fences      P1  block: release compare-exchange in TakeBlock() -> acquire load in BlockOf(). A block that is seen is
//                 zeroed.
//             R1  words of an order: relaxed. The hash proves that they belong together; nothing is reached through
//                 them.
//             R2  bytes_: relaxed. A figure.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/location.h"
#include "index/arena.h"
#include "index/leaf.h"

namespace kvs::index {

class LeafOrders {
 public:
  // Indexes into the locations of a leaf, in the order of the keys there.
  using Places = std::array<std::uint8_t, Leaf::kSlots>;

  LeafOrders() = default;
  ~LeafOrders();  // The last call.
  LeafOrders(const LeafOrders&) = delete;
  LeafOrders& operator=(const LeafOrders&) = delete;

  // A hint: the order of the leaf will be asked for soon.
  void Prefetch(NodeId leaf) const;

  // Fills in as many places as there are locations. False: the order of these locations is not known.
  // generation: in, KeySource::Generation(), asked for after the locations were loaded and under the same pin.
  bool Find(NodeId leaf, std::span<const base::Location> locations, std::uint64_t generation, Places& places) const;

  // places: in, as many as there are locations. generation: in, as above.
  void Keep(NodeId leaf, std::span<const base::Location> locations, std::uint64_t generation,
            std::span<const std::uint8_t> places) noexcept;

  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }  // R2

 private:
  static constexpr unsigned kBlockBits = 13;
  static constexpr std::size_t kBlockOrders = std::size_t{1} << kBlockBits;
  static constexpr std::size_t kBlocks = std::size_t{1} << (24 - kBlockBits);
  static constexpr std::size_t kWords = sizeof(Places) / sizeof(std::uint64_t);
  using Words = std::array<std::uint64_t, kWords>;

  struct Order {
    std::array<std::atomic<std::uint64_t>, kWords> words{};  // The bytes of the places.
    std::atomic<std::uint64_t> hash{0};
  };
  struct Block {
    std::array<Order, kBlockOrders> orders;
  };

  static std::uint64_t HashOf(std::span<const base::Location> locations, std::uint64_t generation, const Words& words);
  Block* BlockOf(NodeId leaf) const;
  Block* TakeBlock(NodeId leaf) noexcept;  // nullptr: there is no memory for it.

  std::array<std::atomic<Block*>, kBlocks> blocks_{};
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace kvs::index
