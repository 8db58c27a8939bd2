// Segment: one file of the log as readers see it: records in a mapping.
//
// Threads     Decode() and Read() from any thread, also while a SegmentWriter appends: a reader knows an offset only
//             from the index, which learns it after the record is whole.
// Ownership   Views into records live as long as the segment.
// Errors      What does not parse, or fails its checksum, is nullopt. Never a wrong record.
//
// Fences      R1  readable_bytes_: relaxed. It grows before a record is written behind the old bound, and the record's
//                 location reaches readers through the index, which orders both.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/prefetch.h"
#include "io/file_system.h"
#include "io/mapped/mapping.h"
#include "kvs/result.h"
#include "log/record.h"
#include "log/segment_header.h"

namespace kvs::log {

class Segment {
 public:
  // Opens the file of segment `id` for reading, as long as it is, and checks its header. kCorruption, kIo.
  static Result<std::shared_ptr<Segment>> Open(io::FileSystem& files, const std::filesystem::path& directory,
                                               std::uint64_t id);

  Segment(const SegmentHeader& header, io::Mapping mapping, std::uint64_t readable_bytes)
      : header_(header), mapping_(std::move(mapping)), readable_bytes_(readable_bytes) {}

  std::uint64_t id() const { return header_.segment_id; }
  const SegmentHeader& header() const { return header_; }
  std::uint64_t SequenceOf(const Record& record) const { return header_.base_sequence + record.sequence_delta; }

  // The record at `offset`, its form checked.
  std::optional<Record> Decode(std::uint64_t offset) const {
    const std::uint64_t end = readable_bytes_.load(std::memory_order_relaxed);  // R1
    if (offset < kSegmentHeaderBytes || offset >= end) return std::nullopt;
    return DecodeRecord(mapping_.data() + offset, mapping_.data() + end);
  }

  // The record at `offset`, every byte of it checked.
  std::optional<Record> Read(std::uint64_t offset) const {
    const std::optional<Record> record = Decode(offset);
    if (!record || !IsIntact(*record, id())) return std::nullopt;
    return record;
  }

  // The offset of a byte of the segment, from a pointer into one of its records.
  std::uint64_t OffsetOf(const char* byte) const { return static_cast<std::uint64_t>(byte - mapping_.data()); }

  // All that may be read from `offset` on, whatever it is.
  std::string_view BytesFrom(std::uint64_t offset) const {
    return {mapping_.data() + offset, readable_bytes() - offset};
  }

  // Asks for a record of common size, which seldom begins at the begin of a cache line.
  void Prefetch(std::uint64_t offset) const { base::Prefetch(mapping_.data() + offset, kPrefetchBytes); }

  // How far the file may be read. For a segment that is written to this is ahead of its last record.
  std::uint64_t readable_bytes() const { return readable_bytes_.load(std::memory_order_relaxed); }  // R1

  // Whether the page cache has held the file since it was opened to append: nothing that was written is missing then.
  bool was_kept_in_cache() const { return was_kept_in_cache_; }

  // Whether pages of the file could not be read, and showed zeroes instead.
  bool has_faults() const { return mapping_.FaultCount() > 0; }

  // Tells this segment from any other whose records begin or end differently: by the head of the file, and the first
  // and the last 4 kB of the records. `bytes`: where they end; at least kSegmentHeaderBytes.
  std::uint64_t Fingerprint(std::uint64_t bytes) const;

  // How far the segment is known to have reached the disk; kCorruption.
  Result<std::uint64_t> SyncedBytes() const;

 private:
  friend class SegmentWriter;

  static constexpr std::size_t kPrefetchBytes = 3 * base::kCacheLineBytes;

  const SegmentHeader header_;
  io::Mapping mapping_;
  bool was_kept_in_cache_ = false;  // Constant after Open().
  std::atomic<std::uint64_t> readable_bytes_;
};

}  // namespace kvs::log
