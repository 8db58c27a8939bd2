// ClassifyBadRecord: tells what a segment holds at an offset without a whole record. It is the end of the log, a torn
// record from a crash, or damage.
//
// Design      Records are appended in order, each copied from its head to its last byte, into zeroed room. If the page
//             cache has held the file, a crash can tear only the last record. A bad record before other records is then
//             damage. If the cache was lost, sectors that did not reach the disk are as before: zero from some byte to
//             their end. A bad record before a whole one is damage as well, unless there is such a hole before the
//             whole one. Bytes known to be on the disk are never torn.
// Limits      A later record of the log must have its sequence and the segment's id in its checksum. So no user data
//             passes for one by chance. The search for one hashes a few times the bytes that it searches.
#pragma once

#include <cstdint>

#include "log/segment.h"

namespace kvs::log {

enum class BadRecord : std::uint8_t {
  kEnd,      // Only zeroes up to the end of the file, or nothing.
  kTorn,     // A possible end of the log after a crash.
  kDamaged,  // Not the written bytes.
};

// A place that a reader of the log has reached, and the facts known about it.
struct LogPlace {
  std::uint64_t offset = 0;
  std::uint64_t sequence = 0;      // The sequence of a record there.
  std::uint64_t synced_bytes = 0;  // The first bytes of the segment known to be on the disk.
  bool goes_on = false;            // A later segment has records.
};

BadRecord ClassifyBadRecord(const Segment& segment, const LogPlace& place);

// The offset after the last nonzero byte from `offset` on; `offset` if there is none.
std::uint64_t DataEnd(const Segment& segment, std::uint64_t offset);

}  // namespace kvs::log
