// Saved index, format 2: the index of a store at a clean stop, so that the next opening need not build it.
// Little-endian.
//
//   offset  size  field
//        0     8  magic        "KVS.IDX\n"
//        8     4  version      2
//       12     4  checksum     XXH3, low 32 bits, over the rest of the head
//       16     8  head_bytes   up to the end of the tables below
//       24     8  file_bytes
//       32     8  hash_seed    of the tags in the leaves
//       40     8  keys
//       48     8  sequence     of the last record in the index
//       56     8  expiring     number of keys with an expiry
//       64    24  expiries     the expiry index (store/expiry/expiry_index.h): offset, bytes, checksum u64
//       88     4  segments     numbers of entries in the tables below
//       92     4  chunks
//       96     4  blocks
//      100     4  0
//      104     -  segments, 80 bytes each: the fields of IndexFileSegment in order, all u64
//        -     -  chunks of leaves, 40 bytes each: number, taken, untouched, first_free u32; offset, bytes, checksum
//                 u64
//        -     -  blocks of links, 24 bytes each: offset, bytes, checksum u64
//        -     -  the bytes that expiries, chunks and blocks refer to, each with its checksum. Chunks of
//                 kIndexFileAlignment bytes come last and start at a multiple of it; the gap before them is unused
//
// A checksum chains the XXH3 of parts of kIndexFilePartBytes. The seed of each part is the hash of the part before, and
// 0 for the first part. So each part is checked while it is still in the processor's cache.
// A chunk is the memory of leaves, up to the last one ever used. A leaf has 256 bytes: 32 entries u64, each a tag of 16
// bits above a location of 48.
// A block is a sequence of groups in key order. Each group becomes an inner node: a count u32, then per leaf its number
// u32 and the length u32 of its smallest possible key, then these keys. The very first key is empty.
//
// The records are the truth. If anything does not fit, the file is ignored and the index is built from the records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/round_up.h"
#include "kvs/result.h"

namespace kvs::log {

inline constexpr std::string_view kIndexFileMagic = "KVS.IDX\n";
inline constexpr std::uint32_t kIndexFileVersion = 2;
inline constexpr std::uint64_t kIndexFileHeaderBytes = 104;
inline constexpr std::uint64_t kIndexFileAlignment = std::uint64_t{2} << 20;
inline constexpr std::uint64_t kIndexFilePartBytes = std::uint64_t{128} << 10;

// A segment that the index refers to.
struct IndexFileSegment {
  std::uint64_t segment_id = 0;
  std::uint64_t slot = 0;           // The segment's slot in the locations.
  std::uint64_t bytes = 0;          // The end of its records.
  std::uint64_t fingerprint = 0;    // Of the first and last bytes of its records.
  std::uint64_t last_sequence = 0;  // Of its records, if it was open; 0: it was sealed.
  std::uint64_t hint_bytes = 0;     // The size of its hint file; 0: it has none.
  std::uint64_t live_bytes = 0;
  std::uint64_t dead_bytes = 0;
  std::uint64_t tombstone_bytes = 0;
  std::uint64_t newest_tombstone = 0;
};
inline constexpr std::uint64_t kIndexFileSegmentBytes = std::uint64_t{10} * 8;

constexpr std::uint64_t AlignedInIndexFile(std::uint64_t offset) { return base::RoundUp(offset, kIndexFileAlignment); }

// A range of bytes in the file, and its checksum.
struct IndexFilePiece {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t checksum = 0;
};
inline constexpr std::uint64_t kIndexFilePieceBytes = std::uint64_t{3} * 8;

struct IndexFileChunk {
  std::uint32_t number = 0;
  std::uint32_t taken = 0;
  std::uint32_t untouched = 0;
  std::uint32_t first_free = 0;
  IndexFilePiece piece{};
};
inline constexpr std::uint64_t kIndexFileChunkBytes = 4 * sizeof(std::uint32_t) + kIndexFilePieceBytes;

// The length of a head, by the numbers of entries in its tables.
constexpr std::uint64_t IndexFileTablesEnd(std::uint64_t segments, std::uint64_t chunks, std::uint64_t blocks) {
  return kIndexFileHeaderBytes + segments * kIndexFileSegmentBytes + chunks * kIndexFileChunkBytes +
         blocks * kIndexFilePieceBytes;
}

struct IndexFileHead {
  std::uint64_t file_bytes = 0;
  std::uint64_t hash_seed = 0;
  std::uint64_t keys = 0;
  std::uint64_t sequence = 0;
  std::uint64_t expiring = 0;
  IndexFilePiece expiries{};
  std::vector<IndexFileSegment> segments;
  std::vector<IndexFileChunk> chunks;
  std::vector<IndexFilePiece> blocks;

  std::uint64_t bytes() const { return IndexFileTablesEnd(segments.size(), chunks.size(), blocks.size()); }
};

std::string EncodeIndexFileHead(const IndexFileHead& head);

// The length of the head, from its first kIndexFileHeaderBytes. kCorruption: no file of `file_bytes` can have it.
// kUnsupported: a version that this build does not know.
Result<std::uint64_t> IndexFileHeadBytes(std::string_view header, std::uint64_t file_bytes);

// Decodes the head of a file of `file_bytes`. All pieces are within the file, and together they fill it. Errors as
// above.
Result<IndexFileHead> DecodeIndexFileHead(std::string_view head, std::uint64_t file_bytes);

// The checksum of a piece. Add() takes its parts in order.
class IndexFileChecksum {
 public:
  static std::uint64_t Of(std::string_view piece);

  void Add(std::string_view part);
  // kCorruption: the added bytes are not this piece.
  Status Check(const IndexFilePiece& piece) const;

 private:
  std::uint64_t value_ = 0;
};

// --- Blocks of links ---

struct IndexFileLink {
  std::string_view first_key;
  std::uint32_t leaf;
};

void AppendIndexFileGroup(std::string* to, const std::vector<IndexFileLink>& links);

// Removes the first group of `*block` and stores its links in `*links`. False: there is no whole group. The keys point
// into the block.
bool TakeIndexFileGroup(std::string_view* block, std::vector<IndexFileLink>* links);

}  // namespace kvs::log
