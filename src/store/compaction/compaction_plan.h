// PickInputs, PickToCluster: which segments compaction should rewrite next.
//
// Design      In the background the benefit decides: the bytes that a segment frees for the bytes that must be read and
//             copied. Older segments come first, because the records of a young one may soon die by themselves. The
//             square root of the age was the best weight in a simulation (docs/decisions.md). A tombstone can be
//             dropped only if no older segment can hold its key. If tombstones are all the garbage that is left, the
//             oldest segment with a dead put is rewritten, and in time that frees the tombstones after it. Each
//             rewriting removes something, so compaction gives all space back and comes to an end.
//             To cluster, as many segments as fit are taken together, because a scan then reads from fewer places.
//             Segments that are clustered in large groups and have no garbage stay as they are.
// Threads     Pure functions of the accounts, under the append lock: at most n log n for n segments.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "base/tunable.h"
#include "store/segments/segment_accounts.h"
#include "store/space/space_bound.h"

namespace kvs::store {

// A segment is worth rewriting if this share of it becomes free.
inline constexpr double kWorthwhileShare = 1.0 / SpaceBound::kSegmentsPerGain;

// Records of this size are read at full speed in any order.
KVS_TUNABLE(std::uint64_t, kLargeRecordBytes, std::uint64_t{64} << 10, 256, std::uint64_t{1} << 20);

enum class Preference : std::uint8_t {
  kBenefit,
  kLeastCopied,  // For a full disk: the one segment that needs the least room.
};

struct CompactionAim {
  std::uint64_t copied_bytes_max;  // For all inputs together, but one input is always allowed.
  // A run frees its space at its end, so it must not be long. With this much to gain it takes no further inputs.
  std::uint64_t gained_bytes_max = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t sequence = 0;  // The last one of the store.
  Preference preference = Preference::kBenefit;
  bool takes_any_gain = false;  // For a full disk: a gain of kGainBytesMin is enough.
};

// The slots to rewrite together. Empty: there is nothing to gain.
std::vector<std::uint32_t> PickInputs(const SegmentAccounts& accounts, const CompactionAim& aim);

struct ClusterAim {
  std::uint64_t copied_bytes_max;  // As above.
  std::uint64_t made_before;       // A sequence. Segments made later are left.
};

// The slots to rewrite together, oldest first. Repeated calls take every segment with garbage, and every one that is
// not clustered yet. Empty: none is left.
std::vector<std::uint32_t> PickToCluster(const SegmentAccounts& accounts, const ClusterAim& aim);

// The sequence at which the oldest segment with a dead put was made; UINT64_MAX: there is none. A tombstone of a lower
// sequence hides nothing.
// excluded: in, slots to leave out.
std::uint64_t OldestWithDeadPuts(const SegmentAccounts& accounts, std::vector<std::uint32_t> excluded);

}  // namespace kvs::store
