// The first 64 bytes of a segment file, format 2. Little-endian.
//
//   offset  size  field
//        0     8  magic             "KVS.SEG\n"
//        8     4  version           2; 1 is read as well
//       12     4  checksum          XXH3, low 32 bits, over the bytes 0..11 and 16..47
//       16     8  segment_id        as in the file name; never reused
//       24     8  base_sequence     the sequences in its records are relative to it
//       32     8  created_sequence  the store's sequence when the segment was created. Records with a lower
//                                   sequence that were overwritten or removed before that are not written here
//       40     8  run               not 0: a compaction wrote the segment in key order. Segments with the same
//                                   number have disjoint key ranges
//       48     8  synced mark       see below
//       56     8  cache identity    see below; zero in format 1
//       64     -  records
//
// The synced mark tells how many bytes were known to be on the disk: the offset in the low 32 bits, its checksum bound
// to the segment id in the high 32. It is one aligned word, written by one store. So neither a dying process nor a disk
// that writes whole sectors can leave half of it. It reports a finished sync, not always the last one.
//
// The cache identity is io::File::CacheIdentity() when the file was opened for appending. If it is still the same, the
// page cache has held the file since, and no page can be missing. The word has 32 bits of it, and a checksum like the
// mark's. 0: unknown, or the segment is sealed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kvs/result.h"

namespace kvs::log {

inline constexpr std::string_view kSegmentMagic = "KVS.SEG\n";
inline constexpr std::uint32_t kSegmentVersion = 2;
inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kSyncedMarkOffset = 48;
inline constexpr std::size_t kCacheIdentityOffset = 56;
static_assert(kSyncedMarkOffset % 8 == 0 && kCacheIdentityOffset % 8 == 0);

struct SegmentHeader {
  std::uint64_t segment_id = 0;
  std::uint64_t base_sequence = 0;
  std::uint64_t created_sequence = 0;
  std::uint64_t run = 0;
  std::uint32_t version = kSegmentVersion;

  bool has_cache_identity() const { return version >= 2; }
};

// Writes kSegmentHeaderBytes to `to`, with a synced mark and a cache identity of 0.
void EncodeSegmentHeader(char* to, const SegmentHeader& header);

// kCorruption: the context says what is wrong. kUnsupported: a version that this build does not know.
Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes);

// The mark's word for: the first `synced_bytes` bytes are on the disk.
std::uint64_t EncodeSyncedMark(std::uint64_t synced_bytes, std::uint64_t segment_id);
Result<std::uint64_t> DecodeSyncedMark(std::uint64_t word, std::uint64_t segment_id);

// The word for io::File::CacheIdentity(); 0 if it is unknown.
std::uint64_t EncodeCacheIdentity(std::uint64_t identity, std::uint64_t segment_id);
// Whether the word was written for this segment.
bool IsCacheIdentity(std::uint64_t word, std::uint64_t segment_id);

}  // namespace kvs::log
