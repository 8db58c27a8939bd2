// PickInputs: which segments compaction should rewrite next.
//
// Design      The benefit of rewriting a segment is the share of it that comes free. A tombstone comes free only when
//             no older segment can hold its key; where tombstones are all that is left to gain, the oldest segment with
//             a dead put is rewritten, which frees the tombstones behind it in time. So space is always given back in
//             the end, and every rewriting takes something away, so that it comes to an end.
// Threads     A pure function of the accounts, under the append lock.
#pragma once

#include <cstdint>
#include <vector>

#include "store/segment_accounts.h"

namespace kvs::store {

// What is worth rewriting: at least this share of a segment comes free.
inline constexpr double kWorthwhileShare = 0.05;

struct CompactionAim {
  std::uint64_t copied_bytes_max;  // Of all inputs together, but one input is always allowed.
  std::uint64_t made_before = 0;   // Not 0: takes every segment with garbage that was made before this sequence.
};

// The slots to rewrite together; empty: nothing is to be gained.
std::vector<std::uint32_t> PickInputs(const SegmentAccounts& accounts, const CompactionAim& aim);

// When the first segment was made that holds a dead put and is not in `excluded`; UINT64_MAX: there is none. A
// tombstone with a lower sequence guards nothing.
std::uint64_t OldestWithDeadPuts(const SegmentAccounts& accounts, const std::vector<std::uint32_t>& excluded);

}  // namespace kvs::store
