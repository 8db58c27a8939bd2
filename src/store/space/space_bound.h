// SpaceBound: how much more a store may put on the disk at this moment, by its promise
//
//   disk use <= live bytes / (1 - garbage_ratio_max) + slack
//   slack     = 2 segments, or as much as is live where that is more, but no more than 2 of the largest segments
//
// Design      Segments are small while the store is small. So the slack of a small store is mostly for garbage, which
//             costs little space and saves much copying. Of it one segment is for what is not sealed yet, and one is
//             kept for what is on the disk before it is counted: the output that compaction is writing with its hint
//             file, the room that is being taken, and what becomes garbage before compaction is asked again. How large
//             the output will be a run knows once it has its inputs; a whole segment is kept for it until then.
//             Headroom() is what is left; below 0 writers wait. Compaction begins where the headroom falls below
//             HeadStart(), and from there on writers are slowed down (WritePace): so nobody meets the bound who could
//             have been slowed down before it.
// Threads     Pure functions of figures that the SpaceGovernor takes under the append lock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "log/hint_file.h"

namespace kvs::store {

struct SpaceUse {
  std::uint64_t disk_bytes;               // Of all segments with their hint files.
  std::uint64_t live_bytes;               // Of the records that the index points at.
  std::uint64_t segment_bytes;            // How large a segment is at present.
  std::uint64_t ahead_bytes;              // What the maintainer may be taking at the moment.
  std::uint64_t output_bytes = kUnknown;  // What the run that is going on has yet to write, at most.

  static constexpr std::uint64_t kUnknown = ~std::uint64_t{0};  // No run is going on.
};

class SpaceBound {
 public:
  // This part of a segment that has become garbage is worth another look: PickInputs() takes a segment for no less.
  static constexpr std::uint64_t kSegmentsPerGain = 20;

  SpaceBound(double garbage_ratio_max, std::uint64_t segment_bytes_max)
      : garbage_per_live_byte_(garbage_ratio_max / (1 - garbage_ratio_max)), segment_bytes_max_(segment_bytes_max) {}

  // What may yet be put on the disk; negative: so much too much is there.
  std::int64_t Headroom(const SpaceUse& use) const {
    return HeadroomWithoutGarbage(use, use.output_bytes) + static_cast<std::int64_t>(use.live_bytes) -
           static_cast<std::int64_t>(use.disk_bytes);
  }

  // Compaction begins this much before the bound: the later, the less is left in a segment to be copied; the earlier,
  // the less writers feel of it. A run gives its space back only at its end, so they need that much to go on meanwhile.
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
    return std::max(2 * use.segment_bytes, std::min(use.live_bytes, 2 * segment_bytes_max_));
  }

  std::int64_t HeadroomWithoutGarbage(const SpaceUse& use, std::uint64_t output_bytes) const {
    const bool is_known = output_bytes != SpaceUse::kUnknown;  // Then what it copies may have died since.
    const std::uint64_t output = std::min(use.segment_bytes, is_known ? output_bytes : use.live_bytes);
    const std::uint64_t unasked = 2 * use.segment_bytes / kSegmentsPerGain;
    const std::uint64_t uncounted = output + output / log::kSegmentBytesPerHintByte + use.ahead_bytes + unasked;
    return static_cast<std::int64_t>(GarbageAllowed(use) + Slack(use)) - static_cast<std::int64_t>(uncounted);
  }

  const double garbage_per_live_byte_;
  const std::uint64_t segment_bytes_max_;
};

}  // namespace kvs::store
