// SortByKey: sorts locations by their keys.
//
// Design      Eight bytes of each key are kept beside its location and sorted as numbers. If some are equal, their keys
//             are read, and sorted by the eight bytes after their common beginning. So keys with long common beginnings
//             ("user:...") are read twice each, in the order of the log and with prefetching, and not once for every
//             comparison.
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
  std::uint64_t head;  // The KeyHead() of its key.
  base::Location location;
};

// Up to eight bytes of `key` from `depth` on, as a number with the same order. After the key's end: zeroes.
std::uint64_t KeyHead(std::string_view key, std::size_t depth);

// Prefetches a group of kFetchTogether records, from `begin` on.
KVS_TUNABLE(std::size_t, kFetchTogether, 64, 1, 256);
void PrefetchGroup(const index::KeySource& keys, std::span<const KeyedLocation> locations, std::size_t begin);

// Equal keys are sorted by location. Keys are read without checksums. A record that becomes unreadable meanwhile may be
// anywhere in the result, and others may be out of order. Reading that record finds the damage.
// locations: in/out, come with their heads at depth 0, and leave with heads that mean nothing.
void SortByKey(std::vector<KeyedLocation>* locations, const index::KeySource& keys);

}  // namespace kvs::store
