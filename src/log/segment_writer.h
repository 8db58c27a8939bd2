// SegmentWriter: appends records to a segment, whose room on the disk it takes in steps ahead of need.
//
// Design      The file is mapped for its whole capacity from the start, and grows underneath: Extend() reserves the
//             next step, Append() copies into what is reserved. Where the file system cannot reserve, steps are filled
//             with zeroes, and appends go to memory, for readers, and through File::WriteAt to the file.
// Threads     One thread at a time for Append() and GrowTo(); Extend(), and Mark() with Sync(), may run beside them,
//             each on one thread at a time. Seal() alone.
// Durability  An appended record survives the death of the process; after Sync() power loss as well.
// Limits      capacity_bytes at most 4 GiB - 1; records begin within the first 1 GiB.
// Errors      What passes (base::IsPassing): nothing is harmed, and the call may be made again. After any other error
//             nothing more may be written. Sync() fails for good, whatever the cause.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/tunable.h"
#include "io/file_system.h"
#include "kvs/result.h"
#include "log/hint_file.h"
#include "log/record.h"
#include "log/segment.h"

namespace kvs::log {

class SegmentWriter {
 public:
  // The first step that is reserved, and the largest by which it grows later: a small store stays small.
  KVS_TUNABLE(std::uint64_t, kFirstStepBytes, std::uint64_t{256} << 10, std::uint64_t{4} << 10, std::uint64_t{1} << 20);
  static constexpr std::uint64_t kStepBytesMax = io::kCoarseGrainBytes;
  // Steps of segments that are smaller than two of those: what is zeroed ahead and synced before it is filled is
  // written twice, and small segments see many syncs for what they hold.
  KVS_TUNABLE(std::uint64_t, kSmallStepBytes, std::uint64_t{64} << 10, std::uint64_t{4} << 10,
              std::uint64_t{256} << 10);

  // The first step of a segment of this capacity.
  static std::uint64_t FirstStepBytes(std::uint64_t capacity_bytes) {
    return capacity_bytes < 2 * kStepBytesMax ? 2 * kSmallStepBytes : kFirstStepBytes;
  }
  // How much room to take behind `reserved_bytes`.
  static std::uint64_t StepBytes(std::uint64_t capacity_bytes, std::uint64_t reserved_bytes) {
    if (capacity_bytes < 2 * kStepBytesMax) return kSmallStepBytes;
    return std::clamp(reserved_bytes, kFirstStepBytes, kStepBytesMax);
  }

  // Makes the file with its header, synced; its directory is not. `reserve_bytes`: how much room to take now. It is
  // of fine grain, as syncs note their mark in the header.
  static Result<std::unique_ptr<SegmentWriter>> Create(io::FileSystem& files, const std::filesystem::path& directory,
                                                       const SegmentHeader& header, std::uint64_t capacity_bytes,
                                                       std::uint64_t reserve_bytes = kFirstStepBytes);

  // Goes on behind the first `used_bytes` of a segment that was left open. Whatever is after them is wiped. What
  // is not known to be on the disk, from `synced_bytes` on, is written again: if a sync failed, the kernel may take
  // pages for clean that never reached the disk.
  static Result<std::unique_ptr<SegmentWriter>> Reopen(io::FileSystem& files, const std::filesystem::path& directory,
                                                       const SegmentHeader& header, std::uint64_t used_bytes,
                                                       std::uint64_t synced_bytes, std::uint64_t capacity_bytes);

  // For a segment whose file cannot be written to. Nothing but used_bytes() and segment() may be asked of it.
  static std::unique_ptr<SegmentWriter> OfReadOnly(std::shared_ptr<Segment> segment, std::uint64_t used_bytes);

  const std::shared_ptr<Segment>& segment() const { return segment_; }
  std::uint64_t used_bytes() const { return used_bytes_; }
  std::uint64_t reserved_bytes() const { return segment_->readable_bytes(); }
  std::uint64_t capacity_bytes() const { return capacity_bytes_; }

  // Copies the record into the reserved room, which the caller has checked, and returns its offset. `sequence` is not
  // below the segment's base sequence.
  Result<std::uint64_t> Append(const RecordDraft& draft, std::uint64_t sequence);
  // The same for a batch, whose members take the sequences from `sequence` on. Each byte of it is copied once.
  Result<std::uint64_t> AppendBatch(std::span<const RecordDraft> members, std::uint64_t sequence);

  // Takes room for the next step, to at least `wanted_bytes` in all, and returns the new end of the reserved room,
  // which counts only once it was handed to GrowTo().
  Result<std::uint64_t> Extend(std::uint64_t wanted_bytes, io::Grain grain);
  void GrowTo(std::uint64_t reserved_bytes);

  // Brings everything that was appended before the call to the disk.
  Status Sync();

  // Notes how far a Sync() came. The next one brings the mark to the disk.
  Status Mark(std::uint64_t synced_bytes);

  // Cuts the file to what is used, syncs it, and returns the segment as it is from now on: the same object, or a new
  // one on the file where the old one showed memory.
  Result<std::shared_ptr<Segment>> Seal();

  bool IsHintWorthwhile() const { return hint_size_.IsWorthwhile(used_bytes_); }

 private:
  SegmentWriter(std::unique_ptr<io::File> file, std::filesystem::path path, std::uint64_t capacity_bytes);
  // Takes the room, if `want` says so only where there is any, and shows it.
  enum class Want : std::uint8_t { kRoom, kRoomIfAny };
  Status Prepare(const SegmentHeader& header, std::uint64_t used_bytes, std::uint64_t reserve_bytes, Want want);
  Result<std::uint64_t> CutBehind(std::uint64_t used_bytes, std::uint64_t room_end);
  Status WriteAgain(std::uint64_t from, std::uint64_t to);
  Status PutWord(std::size_t offset, std::uint64_t word);
  // Takes the room from `from` to `to` of the file, zeroed; all of it or nothing.
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
  bool is_mapped_ = true;  // False: segment_ shows memory, and appends are written to the file as well.

  // Touched by the appending thread only.
  std::uint64_t used_bytes_ = 0;
  bool is_cut_due_ = false;  // A refused record may have left bytes behind `used_bytes_`.
  HintSize hint_size_;
};

}  // namespace kvs::log
