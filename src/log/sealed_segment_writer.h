// SealedSegmentWriter: writes a segment that becomes visible only as a whole. Compaction uses it.
//
// Design      Records are collected in a large page of memory and written from there, 2 MB at a time. So no room is
//             zeroed first, and the page cache keeps the file in large pages. Nothing is mapped for writing, so the
//             sync need not revoke pages on all cores. One sync covers the whole file.
// Threads     One thread at a time.
// Durability  All or nothing: a file that was not sealed is not a segment, and its creator removes it.
// Limits      Records start within the first 1 GiB.
// Errors      After any error nothing more may be written. An error harms no other file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/huge_page.h"
#include "io/file_system.h"
#include "kvs/result.h"
#include "log/hint_outline.h"
#include "log/record.h"
#include "log/segment.h"

namespace kvs::log {

class SealedSegmentWriter {
 public:
  // Creates the file. Its directory is not synced.
  static Result<std::unique_ptr<SealedSegmentWriter>> Create(io::FileSystem& files,
                                                             const std::filesystem::path& directory,
                                                             const SegmentHeader& header);

  std::uint64_t segment_id() const { return header_.segment_id; }
  std::uint64_t used_bytes() const { return used_bytes_; }

  // Returns the offset of the record. sequence: in, at least the segment's base sequence.
  Result<std::uint64_t> Append(const RecordDraft& draft, std::uint64_t sequence);

  // Syncs the file and opens it for readers.
  Result<std::shared_ptr<Segment>> Seal();

  const HintOutline& hint_outline() const { return hint_outline_; }

 private:
  SealedSegmentWriter(std::unique_ptr<io::File> file, const SegmentHeader& header, base::HugePage page);
  Status Put(std::string_view bytes);
  Status WritePage();

  // Constant after construction.
  const SegmentHeader header_;
  const std::unique_ptr<io::File> file_;
  const base::HugePage page_;

  std::uint64_t used_bytes_ = 0;
  std::uint64_t written_bytes_ = 0;  // Bytes that are in the file; the rest is in the page.
  HintOutline hint_outline_;
};

}  // namespace kvs::log
