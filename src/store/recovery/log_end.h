// FindLogEnd: where the log ends, as the open segments of a store say that nobody writes to.
//
// Design      The open segments are read from record to record. Sequences rise by one across them, so a hole is seen
//             even where a whole tail is missing. The log may be cut only where log::ClassifyBadRecord() finds a torn
//             record, and not before a segment that was synced.
// Errors      kCorruption with file, offset and a way on for every bad byte but those of a torn tail. kIo.
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

// An open segment, and what of it belongs to the log.
struct OpenPart {
  std::shared_ptr<log::Segment> segment;
  std::uint64_t synced_bytes = 0;
  std::uint64_t used_bytes = 0;  // Where the records end; of a part that is dropped, where they would begin.
  std::uint64_t records = 0;     // That were read; 0: nothing of it belongs to the log.
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t torn_bytes = 0;  // What is cut off behind that: up to the last byte that is not zero.
};

struct LogEnd {
  std::vector<OpenPart> parts;      // Every open segment, in the order of the log.
  std::uint64_t last_sequence = 0;  // Of the last record in the log.
  std::uint64_t torn_bytes = 0;     // What has to be cut off behind it.
};

// The beginning of an open segment that was found whole before, and is known to have reached the disk.
struct KnownPart {
  std::uint64_t segment_id;
  std::uint64_t bytes;          // Up to the end of a record.
  std::uint64_t last_sequence;  // Of that record.
};

// Reads no records of the known parts.
Result<LogEnd> FindLogEnd(io::FileSystem& files, const std::filesystem::path& directory, const log::Manifest& manifest,
                          const std::vector<KnownPart>& known = {});

}  // namespace kvs::store
