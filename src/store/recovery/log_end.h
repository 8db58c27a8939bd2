// FindLogEnd: finds the end of the log in the open segments of a store. No thread may write to them meanwhile.
//
// Design      The open segments are read record by record. Sequences rise by one across them, so a gap is seen even if
//             a whole tail is missing. The log may be cut only where log::ClassifyBadRecord() finds a torn record, and
//             never before a segment that was synced.
// Errors      kCorruption: a byte is damaged that is not in a torn tail. The context names the file, the offset and the
//             remedy. kIo.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "io/file_system.h"
#include "kvs/result.h"
#include "log/manifest.h"
#include "log/segment.h"

namespace kvs::store {

// An open segment, and the part of it that belongs to the log.
struct OpenPart {
  std::shared_ptr<log::Segment> segment;
  std::uint64_t synced_bytes = 0;  // The synced mark.
  std::uint64_t used_bytes = 0;    // The end of its records. If none belongs to the log: the end of its header.
  std::uint64_t records = 0;       // The number of records read; 0: nothing of it belongs to the log.
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t torn_bytes = 0;  // The bytes to cut off after its records, up to the last one that is not zero.
};

struct LogEnd {
  std::vector<OpenPart> parts;      // Every open segment, in the order of the log.
  std::uint64_t last_sequence = 0;  // The sequence of the last record in the log.
  std::uint64_t torn_bytes = 0;     // The bytes to cut off after it, in all parts.
};

// The beginning of an open segment that was whole before, and is known to be on the disk.
struct KnownPart {
  std::uint64_t segment_id;
  std::uint64_t bytes;          // The end of its last record.
  std::uint64_t last_sequence;  // The sequence of that record.
};

// known: in, parts whose records need not be read. Only the first record of each is read.
Result<LogEnd> FindLogEnd(io::FileSystem& files, const std::filesystem::path& directory, const log::Manifest& manifest,
                          const std::vector<KnownPart>& known = {});

}  // namespace kvs::store
