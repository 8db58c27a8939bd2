// SegmentWriter: appends records to a segment, and reserves its disk space in steps ahead of need.
//
// Design      The file is mapped for its whole capacity from the start and grows under the mapping. Extend() reserves
//             the next step, and Append() copies into reserved room. If the file system cannot reserve, steps are
//             filled with zeroes. Appends then go to memory for readers, and through File::WriteAt to the file.
// Threads     One thread at a time for Append() and GrowTo(). Extend() may run in parallel on one thread, and Mark()
//             with Sync() on one more. Seal() runs alone.
// Durability  An appended record survives the death of the process. After Sync() it also survives power loss.
// Limits      capacity_bytes is at most 4 GiB - 1. Records start within the first 1 GiB.
// Errors      A passing error (base::IsPassing) harms nothing, and the call may be repeated. After any other error
//             nothing more may be written. A failed Sync() is never passing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/tunable.h"
#include "io/file_system.h"
#include "kvs/result.h"
#include "log/hint_outline.h"
#include "log/record.h"
#include "log/segment.h"

namespace kvs::log {

class SegmentWriter {
 public:
  // The first reserved step, and the largest later one: a small store stays small.
  KVS_TUNABLE(std::uint64_t, kFirstStepBytes, std::uint64_t{256} << 10, std::uint64_t{4} << 10, std::uint64_t{1} << 20);
  static constexpr std::uint64_t kStepBytesMax = io::kCoarseGrainBytes;
  // The steps of segments smaller than two of those. Zeroes that are synced before they are filled are written twice,
  // and small segments are synced often for their size.
  KVS_TUNABLE(std::uint64_t, kSmallStepBytes, std::uint64_t{64} << 10, std::uint64_t{4} << 10,
              std::uint64_t{256} << 10);

  // The first step of a segment of this capacity.
  static std::uint64_t FirstStepBytes(std::uint64_t capacity_bytes) {
    return capacity_bytes < 2 * kStepBytesMax ? 2 * kSmallStepBytes : kFirstStepBytes;
  }
  // The size of the step after `reserved_bytes`.
  static std::uint64_t StepBytes(std::uint64_t capacity_bytes, std::uint64_t reserved_bytes) {
    if (capacity_bytes < 2 * kStepBytesMax) return kSmallStepBytes;
    return std::clamp(reserved_bytes, kFirstStepBytes, kStepBytesMax);
  }

  // Creates the file with its header and syncs it, but not its directory. The room has fine grain, because each sync
  // writes its mark to the header.
  // reserve_bytes: in, the room to reserve now.
  static Result<std::unique_ptr<SegmentWriter>> Create(io::FileSystem& files, const std::filesystem::path& directory,
                                                       const SegmentHeader& header, std::uint64_t capacity_bytes,
                                                       std::uint64_t reserve_bytes = kFirstStepBytes);

  // Continues after the first `used_bytes` of a segment that was left open, and wipes everything after them. Bytes from
  // `synced_bytes` on are not known to be on the disk and are written again. After a failed sync, the kernel may treat
  // pages as clean that never reached the disk.
  static Result<std::unique_ptr<SegmentWriter>> Reopen(io::FileSystem& files, const std::filesystem::path& directory,
                                                       const SegmentHeader& header, std::uint64_t used_bytes,
                                                       std::uint64_t synced_bytes, std::uint64_t capacity_bytes);

  // For a segment whose file cannot be written to. Only used_bytes() and segment() may be called.
  static std::unique_ptr<SegmentWriter> OfReadOnly(std::shared_ptr<Segment> segment, std::uint64_t used_bytes);

  const std::shared_ptr<Segment>& segment() const { return segment_; }
  std::uint64_t used_bytes() const { return used_bytes_; }
  std::uint64_t reserved_bytes() const { return segment_->readable_bytes(); }
  std::uint64_t capacity_bytes() const { return capacity_bytes_; }

  // Copies the record into the reserved room and returns its offset. The caller has checked that it fits.
  // sequence: in, at least the segment's base sequence.
  Result<std::uint64_t> Append(const RecordDraft& draft, std::uint64_t sequence);
  // Appends a batch, whose members get consecutive sequences from `sequence` on. Copies each byte once.
  Result<std::uint64_t> AppendBatch(std::span<const RecordDraft> members, std::uint64_t sequence);

  // Reserves the next step, up to at least `wanted_bytes` in total. Returns the new end of the reserved room, which
  // takes effect when it is passed to GrowTo().
  Result<std::uint64_t> Extend(std::uint64_t wanted_bytes, io::Grain grain);
  void GrowTo(std::uint64_t reserved_bytes);

  // Syncs everything that was appended before the call.
  Status Sync();

  // Writes the progress of a Sync() into the mark. The next Sync() brings the mark to the disk.
  Status Mark(std::uint64_t synced_bytes);

  // Truncates the file to the used bytes, syncs it, and returns the segment to use from now on. It is the same object,
  // or a new one on the file if the old one showed memory.
  Result<std::shared_ptr<Segment>> Seal();

  const HintOutline& hint_outline() const { return hint_outline_; }

 private:
  SegmentWriter(std::unique_ptr<io::File> file, std::filesystem::path path, std::uint64_t capacity_bytes);
  // Reserves the room and maps it. kRoomIfAny: having no room is not an error.
  enum class Want : std::uint8_t { kRoom, kRoomIfAny };
  Status Prepare(const SegmentHeader& header, std::uint64_t used_bytes, std::uint64_t reserve_bytes, Want want);
  Result<std::uint64_t> TruncateAfter(std::uint64_t used_bytes, std::uint64_t room_end);
  Status WriteAgain(std::uint64_t from, std::uint64_t to);
  Status PutWord(std::size_t offset, std::uint64_t word);
  // Reserves [from, to) of the file, zeroed; all of it or nothing.
  Status TakeRoom(std::uint64_t from, std::uint64_t to, io::Grain grain);
  Status FillWithZeroes(std::uint64_t from, std::uint64_t to);
  Error LoseRoom(Error why);
  Status CutIfDue();
  Status SyncFile();
  Status CheckLength();
  std::uint64_t DeltaOf(std::uint64_t sequence) const;
  char* Room(std::size_t bytes);
  Result<std::uint64_t> KeepAppended(std::size_t bytes);

  // Constant after Create().
  const std::unique_ptr<io::File> file_;
  const std::filesystem::path path_;
  const std::uint64_t capacity_bytes_;
  std::shared_ptr<Segment> segment_;
  bool is_mapped_ = true;  // False: segment_ shows memory, and appends also go to the file.

  // Used by the appending thread only.
  std::uint64_t used_bytes_ = 0;
  bool is_cut_due_ = false;  // A refused record may have left bytes after `used_bytes_`.
  HintOutline hint_outline_;
};

}  // namespace kvs::log
