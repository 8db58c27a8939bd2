// SpaceBound: how many more bytes a store may put on the disk now. The store promises:
//
//   disk use <= live bytes / (1 - garbage_ratio_max) + slack
//   slack     = 2 segments and the live bytes, but at most 2 of the largest segments
//
// Design      Segments are small while the store is small. So the slack of a small store is mostly for garbage, which
//             costs little space there and saves much copying. One segment of the slack is for records that are not
//             sealed yet. Another is for bytes that reach the disk before they are counted. These are the output of a
//             run with its hint file, the room that is being taken, and the garbage made before compaction looks again.
//             A run knows the size of its output once it has its inputs. Until then a whole segment is kept for it.
//             Headroom() is the rest. Writers wait while it is below 0. When it falls below HeadStart(), compaction
//             begins, and writers are slowed down more and more (WritePace). So writers are slowed down before they
//             have to wait.
// Threads     Pure functions. The SpaceGovernor takes their figures under the append lock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "log/hint_file.h"

namespace kvs::store {

struct SpaceUse {
  std::uint64_t disk_bytes;               // The size of all segments with their hint files.
  std::uint64_t live_bytes;               // The size of the records that the index points at.
  std::uint64_t segment_bytes;            // The capacity of a segment at present.
  std::uint64_t ahead_bytes;              // The most that the maintainer may be taking now.
  std::uint64_t output_bytes = kUnknown;  // The most that the current run has yet to write.

  static constexpr std::uint64_t kUnknown = ~std::uint64_t{0};  // No run is active.
};

class SpaceBound {
 public:
  // Compaction looks again after this part of a segment (one in kSegmentsPerGain) has become garbage. PickInputs()
  // takes no segment with a smaller share (kWorthwhileShare), unless the disk is full.
  static constexpr std::uint64_t kSegmentsPerGain = 20;

  SpaceBound(double garbage_ratio_max, std::uint64_t segment_bytes_max)
      : garbage_per_live_byte_(garbage_ratio_max / (1 - garbage_ratio_max)), segment_bytes_max_(segment_bytes_max) {}

  // The bytes that may still be put on the disk. Negative: the store is over its bound by that much.
  std::int64_t Headroom(const SpaceUse& use) const {
    return HeadroomWithoutGarbage(use, use.output_bytes) + static_cast<std::int64_t>(use.live_bytes) -
           static_cast<std::int64_t>(use.disk_bytes);
  }

  // Compaction begins when the headroom is below this. A later start leaves less to copy in each segment; an earlier
  // one slows writers down less. A run frees space only at its end, so writers need this much until then.
  std::int64_t HeadStart(const SpaceUse& use) const {
    const auto share = static_cast<std::int64_t>(kHeadStart * static_cast<double>(GarbageAllowed(use)));
    const auto run = static_cast<std::int64_t>(use.segment_bytes);
    return std::max<std::int64_t>(1,
                                  std::min(std::max(share, run), HeadroomWithoutGarbage(use, SpaceUse::kUnknown) / 2));
  }

 private:
  static constexpr double kHeadStart = 0.1;

  std::uint64_t GarbageAllowed(const SpaceUse& use) const {
    return static_cast<std::uint64_t>(static_cast<double>(use.live_bytes) * garbage_per_live_byte_);
  }

  std::uint64_t Slack(const SpaceUse& use) const {
    const std::uint64_t segments = 2 * use.segment_bytes;
    const std::uint64_t most = std::max(segments, 2 * segment_bytes_max_);
    return std::min(segments + use.live_bytes, most);
  }

  std::int64_t HeadroomWithoutGarbage(const SpaceUse& use, std::uint64_t output_bytes) const {
    const bool is_known = output_bytes != SpaceUse::kUnknown;
    // The live bytes do not limit a known output: what it copies may have died since.
    const std::uint64_t output = std::min(use.segment_bytes, is_known ? output_bytes : use.live_bytes);
    const std::uint64_t unasked = 2 * use.segment_bytes / kSegmentsPerGain;
    const std::uint64_t uncounted = output + output / log::kSegmentBytesPerHintByte + use.ahead_bytes + unasked;
    return static_cast<std::int64_t>(GarbageAllowed(use) + Slack(use)) - static_cast<std::int64_t>(uncounted);
  }

  const double garbage_per_live_byte_;
  const std::uint64_t segment_bytes_max_;
};

}  // namespace kvs::store
