// Hint file, format 2: the records of a sealed segment without the values, so that opening need not read the values.
// Little-endian.
//
//   offset  size  field
//        0     8  magic          "KVS.HIN\n"
//        8     4  version        2
//       12     4  checksum       XXH3, low 32 bits, over all that follows
//       16     8  segment_id
//       24     8  segment_bytes  exact length of the segment file
//       32     8  fingerprint    of the segment file (log/segment.h)
//       40     8  records        number of entries
//       48     -  entries, in the order of the segment:
//                 type u8, with the expiry bits of record.h
//                 gap varint, bytes since the end of the previous record or since the segment's header
//                 bytes varint, of the record
//                 sequence varint, relative to the segment's base
//                 key_bytes varint
//                 expiry u64, if the type says so
//                 key
//
// The segment is the truth. A hint file that is missing, damaged or of another segment is ignored, and opening reads
// the segment.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvs/result.h"
#include "log/record_scan.h"
#include "log/segment.h"

namespace kvs::log {

inline constexpr std::string_view kHintMagic = "KVS.HIN\n";
inline constexpr std::uint32_t kHintVersion = 2;
inline constexpr std::size_t kHintHeaderBytes = 48;
inline constexpr std::size_t kHintEntryBytesTypical = 9;  // Without the key.

// A segment gets no hint file if that would be larger than this share of the segment.
inline constexpr std::uint64_t kSegmentBytesPerHintByte = 8;

// Estimates the size of a segment's hint file while the segment is written.
class HintSize {
 public:
  void Add(const RecordDraft& draft) {
    bytes_ += draft.type == RecordType::kBatch ? draft.value.size() : draft.key.size() + kHintEntryBytesTypical;
    if (draft.expiry_ms != kNoExpiry) bytes_ += 8;
  }
  void AddBatch(std::uint64_t batch_bytes) { bytes_ += batch_bytes; }
  // Whether the hint file is small compared with the segment. If not, reading the segment is as fast.
  bool IsWorthwhile(std::uint64_t segment_bytes) const { return bytes_ * kSegmentBytesPerHintByte <= segment_bytes; }

 private:
  std::uint64_t bytes_ = 0;
};

// Encodes the hint file of a sealed segment. kCorruption: the segment has a bad record.
Result<std::string> EncodeHint(const Segment& segment);

// Decodes the entries; their keys point into `bytes`. kCorruption: any byte is wrong. kUnsupported: format 1, which has
// no expiry, with this segment's id and length; the rest of the file is not checked.
Result<std::vector<RecordSummary>> DecodeHint(std::string_view bytes, const Segment& segment);

}  // namespace kvs::log
