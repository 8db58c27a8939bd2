// PendingBatch: what the keys of a batch pointed at before it, while the batch is being published.
//
// A batch changes several index entries, one after the other. Until the last one is changed, readers take the locations
// of its keys from here, so that they see all of the batch or nothing. Readers never wait.
//
// Design      A table of open addressing, made before the batch is appended, so that filling it takes no memory.
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
  // `members`: how often Add() is called, at most.
  explicit PendingBatch(std::size_t members) : slots_(std::bit_ceil(members + members / 2 + 1)) {}

  // The first call for a key counts: that is what was there before the batch. `location` none: there was nothing.
  void Add(std::string_view key, base::Location location) {
    Slot& slot = slots_[PlaceOf(key)];
    if (!slot.is_taken) slot = {.key = key, .before = location, .is_taken = true};
  }

  // Where `key` pointed before the batch (none: nowhere); nullopt: it is not in the batch.
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

  std::vector<Slot> slots_;  // A power of two of them, and never full.
};

}  // namespace kvs::store
