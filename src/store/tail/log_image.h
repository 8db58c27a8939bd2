// LogImage: which segments hold the log at one moment, and how far each is filled.
//
// Ownership   The segments stay readable as long as the image lives, also after compaction has dropped them from the
//             store: their room on the disk comes back after that.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "log/segment.h"
#include "store/segments/append_lock.h"
#include "store/tail/live_log.h"

namespace kvs::store {

struct LogImage {
  struct Part {
    std::uint32_t slot;
    std::shared_ptr<log::Segment> segment;
    std::uint64_t bytes;  // The end of its records, which do not change any more.
    bool is_sealed;
    std::uint64_t last_sequence;  // Of an open segment: that of its last record. 0: it is sealed.
  };
  std::vector<Part> parts;     // The sealed ones, then those at the end of the log, oldest first. All have records.
  std::uint64_t sequence = 0;  // Of the last record in the log.
};

LogImage TakeLogImage(const AppendLock::Held& held, const LiveLog& log);

}  // namespace kvs::store
