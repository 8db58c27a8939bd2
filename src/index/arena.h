// Arena: slots of one size for the nodes of a tree. Links hold 32-bit slot numbers instead of pointers.
//
// Design      Slots are in chunks of 2 MB that never move, each a large page. The first chunks take memory as it is
//             touched and become large pages when they are full, so a small arena is small. Later chunks are large
//             pages from the start. A free slot is taken from the chunk with the lowest number, which empties the
//             higher ones. An empty chunk other than the first returns to the system while enough other slots are free.
//             Each chunk has a fixed range of slot numbers, with a gap at its end if it has fewer slots.
//             Chunks can be loaded as they were saved.
// Threads     One writer takes and returns slots. Address() and bytes() may be called from any thread.
// Limits      2^32 slots: 1 TB of leaves. Beyond that the process ends.
//
// Invariants  I1  A chunk does not move while one of its slots is taken.
//             I2  A chunk table that was replaced by a larger one stays until the arena ends. All such tables together
//                 are smaller than the current one.
// Fences      P1  chunks in the table: release store in SetAddress() -> acquire load in ChunkAddress(). A chunk that is
//                 seen has its loaded contents.
//             R1  table_: relaxed. A reader gets a slot number through an acquire load of a link. The link was stored,
//                 with release, after the chunk was entered in the table.
//             R2  bytes_: relaxed. A figure; nothing is reached through it.
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
  // So that one more large page is little compared with the rest.
  KVS_TUNABLE(std::uint32_t, kChunksAsTouched, 8, 1, 64);
  static constexpr std::size_t kAlignment = 64;  // A cache line.

  // slot_bytes: in, a multiple of kAlignment, between kChunkBytes / 8192 and kChunkBytes.
  explicit Arena(std::size_t slot_bytes);
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The saved state of a chunk, without the contents of its slots.
  struct ChunkState {
    std::uint32_t number = 0;
    std::uint32_t taken = 0;
    std::uint32_t untouched = 0;  // Slots from here on were never taken; their memory is not saved.
    // Head of the list of returned slots; each holds the number of the next.
    NodeId first_free = static_cast<NodeId>(-1);
  };
  // A saved chunk with its memory.
  struct LoadedChunk {
    ChunkState state;
    base::HugePage page;
  };

  // The page for a chunk with this number.
  static base::HugePage NewPage(std::uint32_t number, std::uint32_t chunks_as_touched = kChunksAsTouched) {
    using Given = base::HugePage::Given;
    return base::HugePage(number < chunks_as_touched ? Given::kAsTouched : Given::kAtOnce);
  }

  // Prepares for many nodes: new chunks are large pages from the first one on.
  void ExpectMany() { chunks_as_touched_ = 0; }

  // Whether the arena can have a chunk in this state.
  bool IsPossible(const ChunkState& state) const {
    return state.number < kChunksMax && state.taken <= state.untouched && state.untouched <= chunk_slots_;
  }

  // For the writer. The memory of a taken slot holds no object; the object of a returned slot must be destroyed.
  NodeId Take();
  void Return(NodeId id);

  // The chunks in ascending order of number, and the memory of one chunk.
  std::vector<ChunkState> Chunks() const;
  const char* ChunkMemory(std::uint32_t number) const { return ChunkAddress(number); }

  // Fills an arena without taken slots.
  void Load(std::vector<LoadedChunk> chunks);

  // Whether more than half of the arena is free and Take() would find a slot in a lower chunk. The owner should then
  // move the node, so that chunks become empty.
  bool IsWorthMoving(NodeId id) const {
    return slots_taken_ < slots_ / 2 && id >> kSlotBits > *with_free_slots_.begin();
  }

  // The address of a taken slot.
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
    std::optional<base::HugePage> page;  // nullopt: the number is unused.
    bool is_as_touched = false;          // The page was mapped as Given::kAsTouched.
    std::size_t bytes = 0;               // Taken from the system.
    std::uint32_t taken = 0;
    std::uint32_t untouched = 0;  // Slots from here on were never taken.
    NodeId first_free = kNoSlot;  // Head of the list of returned slots; each holds the number of the next.
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

  // Used by the writer only.
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
