// ScanRecords: walks through a segment from record to record.
#pragma once

#include <cstdint>
#include <string_view>

#include "kvs/function_ref.h"
#include "log/record.h"
#include "log/segment.h"

namespace kvs::log {

// What recovery, compaction and hint files need to know of a record.
struct RecordSummary {
  RecordType type;
  std::uint64_t offset;
  std::uint64_t bytes;
  std::uint64_t sequence;
  std::string_view key;
  Expiry expiry_ms{};
};

// Visits, in the order of the log, every put and tombstone from offset `from` on, those inside batches included, each
// checked in every byte. Of a batch that is not whole, nothing is visited. Returns the offset of the first bad record,
// or `to` where there is none.
std::uint64_t ScanRecords(const Segment& segment, std::uint64_t from, std::uint64_t to,
                          FunctionRef<void(const RecordSummary&)> visit);

}  // namespace kvs::log
