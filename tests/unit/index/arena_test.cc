// Promised: a slot keeps its place, and no two slots overlap. An arena is as large as its use, and returns memory that
// is no longer used. The test fills slots with their numbers and reads them later.
#include "index/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "support/failing_memory.h"

namespace kvs::index {
namespace {

constexpr std::size_t kSlotBytes = 256;

void Fill(const Arena& arena, NodeId id) {
  for (std::size_t i = 0; i < kSlotBytes; i += sizeof id) {
    std::memcpy(static_cast<char*>(arena.Address(id)) + i, &id, sizeof id);
  }
}

bool IsFilled(const Arena& arena, NodeId id) {
  for (std::size_t i = 0; i < kSlotBytes; i += sizeof id) {
    if (std::memcmp(static_cast<char*>(arena.Address(id)) + i, &id, sizeof id) != 0) return false;
  }
  return true;
}

TEST(ArenaTest, SlotsKeepTheirPlaceAndContentWhileTheArenaGrows) {
  Arena arena(kSlotBytes);
  std::vector<std::pair<NodeId, void*>> slots;
  for (int i = 0; i < 200'000; ++i) {
    const NodeId id = arena.Take();
    slots.emplace_back(id, arena.Address(id));
    Fill(arena, id);
  }
  for (const auto& [id, address] : slots) {
    ASSERT_EQ(arena.Address(id), address);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(address) % Arena::kAlignment, 0U);
    ASSERT_TRUE(IsFilled(arena, id));
  }
}

// Noting that a full chunk has a free slot again takes memory.
TEST(ArenaTest, ASlotReturnedWithoutMemoryIsNotGivenOutAgain) {
  Arena arena(kSlotBytes);
  std::vector<NodeId> slots;
  for (std::size_t i = 0; i < Arena::kChunkBytes / kSlotBytes; ++i) {
    slots.push_back(arena.Take());
    Fill(arena, slots.back());
  }
  {
    const test::FailingMemory memory(0);
    arena.Return(slots.back());
    EXPECT_TRUE(test::FailingMemory::has_failed());
  }
  slots.push_back(arena.Take());
  Fill(arena, slots.back());
  EXPECT_NE(slots.back(), slots[slots.size() - 2]);
  for (const NodeId id : slots) ASSERT_TRUE(IsFilled(arena, id));
}

TEST(ArenaTest, ASmallArenaIsSmall) {
  Arena arena(kSlotBytes);
  static_cast<void>(arena.Take());
  EXPECT_LE(arena.bytes(), 8'192U);
}

TEST(ArenaTest, LittleOfALargeArenaIsIdle) {
  Arena arena(kSlotBytes);
  for (std::uint64_t taken = 1; taken <= 100'000; ++taken) {
    static_cast<void>(arena.Take());
    ASSERT_LE(arena.bytes(), taken * kSlotBytes * 9 / 8 + 8'192);
  }
}

TEST(ArenaTest, ChunksAreLargePages) {
  Arena arena(kSlotBytes);
  for (std::size_t i = 0; i < 100'000; ++i) {
    const NodeId id = arena.Take();
    if (i % (Arena::kChunkBytes / kSlotBytes) != 0) continue;
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(arena.Address(id)) % Arena::kChunkBytes, 0U);
  }
}

TEST(ArenaTest, AReturnedSlotIsTakenAgain) {
  Arena arena(kSlotBytes);
  const NodeId kept = arena.Take();
  const NodeId returned = arena.Take();
  arena.Return(returned);
  EXPECT_EQ(arena.Take(), returned);
  EXPECT_NE(kept, returned);
}

TEST(ArenaTest, MemoryGoesBackWithTheLastSlotOfAChunk) {
  Arena arena(kSlotBytes);
  std::vector<NodeId> slots;
  for (int i = 0; i < 50'000; ++i) slots.push_back(arena.Take());
  const std::uint64_t full = arena.bytes();
  for (std::size_t i = slots.size(); i-- > 1;) arena.Return(slots[i]);
  EXPECT_GT(full, 5 * Arena::kChunkBytes);
  EXPECT_LT(arena.bytes(), Arena::kChunkBytes + 4'096);
  Fill(arena, slots[0]);
  EXPECT_TRUE(IsFilled(arena, slots[0]));
}

TEST(ArenaTest, NumbersOfRemovedChunksAreUsedAgain) {
  Arena arena(kSlotBytes);
  for (int round = 0; round < 20; ++round) {
    std::vector<NodeId> slots;
    for (int i = 0; i < 5'000; ++i) {
      slots.push_back(arena.Take());
      Fill(arena, slots.back());
      ASSERT_LT(slots.back(), 128U << 13);
    }
    for (const NodeId id : slots) {
      ASSERT_TRUE(IsFilled(arena, id));
      arena.Return(id);
    }
  }
}

// The parts of a saved arena: the state of its chunks, and their memory.
struct SavedArena {
  explicit SavedArena(const Arena& arena) : states(arena.Chunks()) {
    for (const Arena::ChunkState& state : states) {
      const char* const from = arena.ChunkMemory(state.number);
      memory.emplace_back(Arena::NewPage(state.number));
      std::copy(from, from + state.untouched * kSlotBytes, memory.back().data());
    }
  }

  std::vector<Arena::LoadedChunk> Chunks() {
    std::vector<Arena::LoadedChunk> chunks;
    for (std::size_t i = 0; i < states.size(); ++i) chunks.push_back({states[i], std::move(memory[i])});
    return chunks;
  }

  std::vector<Arena::ChunkState> states;
  std::vector<base::HugePage> memory;
};

TEST(ArenaTest, LoadedChunksGoOnAsTheOnesThatWereSaved) {
  Arena arena(kSlotBytes);
  std::vector<NodeId> slots;
  for (int i = 0; i < 20'000; ++i) {
    slots.push_back(arena.Take());
    Fill(arena, slots.back());
  }
  for (int i = 0; i < 100; ++i) {
    arena.Return(slots.back());
    slots.pop_back();
  }
  SavedArena saved(arena);
  ASSERT_GE(saved.states.size(), 3U);
  Arena loaded(kSlotBytes);
  const NodeId before = loaded.Take();
  loaded.Return(before);
  loaded.Load(saved.Chunks());
  EXPECT_EQ(loaded.slots_taken(), slots.size());
  for (const NodeId id : slots) ASSERT_TRUE(IsFilled(loaded, id));
  for (int i = 0; i < 10'000; ++i) {
    const NodeId id = loaded.Take();
    ASSERT_EQ(id, arena.Take());
    Fill(loaded, id);
    slots.push_back(id);
  }
  for (const NodeId id : slots) {
    ASSERT_TRUE(IsFilled(loaded, id));
    loaded.Return(id);
  }
  EXPECT_EQ(loaded.slots_taken(), 0U);
}

}  // namespace
}  // namespace kvs::index
