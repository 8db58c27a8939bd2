// PickInputs, PickToCluster: which segments compaction should rewrite next.
//
// Design      In the background the benefit decides: what a segment sets free, for what must be read and copied, and
//             the longer ago it was made the better, since what lives in a young one may soon die by itself. The root
//             of the age was the best of several in a simulation (docs/decisions.md). A tombstone comes free only when
//             no older segment can hold its key; where tombstones are all that is left to gain, the oldest segment with
//             a dead put is rewritten, which frees the tombstones behind it in time. So space is always given back in
//             the end, and every rewriting takes something away, so that it comes to an end.
//             To cluster, as many segments as fit are taken together: the more, the fewer places a scan must read from.
//             What is clustered in large groups already and has no garbage stays as it is.
// Threads     Pure functions of the accounts, under the append lock: n log n in the number of segments at most.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "base/tunable.h"
#include "store/segments/segment_accounts.h"

namespace kvs::store {

// What is worth rewriting: at least this share of a segment comes free.
inline constexpr double kWorthwhileShare = 0.05;

// Records as large as this are read at full speed wherever they stand.
KVS_TUNABLE(std::uint64_t, kLargeRecordBytes, std::uint64_t{64} << 10, 256, std::uint64_t{1} << 20);

enum class Preference : std::uint8_t {
  kBenefit,
  kLeastCopied,  // For a full disk: the one segment that needs the least room.
};

struct CompactionAim {
  std::uint64_t copied_bytes_max;  // Of all inputs together, but one input is always allowed.
  // A run sets free what it gains at its end, so it must not be long: further inputs wait once this much is gained.
  std::uint64_t gained_bytes_max = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t sequence = 0;  // The store's, at present.
  Preference preference = Preference::kBenefit;
  bool takes_any_gain = false;  // For a full disk: from kGainBytesMin on a segment is worth rewriting.
};

// The slots to rewrite together; empty: nothing is to be gained.
std::vector<std::uint32_t> PickInputs(const SegmentAccounts& accounts, const CompactionAim& aim);

struct ClusterAim {
  std::uint64_t copied_bytes_max;  // As above.
  std::uint64_t made_before;       // Takes segments that were made before this sequence.
};

// The slots to rewrite together, oldest first: every segment with garbage gets its turn, and every other that is not
// yet clustered. Empty: there is none.
std::vector<std::uint32_t> PickToCluster(const SegmentAccounts& accounts, const ClusterAim& aim);

// When the first segment was made that holds a dead put and is not in `excluded`; UINT64_MAX: there is none. A
// tombstone with a lower sequence guards nothing.
std::uint64_t OldestWithDeadPuts(const SegmentAccounts& accounts, std::vector<std::uint32_t> excluded);

}  // namespace kvs::store
