// SlotMap: finds the segment of a location by the location's slot. Readers reach the log through it.
//
// Threads     Find() and generation() from any thread, under an epoch pin; the others by the holder of the append lock.
// Layout      It has a cache line for itself: each get reads it, and the append lock beside it changes with each set.
// Ownership   The SegmentTable owns the segments. It clears a slot only when no reader can hold its number.
//
// Fences      P1  slot: release store in Set() -> acquire load in Find(). The segment is whole when seen.
//             R1  generation_: relaxed. A location with a slot that is used again enters the index later, by a release
//                 store under the same lock. A reader that has seen it there sees the number that came before.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "base/check.h"
#include "base/location.h"
#include "base/prefetch.h"
#include "log/segment.h"

namespace kvs::store {

class alignas(base::kCacheLineBytes) SlotMap {
 public:
  // The memory of slots that were never used is never touched.
  SlotMap() : slots_(static_cast<log::Segment**>(std::calloc(kSlots, sizeof(log::Segment*)))) {
    KVS_CHECK(slots_ != nullptr);
  }

  // nullptr: no segment has the slot. A location from the index never has such a slot.
  const log::Segment* Find(std::uint32_t slot) const {
    return std::atomic_ref<log::Segment*>(slots_[slot]).load(std::memory_order_acquire);  // P1
  }

  void Set(std::uint32_t slot, log::Segment* segment) {
    std::atomic_ref<log::Segment*>(slots_[slot]).store(segment, std::memory_order_release);  // P1
  }

  // The slot may be used again.
  void Clear(std::uint32_t slot) {
    Set(slot, nullptr);
    generation_.fetch_add(1, std::memory_order_relaxed);  // R1
  }

  // How many slots were cleared. As long as it stays, a location means one record.
  std::uint64_t generation() const { return generation_.load(std::memory_order_relaxed); }  // R1

 private:
  static constexpr std::size_t kSlots = std::size_t{base::Location::kSlotMax} + 1;
  struct Free {
    void operator()(log::Segment** slots) const { std::free(static_cast<void*>(slots)); }
  };
  const std::unique_ptr<log::Segment*[], Free> slots_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace kvs::store
