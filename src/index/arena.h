// Arena: slots of one size for the nodes of a tree, named by 32-bit numbers that links carry in place of pointers.
//
// Design      Slots lie in chunks of 2 MB that never move, each a large page of the processor. The first chunks take
//             memory as it is touched, and become large pages when they are full, so that a small arena is small; the
//             later ones are large pages from the start, so that little of a large arena is idle. A free slot is taken
//             from the chunk with the lowest number, which empties the higher ones; while enough is free beside it, an
//             empty chunk but the first goes back to the system. The numbers of slots have gaps where a chunk has fewer
//             slots than the range of numbers set aside for each.
//             Chunks can be loaded as they were saved.
// Threads     One writer takes and returns slots. Address() and bytes() from any thread.
// Limits      2^32 slots: 1 TB of leaves. More ends the process.
//
// Invariants  I1  A chunk stays where it is while one of its slots is taken.
//             I2  A table of chunks that was replaced by a larger one stays until the arena ends: together they are
//                 smaller than the current one.
// Fences      P1  chunks in the table: release store in SetAddress() -> acquire load in ChunkAddress(). What was copied
//                 there is whole when seen.
//             R1  table_: relaxed. A reader knows the number of a slot from a link that was stored, with release, after
//                 the chunk was entered in the table, and loaded, with acquire, before it asks here.
//             R2  bytes_: relaxed. A figure, nothing is reached through it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/huge_page.h"
#include "base/tunable.h"

namespace kvs::index {

using NodeId = std::uint32_t;

class Arena {
 public:
  static constexpr std::size_t kChunkBytes = base::HugePage::kBytes;
  KVS_TUNABLE(std::uint32_t, kChunksAsTouched, 8, 1, 64);  // A large page more is then little beside what there is.
  static constexpr std::size_t kAlignment = 64;            // A cache line.

  // `slot_bytes` is a multiple of kAlignment, between kChunkBytes / 8192 and kChunkBytes.
  explicit Arena(std::size_t slot_bytes);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // A chunk as it is saved: all but what its slots hold.
  struct ChunkState {
    std::uint32_t number = 0;
    std::uint32_t taken = 0;
    std::uint32_t untouched = 0;  // Slots from here on were never taken, nor is their memory of interest.
    NodeId first_free = static_cast<NodeId>(-1);  // Returned slots, each holding the number of the next.
  };
  // A chunk that was saved, with its memory.
  struct LoadedChunk {
    ChunkState state;
    base::HugePage page;
  };

  // A page for a chunk with this number.
  static base::HugePage NewPage(std::uint32_t number, std::uint32_t chunks_as_touched = kChunksAsTouched) {
    using Given = base::HugePage::Given;
    return base::HugePage(number < chunks_as_touched ? Given::kAsTouched : Given::kAtOnce);
  }

  // Many nodes are to come: new chunks are large pages from the first one on.
  void ExpectMany() { chunks_as_touched_ = 0; }

  // Whether the arena could have a chunk with this state.
  bool IsPossible(const ChunkState& state) const {
    return state.number < kChunksMax && state.taken <= state.untouched && state.untouched <= chunk_slots_;
  }

  // The writer's. The memory of a taken slot holds no object; that of a returned one must hold none any more.
  NodeId Take();
  void Return(NodeId id);

  // The chunks by rising number, and the memory of one.
  std::vector<ChunkState> Chunks() const;
  const char* ChunkMemory(std::uint32_t number) const { return ChunkAddress(number); }

  // Fills an arena of which no slot is taken.
  void Load(std::vector<LoadedChunk> chunks);

  // Whether more than half of the arena is free, and Take() would find a slot in a lower chunk than this one: then the
  // owner does well to move the node, so that chunks empty.
  bool IsWorthMoving(NodeId id) const {
    return slots_taken_ < slots_ / 2 && id >> kSlotBits > *with_free_slots_.begin();
  }

  // Where a taken slot is.
  void* Address(NodeId id) const { return ChunkAddress(id >> kSlotBits) + (id & kSlotMask) * slot_bytes_; }

  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }  // R2. Of chunks and tables.
  std::uint64_t slots_taken() const { return slots_taken_; }                      // For the writer.

 private:
  static constexpr unsigned kSlotBits = 13;
  static constexpr NodeId kSlotMask = (NodeId{1} << kSlotBits) - 1;
  static constexpr NodeId kNoSlot = ~NodeId{0};
  static constexpr std::uint32_t kChunksMax = std::uint32_t{1} << (32 - kSlotBits);
  static constexpr std::size_t kTableEntriesMin = 16;

  struct Chunk {
    std::optional<base::HugePage> page;  // nullopt: the number is not in use.
    bool is_as_touched = false;          // The page was given so.
    std::size_t bytes = 0;               // Taken from the system.
    std::uint32_t taken = 0;
    std::uint32_t untouched = 0;  // Slots from here on were never taken.
    NodeId first_free = kNoSlot;  // Returned slots, each holding the number of the next.
  };

  char* ChunkAddress(std::uint32_t number) const {
    const std::atomic<char*>* const table = table_.load(std::memory_order_relaxed);  // R1
    return table[number].load(std::memory_order_acquire);                            // P1
  }

  void AddChunk();
  void AddNumber();
  NodeId TakeUntouched(std::uint32_t number);
  void RemoveEmptyChunk();
  void RemoveChunk(std::uint32_t number);
  void GrowTable();
  void SetAddress(std::uint32_t number, char* address);
  void AddBytes(std::size_t bytes);
  void SubtractBytes(std::size_t bytes);

  // Constant after construction.
  const std::size_t slot_bytes_;
  const std::uint32_t chunk_slots_;

  // The writer's.
  std::vector<Chunk> chunks_;
  std::set<std::uint32_t> unused_numbers_;
  std::set<std::uint32_t> with_free_slots_;
  std::set<std::uint32_t> empty_;
  std::uint32_t chunks_as_touched_ = kChunksAsTouched;
  std::uint64_t slots_ = 0;
  std::uint64_t slots_taken_ = 0;
  std::size_t table_entries_ = 0;
  std::vector<std::unique_ptr<std::atomic<char*>[]>> tables_;  // The last is the current one.

  // Atomics.
  std::atomic<std::atomic<char*>*> table_{nullptr};
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace kvs::index
