#include "index/arena.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "base/round_up.h"

namespace kvs::index {
namespace {

std::size_t RoundUpToPages(std::size_t bytes) { return base::RoundUp(bytes, base::HugePage::kSmallPageBytes); }

// False: there is no memory for it.
bool Insert(std::uint32_t number, std::set<std::uint32_t>* numbers) {
  try {
    numbers->insert(number);
    return true;
  } catch (const std::bad_alloc&) {
    KVS_PROBE("no memory to note a free slot");
    return false;
  }
}

}  // namespace

Arena::Arena(std::size_t slot_bytes)
    : slot_bytes_(slot_bytes), chunk_slots_(static_cast<std::uint32_t>(kChunkBytes / slot_bytes)) {
  KVS_CHECK(slot_bytes % kAlignment == 0 && slot_bytes <= kChunkBytes);
  KVS_CHECK(chunk_slots_ <= std::size_t{1} << kSlotBits);
  GrowTable();
}

NodeId Arena::Take() {
  if (with_free_slots_.empty()) AddChunk();
  const std::uint32_t number = *with_free_slots_.begin();
  Chunk& chunk = chunks_[number];
  NodeId id = chunk.first_free;
  if (id != kNoSlot) {
    std::memcpy(&chunk.first_free, Address(id), sizeof id);
  } else {
    id = TakeUntouched(number);
  }
  ++slots_taken_;
  if (chunk.taken == 0) empty_.erase(number);
  if (++chunk.taken == chunk_slots_) with_free_slots_.erase(number);
  return id;
}

NodeId Arena::TakeUntouched(std::uint32_t number) {
  Chunk& chunk = chunks_[number];
  const NodeId id = (number << kSlotBits) + chunk.untouched++;
  const std::size_t touched = chunk.untouched * slot_bytes_;
  if (touched > chunk.bytes) {
    AddBytes(RoundUpToPages(touched) - chunk.bytes);
    chunk.bytes = RoundUpToPages(touched);
  }
  if (chunk.untouched == chunk_slots_ && chunk.is_as_touched) chunk.page->Unite();
  return id;
}

// If no memory is left to record the slot as free, it counts as taken for good.
void Arena::Return(NodeId id) {
  const std::uint32_t number = id >> kSlotBits;
  Chunk& chunk = chunks_[number];
  KVS_CHECK(chunk.taken > 0);
  if (!Insert(number, &with_free_slots_)) return;
  std::memcpy(Address(id), &chunk.first_free, sizeof id);
  chunk.first_free = id;
  --chunk.taken;
  --slots_taken_;
  if (chunk.taken == 0 && number != 0) static_cast<void>(Insert(number, &empty_));
  if (!empty_.empty()) RemoveEmptyChunk();
}

// Keeps the chunk if few other slots are free. Otherwise taking and returning one slot repeatedly could map a chunk
// each time.
void Arena::RemoveEmptyChunk() {
  const std::uint32_t number = *empty_.rbegin();
  const std::uint64_t slots_left = slots_ - chunk_slots_;
  KVS_PROBE_IF(slots_left - slots_taken_ < slots_left / 16, "arena keeps an empty chunk");
  if (slots_left - slots_taken_ >= slots_left / 16) RemoveChunk(number);
}

void Arena::AddChunk() {
  if (unused_numbers_.empty()) AddNumber();
  const std::uint32_t number = *unused_numbers_.begin();
  base::HugePage page = NewPage(number, chunks_as_touched_);
  with_free_slots_.insert(number);  // From here on nothing takes memory.
  unused_numbers_.erase(unused_numbers_.begin());
  Chunk& chunk = chunks_[number];
  chunk.page = std::move(page);
  chunk.is_as_touched = number < chunks_as_touched_;
  chunk.bytes = chunk.is_as_touched ? 0 : kChunkBytes;
  slots_ += chunk_slots_;
  SetAddress(number, chunk.page->data());
  AddBytes(chunk.bytes);
}

void Arena::AddNumber() {
  KVS_CHECK(chunks_.size() < kChunksMax);
  if (chunks_.size() == table_entries_) GrowTable();
  if (chunks_.size() == chunks_.capacity()) chunks_.reserve(2 * chunks_.size() + 1);
  unused_numbers_.insert(static_cast<std::uint32_t>(chunks_.size()));
  chunks_.emplace_back();
}

// --- Saved chunks ---

std::vector<Arena::ChunkState> Arena::Chunks() const {
  std::vector<ChunkState> states;
  for (std::uint32_t number = 0; number < chunks_.size(); ++number) {
    const Chunk& chunk = chunks_[number];
    if (unused_numbers_.contains(number)) continue;
    states.push_back({number, chunk.taken, chunk.untouched, chunk.first_free});
  }
  return states;
}

void Arena::Load(std::vector<LoadedChunk> chunks) {
  KVS_CHECK(slots_taken_ == 0);
  for (std::uint32_t number = 0; number < chunks_.size(); ++number) {
    if (!unused_numbers_.contains(number)) RemoveChunk(number);
  }
  for (LoadedChunk& loaded : chunks) {
    const std::uint32_t number = loaded.state.number;
    while (chunks_.size() <= number) AddNumber();
    KVS_CHECK(IsPossible(loaded.state) && unused_numbers_.erase(number) == 1);
    Chunk& chunk = chunks_[number];
    chunk.page = std::move(loaded.page);
    chunk.is_as_touched = number < kChunksAsTouched;
    chunk.bytes = chunk.is_as_touched ? RoundUpToPages(loaded.state.untouched * slot_bytes_) : kChunkBytes;
    chunk.taken = loaded.state.taken;
    chunk.untouched = loaded.state.untouched;
    chunk.first_free = loaded.state.first_free;
    slots_ += chunk_slots_;
    slots_taken_ += chunk.taken;
    SetAddress(number, chunk.page->data());
    AddBytes(chunk.bytes);
    if (chunk.taken < chunk_slots_) with_free_slots_.insert(number);
    if (chunk.taken == 0 && number != 0) empty_.insert(number);
  }
}

void Arena::RemoveChunk(std::uint32_t number) {
  if (!Insert(number, &unused_numbers_)) return;
  KVS_PROBE("arena gives back a chunk");
  with_free_slots_.erase(number);
  empty_.erase(number);
  SetAddress(number, nullptr);
  SubtractBytes(chunks_[number].bytes);
  slots_ -= chunk_slots_;
  chunks_[number] = Chunk{};
}

void Arena::GrowTable() {
  KVS_PROBE_IF(table_entries_ != 0, "arena gets a larger table");
  const std::size_t entries = std::max(kTableEntriesMin, table_entries_ * 2);
  auto larger = std::make_unique<std::atomic<char*>[]>(entries);
  for (std::size_t i = 0; i < table_entries_; ++i) {
    larger[i].store(tables_.back()[i].load(std::memory_order_relaxed), std::memory_order_release);  // P1
  }
  tables_.push_back(std::move(larger));
  table_.store(tables_.back().get(), std::memory_order_relaxed);  // R1
  table_entries_ = entries;
  AddBytes(entries * sizeof(std::atomic<char*>));
}

void Arena::SetAddress(std::uint32_t number, char* address) {
  tables_.back()[number].store(address, std::memory_order_release);  // P1
}

void Arena::AddBytes(std::size_t bytes) {
  bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);  // R2
}

void Arena::SubtractBytes(std::size_t bytes) {
  bytes_.store(bytes_.load(std::memory_order_relaxed) - bytes, std::memory_order_relaxed);  // R2
}

}  // namespace kvs::index
