// Hint file, format 2: what a sealed segment holds, without the values, so that opening need not read those.
// Little-endian.
//
//   offset  size  field
//        0     8  magic          "KVS.HIN\n"
//        8     4  version        2
//       12     4  checksum       XXH3, low 32 bits, over all that follows
//       16     8  segment_id
//       24     8  segment_bytes  of the file that this describes, to the byte
//       32     8  fingerprint    of that file (log/segment.h)
//       40     8  records        how many entries follow
//       48     -  entries, in the order of the segment:
//                 type u8 (with the bits of record.h that tell of an expiry), gap varint (bytes since the end of the
//                 record before, or since the segment's header), bytes varint (of the record), sequence varint (from
//                 the segment's base), key_bytes varint, expiry u64 (where the type says so), key
//
// Never the truth: one that is missing, damaged or of another segment is ignored, and the segment is read instead.
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

// Segments whose hint file would be larger than this share of them go without.
inline constexpr std::uint64_t kSegmentBytesPerHintByte = 8;

// How large the hint file of a segment will be, about, while that is being written.
class HintSize {
 public:
  void Add(const RecordDraft& draft) {
    bytes_ += draft.type == RecordType::kBatch ? draft.value.size() : draft.key.size() + kHintEntryBytesTypical;
    if (draft.expiry_ms != kNoExpiry) bytes_ += 8;
  }
  void AddBatch(std::uint64_t batch_bytes) { bytes_ += batch_bytes; }
  // Whether it is small beside the segment. Where it is not, reading the segment is as quick.
  bool IsWorthwhile(std::uint64_t segment_bytes) const { return bytes_ * kSegmentBytesPerHintByte <= segment_bytes; }

 private:
  std::uint64_t bytes_ = 0;
};

// The bytes of the hint file for a whole sealed segment. kCorruption: the segment has a bad record.
Result<std::string> EncodeHint(const Segment& segment);

// The entries, whose keys point into `bytes`. kCorruption where anything is not as it should be; kUnsupported for
// format 1, which tells of no expiry, and is of a segment with this id and length, whatever that holds.
Result<std::vector<RecordSummary>> DecodeHint(std::string_view bytes, const Segment& segment);

}  // namespace kvs::log
