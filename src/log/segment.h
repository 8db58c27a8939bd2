// Segment: one file of the log for readers: records in a mapping.
//
// Threads     Decode() and Read() from any thread, even while a SegmentWriter appends. A reader gets an offset only
//             from the index, which is updated after the record is whole.
// Ownership   Views into records are valid as long as the segment lives.
// Errors      Bytes that do not parse or fail the checksum give nullopt, never a wrong record.
//
// Fences      R1  readable_bytes_: relaxed. It grows before a record is written past the old bound. Readers get the
//             record's location through the index, which orders both.
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
  // Opens the file of segment `id` for reading, at its present length, and checks its header. kCorruption, kIo.
  static Result<std::shared_ptr<Segment>> Open(io::FileSystem& files, const std::filesystem::path& directory,
                                               std::uint64_t id);

  Segment(const SegmentHeader& header, io::Mapping mapping, std::uint64_t readable_bytes)
      : header_(header), mapping_(std::move(mapping)), readable_bytes_(readable_bytes) {}

  std::uint64_t id() const { return header_.segment_id; }
  const SegmentHeader& header() const { return header_; }
  std::uint64_t SequenceOf(const Record& record) const { return header_.base_sequence + record.sequence_delta; }

  // The record at `offset`, with its form checked.
  std::optional<Record> Decode(std::uint64_t offset) const {
    const std::uint64_t end = readable_bytes_.load(std::memory_order_relaxed);  // R1
    if (offset < kSegmentHeaderBytes || offset >= end) return std::nullopt;
    return DecodeRecord(mapping_.data() + offset, mapping_.data() + end);
  }

  // The record at `offset`, with every byte checked.
  std::optional<Record> Read(std::uint64_t offset) const {
    const std::optional<Record> record = Decode(offset);
    if (!record || !IsIntact(*record, id())) return std::nullopt;
    return record;
  }

  // The offset of a byte of the segment, from a pointer into one of its records.
  std::uint64_t OffsetOf(const char* byte) const { return static_cast<std::uint64_t>(byte - mapping_.data()); }

  // All readable bytes from `offset` on, whether records or not.
  std::string_view BytesFrom(std::uint64_t offset) const {
    return {mapping_.data() + offset, readable_bytes() - offset};
  }

  // Prefetches a record of common size, which seldom starts at a cache line.
  void Prefetch(std::uint64_t offset) const { base::Prefetch(mapping_.data() + offset, kPrefetchBytes); }

  // The end of the readable bytes. In a segment that is being written, it is past the last record.
  std::uint64_t readable_bytes() const { return readable_bytes_.load(std::memory_order_relaxed); }  // R1

  // Whether the page cache has held the file since it was opened for appending. Then nothing written is missing.
  bool was_kept_in_cache() const { return was_kept_in_cache_; }

  // Whether some pages of the file were unreadable and showed zeroes instead.
  bool has_faults() const { return mapping_.FaultCount() > 0; }

  // A hash that distinguishes this segment from others whose records begin or end differently. It covers the head of
  // the file, and the first and last 4 kB of the records.
  // bytes: in, the end of the records, at least kSegmentHeaderBytes.
  std::uint64_t Fingerprint(std::uint64_t bytes) const;

  // The number of first bytes known to be on the disk; kCorruption.
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
