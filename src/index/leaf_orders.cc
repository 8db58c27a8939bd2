#include "index/leaf_orders.h"

#include <algorithm>
#include <array>
#include <bit>
#include <new>

#include "base/hash.h"
#include "base/prefetch.h"

namespace kvs::index {

LeafOrders::~LeafOrders() {
  for (const std::atomic<Block*>& block : blocks_) delete block.load(std::memory_order_acquire);  // P1
}

void LeafOrders::Prefetch(NodeId leaf) const {
  if (const Block* const block = BlockOf(leaf)) base::Prefetch(&block->orders[leaf % kBlockOrders]);
}

bool LeafOrders::Find(NodeId leaf, std::span<const base::Location> locations, std::uint64_t generation,
                      Places& places) const {
  const Block* const block = BlockOf(leaf);
  if (block == nullptr) return false;
  const Order& order = block->orders[leaf % kBlockOrders];
  Words words;
  for (std::size_t i = 0; i < kWords; ++i) words[i] = order.words[i].load(std::memory_order_relaxed);    // R1
  if (order.hash.load(std::memory_order_relaxed) != HashOf(locations, generation, words)) return false;  // R1
  places = std::bit_cast<Places>(words);
  return true;
}

void LeafOrders::Keep(NodeId leaf, std::span<const base::Location> locations, std::uint64_t generation,
                      std::span<const std::uint8_t> places) noexcept {
  Block* const block = TakeBlock(leaf);
  if (block == nullptr) return;
  Places kept{};
  std::copy(places.begin(), places.end(), kept.begin());
  const Words words = std::bit_cast<Words>(kept);
  Order& order = block->orders[leaf % kBlockOrders];
  for (std::size_t i = 0; i < kWords; ++i) order.words[i].store(words[i], std::memory_order_relaxed);  // R1
  order.hash.store(HashOf(locations, generation, words), std::memory_order_relaxed);                   // R1
}

// The seed is a sum of products with odd numbers: each bit of each word changes it.
std::uint64_t LeafOrders::HashOf(std::span<const base::Location> locations, std::uint64_t generation,
                                 const Words& words) {
  constexpr std::array<std::uint64_t, kWords> kOdd = {0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f, 0x165667b19e3779f9,
                                                      0x9fb21c651e98df25};
  std::uint64_t seed = generation;
  for (std::size_t i = 0; i < kWords; ++i) seed += words[i] * kOdd[i];
  return base::Hash64({reinterpret_cast<const char*>(locations.data()), locations.size_bytes()}, seed);
}

LeafOrders::Block* LeafOrders::BlockOf(NodeId leaf) const {
  const std::size_t number = leaf >> kBlockBits;
  return number < kBlocks ? blocks_[number].load(std::memory_order_acquire) : nullptr;  // P1
}

LeafOrders::Block* LeafOrders::TakeBlock(NodeId leaf) noexcept {
  if (Block* const block = BlockOf(leaf)) return block;
  const std::size_t number = leaf >> kBlockBits;
  if (number >= kBlocks) return nullptr;
  auto* const taken = new (std::nothrow) Block;
  if (taken == nullptr) return nullptr;
  Block* present = nullptr;
  if (!blocks_[number].compare_exchange_strong(present, taken, std::memory_order_acq_rel)) {  // P1
    delete taken;
    return present;
  }
  bytes_.fetch_add(sizeof(Block), std::memory_order_relaxed);  // R2
  return taken;
}

}  // namespace kvs::index
