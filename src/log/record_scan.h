// ScanRecords, WalkRecords: visit the records of a segment in order. FindWholeRecord: where to go on after damage.
#pragma once

#include <cstdint>
#include <string_view>

#include "kvs/function_ref.h"
#include "log/record.h"
#include "log/segment.h"

namespace kvs::log {

// The facts about a record that recovery, compaction and hint files need.
struct RecordSummary {
  RecordType type;
  std::uint64_t offset;
  std::uint64_t bytes;
  std::uint64_t sequence;
  std::string_view key;
  Expiry expiry_ms{};
};

// Visits every put and tombstone from offset `from` on, in log order, including those in batches. Every byte of each is
// checked. If a batch is not whole, none of its members is visited. Returns the offset of the first bad record, or `to`
// if there is none.
std::uint64_t ScanRecords(const Segment& segment, std::uint64_t from, std::uint64_t to,
                          FunctionRef<void(const RecordSummary&)> visit);

// As ScanRecords(), but reads no values and checks only the form of each record, so the caller needs other proof that
// the records are right. Visits batches too, each before its members.
std::uint64_t WalkRecords(const Segment& segment, std::uint64_t from, std::uint64_t to,
                          FunctionRef<void(const RecordSummary&)> visit);

// After a damaged place: the offset of the next whole record from `from` on; `to` if none is found. A record within a
// damaged batch counts. Gives up after hashing 1 GiB of bytes that only look like records.
std::uint64_t FindWholeRecord(const Segment& segment, std::uint64_t from, std::uint64_t to);

}  // namespace kvs::log
