// PendingBatch: where the keys of a batch pointed before it, while the batch is being published.
//
// A batch changes several index entries, one after another. Until the last one is changed, readers take the locations
// of its keys from here. So they see all of the batch or nothing, and never wait.
//
// Design      A table with open addressing. It is made before the batch is appended, so filling it takes no memory.
// Threads     Built by the writer; immutable once published. Readers use it under an epoch pin.
#pragma once

#include <bit>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/location.h"
#include "base/seeded_hash.h"

namespace kvs::store {

class PendingBatch {
 public:
  // members: in, the most calls of Add().
  explicit PendingBatch(std::size_t members) : slots_(std::bit_ceil(members + members / 2 + 1)) {}

  // Only the first call for a key counts. location: in, where the key pointed before the batch; none: it was absent.
  void Add(std::string_view key, base::Location location) {
    Slot& slot = slots_[PlaceOf(key)];
    if (!slot.is_taken) slot = {.key = key, .before = location, .is_taken = true};
  }

  // Where `key` pointed before the batch; none: it was absent. nullopt: it is not in the batch.
  std::optional<base::Location> Find(std::string_view key) const {
    const Slot& slot = slots_[PlaceOf(key)];
    return slot.is_taken ? std::optional(slot.before) : std::nullopt;
  }

 private:
  struct Slot {
    std::string_view key{};  // A view into the batch's record.
    base::Location before{};
    bool is_taken = false;
  };

  // The place of the key, or of the free slot that it would take.
  std::size_t PlaceOf(std::string_view key) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = base::SeededHash()(key) & mask;
    while (slots_[place].is_taken && slots_[place].key != key) place = (place + 1) & mask;
    return place;
  }

  std::vector<Slot> slots_;  // Their number is a power of two. Some are always free.
};

}  // namespace kvs::store
