// SealedSegmentWriter: writes a segment that nobody sees before it is whole: what compaction makes.
//
// Design      The records are put together in a large page of memory, and written from there 2 MB at a time. So no room
//             is zeroed first, the page cache keeps the file in large pages, and nothing is mapped for writing, which a
//             sync would have to take back from all cores, page by page. One sync for all of it.
// Threads     One at a time.
// Durability  Of all or nothing: a file that was not sealed is no segment, and its maker removes it.
// Limits      Records begin within the first 1 GiB.
// Errors      After any error nothing more may be written, and nothing but this file is harmed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/huge_page.h"
#include "io/file_system.h"
#include "kvs/result.h"
#include "log/hint_file.h"
#include "log/record.h"
#include "log/segment.h"

namespace kvs::log {

class SealedSegmentWriter {
 public:
  // Makes the file. Its directory is not synced.
  static Result<std::unique_ptr<SealedSegmentWriter>> Create(io::FileSystem& files,
                                                             const std::filesystem::path& directory,
                                                             const SegmentHeader& header);

  std::uint64_t segment_id() const { return header_.segment_id; }
  std::uint64_t used_bytes() const { return used_bytes_; }

  // Returns the offset of the record. `sequence` is not below the segment's base sequence.
  Result<std::uint64_t> Append(const RecordDraft& draft, std::uint64_t sequence);

  // Syncs the file and opens it for readers.
  Result<std::shared_ptr<Segment>> Seal();

  bool IsHintWorthwhile() const { return hint_size_.IsWorthwhile(used_bytes_); }

 private:
  SealedSegmentWriter(std::unique_ptr<io::File> file, const SegmentHeader& header, base::HugePage page);
  Status Put(std::string_view bytes);
  Status WritePage();

  // Constant after construction.
  const SegmentHeader header_;
  const std::unique_ptr<io::File> file_;
  const base::HugePage page_;

  std::uint64_t used_bytes_ = 0;
  std::uint64_t written_bytes_ = 0;  // Of those; the others are in the page.
  HintSize hint_size_;
};

}  // namespace kvs::log
