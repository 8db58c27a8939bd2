// Promised: the order of a leaf is found for exactly the entries and the generation for which it was kept.
// Attack: other entries, other leaves, threads that keep different orders of one leaf.
#include "index/leaf_orders.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <thread>
#include <vector>

#include "base/random.h"
#include "support/failing_memory.h"
#include "support/test_seed.h"

namespace kvs::index {
namespace {

constexpr std::uint64_t kGeneration = 7;
constexpr NodeId kLeaf = 3;

using Locations = std::vector<base::Location>;
using Order = std::vector<std::uint8_t>;

Locations LocationsFrom(std::uint64_t first, std::size_t count) {
  Locations locations;
  for (std::size_t i = 0; i < count; ++i) locations.push_back(base::Location::FromBits(first + i));
  return locations;
}

Order RandomOrder(std::size_t count, base::Random& random) {
  Order order(count);
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

class LeafOrdersTest : public testing::Test {
 protected:
  void Keep(NodeId leaf, const Locations& locations, const Order& order, std::uint64_t generation = kGeneration) {
    orders_.Keep(leaf, locations, generation, order);
  }
  // Empty: none is known.
  Order Find(NodeId leaf, const Locations& locations, std::uint64_t generation = kGeneration) const {
    LeafOrders::Places places;
    if (!orders_.Find(leaf, locations, generation, places)) return {};
    return {places.begin(), places.begin() + static_cast<std::ptrdiff_t>(locations.size())};
  }

  LeafOrders orders_;
  base::Random random_{test::TestSeed(20'261'130)};
};

TEST_F(LeafOrdersTest, FindsWhatWasKeptForLeavesOfAnySize) {
  for (std::size_t count = 1; count <= Leaf::kSlots; ++count) {
    const Locations locations = LocationsFrom(1'000 * count, count);
    const Order order = RandomOrder(count, random_);
    Keep(kLeaf, locations, order);
    EXPECT_EQ(Find(kLeaf, locations), order) << count;
  }
}

TEST_F(LeafOrdersTest, KnowsNothingOfALeafWithoutAnOrder) {
  EXPECT_TRUE(Find(kLeaf, LocationsFrom(1, 5)).empty());
  Keep(kLeaf, LocationsFrom(1, 5), RandomOrder(5, random_));
  EXPECT_TRUE(Find(kLeaf + 1, LocationsFrom(1, 5)).empty());
}

TEST_F(LeafOrdersTest, AnyOtherEntriesHaveNoOrder) {
  const Locations locations = LocationsFrom(1, 20);
  Keep(kLeaf, locations, RandomOrder(20, random_));
  EXPECT_TRUE(Find(kLeaf, LocationsFrom(1, 19)).empty()) << "one was removed";
  EXPECT_TRUE(Find(kLeaf, LocationsFrom(1, 21)).empty()) << "one was added";
  EXPECT_TRUE(Find(kLeaf, locations, kGeneration + 1).empty()) << "they may mean other records";
  for (std::size_t i = 0; i < locations.size(); ++i) {
    for (int bit = 0; bit < base::Location::kBits; ++bit) {
      Locations changed = locations;
      changed[i] = base::Location::FromBits(changed[i].bits() ^ std::uint64_t{1} << bit);
      EXPECT_TRUE(Find(kLeaf, changed).empty()) << i << " bit " << bit;
    }
    Locations swapped = locations;
    std::swap(swapped[i], swapped[(i + 1) % swapped.size()]);
    EXPECT_TRUE(Find(kLeaf, swapped).empty()) << i;
  }
}

TEST_F(LeafOrdersTest, LeavesBeyondTheLimitHaveNone) {
  constexpr NodeId kLast = (NodeId{1} << 24) - 1;
  const Locations locations = LocationsFrom(1, 8);
  const Order order = RandomOrder(8, random_);
  for (const NodeId leaf : {kLast, kLast + 1}) Keep(leaf, locations, order);
  EXPECT_EQ(Find(kLast, locations), order);
  EXPECT_TRUE(Find(kLast + 1, locations).empty());
}

TEST_F(LeafOrdersTest, TakesMemoryWithTheFirstOrderOfABlock) {
  EXPECT_EQ(orders_.bytes(), 0U);
  Keep(kLeaf, LocationsFrom(1, 8), RandomOrder(8, random_));
  const std::uint64_t of_block = orders_.bytes();
  EXPECT_EQ(of_block, 8'192U * 40);
  Keep(kLeaf + 1, LocationsFrom(1, 8), RandomOrder(8, random_));
  EXPECT_EQ(orders_.bytes(), of_block);
}

TEST_F(LeafOrdersTest, WithoutMemoryAnOrderIsNotKept) {
  const Locations locations = LocationsFrom(1, 8);
  const Order order = RandomOrder(8, random_);
  {
    const test::FailingMemory memory(0);
    orders_.Keep(kLeaf, locations, kGeneration, order);
    EXPECT_TRUE(memory.has_failed());
  }
  EXPECT_TRUE(Find(kLeaf, locations).empty());
  EXPECT_EQ(orders_.bytes(), 0U);
  Keep(kLeaf, locations, order);
  EXPECT_EQ(Find(kLeaf, locations), order);
}

// Each thread keeps its own order for its own entries. Whatever is found must be the order of the entries asked for.
TEST_F(LeafOrdersTest, AMixOfTwoOrdersIsNeverFound) {
  constexpr int kWriters = 3;
  std::vector<Locations> locations;
  std::vector<Order> orders;
  for (int i = 0; i < kWriters; ++i) {
    locations.push_back(LocationsFrom(1'000 * static_cast<std::uint64_t>(i + 1), 20));
    orders.push_back(RandomOrder(20, random_));
  }
  std::atomic<bool> is_over{false};
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      while (!is_over.load(std::memory_order_relaxed)) Keep(kLeaf, locations[i], orders[i]);
    });
  }
  int found = 0;
  for (std::size_t i = 0; i < 300'000 || found == 0; ++i) {
    const Order order = Find(kLeaf, locations[i % kWriters]);
    if (order.empty()) continue;
    ++found;
    ASSERT_EQ(order, orders[i % kWriters]);
  }
  is_over.store(true, std::memory_order_relaxed);
  for (std::thread& writer : writers) writer.join();
}

}  // namespace
}  // namespace kvs::index
