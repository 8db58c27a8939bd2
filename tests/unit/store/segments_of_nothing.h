// Segments for tests of the arithmetic of compaction, which reads only their headers.
#pragma once

#include <memory>

#include "log/segment.h"

namespace kvs::store {

inline std::shared_ptr<log::Segment> SegmentMadeAt(std::uint64_t created_sequence) {
  return std::make_shared<log::Segment>(
      log::SegmentHeader{.segment_id = 1, .base_sequence = created_sequence, .created_sequence = created_sequence},
      io::Mapping(), 0);
}

}  // namespace kvs::store
