// ClassifyBadRecord: what is at a place of a segment where no whole record does: the end of the log, a record that
// a crash left torn, or damage.
//
// Design      Records are appended one after the other, each copied from its head to its last byte, to room that is
//             zeroed. So where the page cache has held the file, only the last record can be less than whole: behind a
//             bad record that is not the last one nothing is explained by a crash, and it is damage. Where the cache
//             was lost, sectors that had not reached the disk are as they were before, zero from some byte to their
//             end. A bad record that is followed by a whole one without such a hole before that is damage as well.
//             Whatever is known to have reached the disk is never torn.
// Limits      A record that the log goes on with has its sequence and the segment's id in its checksum, so nothing that
//             users store is taken for one by chance. Looking for one hashes a few times the bytes that are searched.
#pragma once

#include <cstdint>

#include "log/segment.h"

namespace kvs::log {

enum class BadRecord : std::uint8_t {
  kEnd,      // Zeroes to the end of the file, or nothing.
  kTorn,     // What a crash may leave of the end of the log.
  kDamaged,  // Not what was written.
};

// Where a reader of the log got to, and what is known of that place.
struct LogPlace {
  std::uint64_t offset = 0;
  std::uint64_t sequence = 0;      // That a record would have there.
  std::uint64_t synced_bytes = 0;  // The segment's first bytes that are known to have reached the disk.
  bool goes_on = false;            // There are records in a later segment.
};

BadRecord ClassifyBadRecord(const Segment& segment, const LogPlace& place);

// Up to the end of the last byte from `offset` on that is not zero, as an offset; `offset` where all are.
std::uint64_t DataEnd(const Segment& segment, std::uint64_t offset);

}  // namespace kvs::log
