// SlotMap: finds the segment of a location by the location's slot. Readers reach the log through it.
//
// Threads     Find() from any thread, under an epoch pin; Set() by the holder of the append lock.
// Layout      It has a cache line for itself: each get reads it, and the append lock beside it changes with each set.
// Ownership   The SegmentTable owns the segments. It clears a slot only when no reader can hold its number.
//
// Fences      P1  slot: release store in Set() -> acquire load in Find(). The segment is whole when seen.
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

 private:
  static constexpr std::size_t kSlots = std::size_t{base::Location::kSlotMax} + 1;
  struct Free {
    void operator()(log::Segment** slots) const { std::free(static_cast<void*>(slots)); }
  };
  const std::unique_ptr<log::Segment*[], Free> slots_;
};

}  // namespace kvs::store
