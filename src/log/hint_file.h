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
#include "log/hint_outline.h"
#include "log/record_scan.h"
#include "log/segment.h"

namespace kvs::log {

inline constexpr std::string_view kHintMagic = "KVS.HIN\n";
inline constexpr std::uint32_t kHintVersion = 2;
inline constexpr std::size_t kHintHeaderBytes = 48;

// Encodes the hint file of a sealed segment. Reads and checks the whole segment. kCorruption: it has a bad record.
Result<std::string> EncodeHint(const Segment& segment);
// The same, and reads no values as long as `outline`, which its writer kept, proves the heads and keys.
Result<std::string> EncodeHint(const Segment& segment, const HintOutline& outline);

// Decodes the entries; their keys point into `bytes`. kCorruption: any byte is wrong. kUnsupported: format 1, which has
// no expiry, with this segment's id and length; the rest of the file is not checked.
Result<std::vector<RecordSummary>> DecodeHint(std::string_view bytes, const Segment& segment);

}  // namespace kvs::log
