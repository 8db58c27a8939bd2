#include "index/arena.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"

namespace kvs::index {

Arena::Arena(std::size_t slot_bytes) : slot_bytes_(slot_bytes) {
  KVS_CHECK(slot_bytes % kAlignment == 0 && slot_bytes <= kChunkBytesMin);
  KVS_CHECK(kChunkBytesMax / slot_bytes <= std::size_t{1} << kSlotBits);
  GrowTable();
}

Arena::~Arena() {
  for (std::uint32_t number = 0; number < chunks_.size(); ++number) {
    if (chunks_[number].capacity != 0) RemoveChunk(number);
  }
}

NodeId Arena::Take() {
  if (with_free_slots_.empty()) AddChunk();
  const std::uint32_t number = *with_free_slots_.begin();
  Chunk& chunk = chunks_[number];
  NodeId id = chunk.first_free;
  if (id != kNoSlot) {
    std::memcpy(&chunk.first_free, Address(id), sizeof id);
  } else {
    id = (number << kSlotBits) + chunk.untouched++;
  }
  ++slots_taken_;
  if (chunk.taken == 0) empty_.erase(number);
  if (++chunk.taken == chunk.capacity) with_free_slots_.erase(number);
  return id;
}

void Arena::Return(NodeId id) {
  const std::uint32_t number = id >> kSlotBits;
  Chunk& chunk = chunks_[number];
  KVS_CHECK(chunk.taken > 0);
  std::memcpy(Address(id), &chunk.first_free, sizeof id);
  chunk.first_free = id;
  --chunk.taken;
  --slots_taken_;
  with_free_slots_.insert(number);
  if (chunk.taken == 0 && number != 0) empty_.insert(number);
  if (!empty_.empty()) RemoveEmptyChunk();
}

// Keeps the chunk where little else is free: else a slot taken and returned again and again might cost a chunk each
// time.
void Arena::RemoveEmptyChunk() {
  const std::uint32_t number = *empty_.rbegin();
  const std::uint64_t slots_left = slots_ - chunks_[number].capacity;
  if (slots_left - slots_taken_ >= slots_left / 16) RemoveChunk(number);
}

void Arena::AddChunk() {
  if (unused_numbers_.empty()) {
    KVS_CHECK(chunks_.size() < std::size_t{1} << (32 - kSlotBits));
    if (chunks_.size() == table_entries_) GrowTable();
    unused_numbers_.push_back(static_cast<std::uint32_t>(chunks_.size()));
    chunks_.emplace_back();
  }
  const std::uint32_t number = unused_numbers_.back();
  unused_numbers_.pop_back();
  const std::size_t bytes = std::clamp(slots_ * slot_bytes_ / 8, kChunkBytesMin, kChunkBytesMax);
  chunks_[number] = Chunk{.capacity = static_cast<std::uint32_t>(bytes / slot_bytes_)};
  slots_ += chunks_[number].capacity;
  const std::size_t chunk_bytes = chunks_[number].capacity * slot_bytes_;
  SetAddress(number, static_cast<char*>(::operator new (chunk_bytes, std::align_val_t{kAlignment})));
  AddBytes(chunk_bytes);
  with_free_slots_.insert(number);
}

void Arena::RemoveChunk(std::uint32_t number) {
  Chunk& chunk = chunks_[number];
  with_free_slots_.erase(number);
  empty_.erase(number);
  ::operator delete (Address(number << kSlotBits), std::align_val_t{kAlignment});
  SetAddress(number, nullptr);
  SubtractBytes(chunk.capacity * slot_bytes_);
  slots_ -= chunk.capacity;
  chunk = Chunk{};
  unused_numbers_.push_back(number);
}

void Arena::GrowTable() {
  const std::size_t entries = std::max(kTableEntriesMin, table_entries_ * 2);
  auto larger = std::make_unique<std::atomic<char*>[]>(entries);
  for (std::size_t i = 0; i < table_entries_; ++i) {
    larger[i].store(tables_.back()[i].load(std::memory_order_relaxed), std::memory_order_relaxed);  // R1
  }
  table_.store(larger.get(), std::memory_order_relaxed);  // R1
  tables_.push_back(std::move(larger));
  table_entries_ = entries;
  AddBytes(entries * sizeof(std::atomic<char*>));
}

void Arena::SetAddress(std::uint32_t number, char* address) {
  tables_.back()[number].store(address, std::memory_order_relaxed);  // R1
}

void Arena::AddBytes(std::size_t bytes) {
  bytes_.store(bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);  // R2
}

void Arena::SubtractBytes(std::size_t bytes) {
  bytes_.store(bytes_.load(std::memory_order_relaxed) - bytes, std::memory_order_relaxed);  // R2
}

}  // namespace kvs::index
