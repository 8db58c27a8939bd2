// SortByKey: brings locations into the order of their keys.
//
// Design      The next eight bytes of each key are kept beside its location and sorted as numbers; the keys themselves
//             are looked at only where those are equal, and there behind what they have in common: so that keys with
//             long equal beginnings, "user:...", cost two looks each, in the order of the log and asked for ahead, and
//             not one for every comparison.
// Limits      16 bytes of memory for each location.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/location.h"
#include "base/tunable.h"
#include "index/key_source.h"

namespace kvs::store {

struct KeyedLocation {
  std::uint64_t head;  // Of the key: KeyHead().
  base::Location location;
};

// The bytes of `key` from `depth` on, up to eight, as a number in their order. A key that ends counts as zeroes.
std::uint64_t KeyHead(std::string_view key, std::size_t depth);

// Asks for the next group of records, the first of which is `begin`, for who goes through `locations` in groups.
KVS_TUNABLE(std::size_t, kFetchTogether, 64, 1, 256);
void PrefetchGroup(const index::KeySource& keys, std::span<const KeyedLocation> locations, std::size_t begin);

// `locations` come with their heads at depth 0, and leave with heads that mean nothing. Equal keys stand by location.
// The records are known to have been whole: their keys are read unchecked. Records that become unreadable meanwhile may
// stand anywhere, and may bring others out of order; a reader of the records will find them damaged.
void SortByKey(std::vector<KeyedLocation>* locations, const index::KeySource& keys);

}  // namespace kvs::store
