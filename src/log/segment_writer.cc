#include "log/segment_writer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/probe.h"
#include "base/round_up.h"
#include "base/system_error.h"
#include "base/try.h"
#include "base/tunable.h"
#include "log/file_names.h"

namespace kvs::log {
namespace {

// The size of the pieces in which bytes are written again.
KVS_TUNABLE(std::uint64_t, kPieceBytes, std::uint64_t{1} << 20, 512, std::uint64_t{4} << 20);

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<io::File> file, std::filesystem::path path, std::uint64_t capacity_bytes)
    : file_(std::move(file)), path_(std::move(path)), capacity_bytes_(capacity_bytes) {}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::Create(io::FileSystem& files,
                                                             const std::filesystem::path& directory,
                                                             const SegmentHeader& header, std::uint64_t capacity_bytes,
                                                             std::uint64_t reserve_bytes) {
  const std::filesystem::path path = SegmentPath(directory, header.segment_id);
  KVS_TRY_ASSIGN(auto file, files.Open(path, io::OpenMode::kCreate));
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(std::move(file), path, capacity_bytes));
  char bytes[kSegmentHeaderBytes];
  EncodeSegmentHeader(bytes, header);
  if (header.has_cache_identity())
    base::PutFixed64(bytes + kCacheIdentityOffset,
                     EncodeCacheIdentity(writer->file_->CacheIdentity(), header.segment_id));
  Status status = writer->file_->WriteAt(0, {bytes, sizeof bytes});
  if (status) status = writer->Prepare(header, kSegmentHeaderBytes, reserve_bytes, Want::kRoom);
  if (status) status = writer->file_->Sync();
  if (!status) {
    KVS_PROBE("segment could not be created");
    // A file that is not in the manifest has no effect. If this fails, the next opening removes it.
    static_cast<void>(files.Remove(path).has_value());
    return std::move(status).error();
  }
  return writer;
}

Result<std::unique_ptr<SegmentWriter>> SegmentWriter::Reopen(io::FileSystem& files,
                                                             const std::filesystem::path& directory,
                                                             const SegmentHeader& header, std::uint64_t used_bytes,
                                                             std::uint64_t synced_bytes, std::uint64_t capacity_bytes) {
  const std::filesystem::path path = SegmentPath(directory, header.segment_id);
  KVS_TRY_ASSIGN(auto file, files.Open(path, io::OpenMode::kReadWrite));
  const std::uint64_t capacity = std::max(capacity_bytes, used_bytes);
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(std::move(file), path, capacity));
  if (used_bytes > kSegmentHeaderBytes) writer->hint_outline_.NoteUnknownRecords();
  const std::uint64_t room_end = std::min(capacity, std::max(kFirstStepBytes, used_bytes + kSmallStepBytes));
  KVS_TRY_ASSIGN(const std::uint64_t kept_end, writer->TruncateAfter(used_bytes, room_end));
  // Asks for room in any case, to find out whether the file system can reserve at all.
  KVS_TRY(writer->Prepare(header, used_bytes, kept_end > used_bytes ? kept_end : room_end, Want::kRoomIfAny));
  KVS_TRY(writer->WriteAgain(std::max(synced_bytes, std::uint64_t{kSegmentHeaderBytes}), used_bytes));
  KVS_TRY(writer->file_->Sync());
  // From here on the cache has the bytes that the disk may lack, so none of the existing bytes can go missing.
  if (header.has_cache_identity()) {
    KVS_TRY(
        writer->PutWord(kCacheIdentityOffset, EncodeCacheIdentity(writer->file_->CacheIdentity(), header.segment_id)));
  }
  return writer;
}

// Truncates the file after `used_bytes`, but keeps zeroes up to `room_end`. A full disk might not give that room again:
// btrfs keeps an extent if part of it is used. Returns the file's new end.
Result<std::uint64_t> SegmentWriter::TruncateAfter(std::uint64_t used_bytes, std::uint64_t room_end) {
  KVS_TRY_ASSIGN(const std::uint64_t size, file_->Size());
  std::uint64_t kept_end = std::max(used_bytes, std::min(size, room_end));
  std::string room(kept_end - used_bytes, '\0');
  KVS_TRY_ASSIGN(const std::size_t read, file_->ReadAt(used_bytes, room.data(), room.size()));
  if (read != room.size() || room.find_first_not_of('\0') != std::string::npos) kept_end = used_bytes;
  KVS_TRY(file_->Truncate(kept_end));
  return kept_end;
}

Status SegmentWriter::WriteAgain(std::uint64_t from, std::uint64_t to) {
  std::string piece;
  for (; from < to; from += piece.size()) {
    piece = segment_->BytesFrom(from).substr(0, std::min(kPieceBytes, to - from));
    KVS_TRY(file_->WriteAt(from, piece));
  }
  return Ok();
}

std::unique_ptr<SegmentWriter> SegmentWriter::OfReadOnly(std::shared_ptr<Segment> segment, std::uint64_t used_bytes) {
  std::unique_ptr<SegmentWriter> writer(new SegmentWriter(nullptr, {}, segment->readable_bytes()));
  writer->segment_ = std::move(segment);
  writer->used_bytes_ = used_bytes;
  return writer;
}

Status SegmentWriter::Prepare(const SegmentHeader& header, std::uint64_t used_bytes, std::uint64_t reserve_bytes,
                              Want want) {
  used_bytes_ = used_bytes;
  std::uint64_t reserved_bytes = std::min(capacity_bytes_, std::max(used_bytes, reserve_bytes));
  Status reserved = Ok();
  if (reserved_bytes > used_bytes) reserved = TakeRoom(used_bytes, reserved_bytes, io::Grain::kFine);
  if (want == Want::kRoomIfAny && !reserved && base::IsPassing(reserved.error())) {
    KVS_PROBE("no room at the end of the log at opening");
    reserved_bytes = used_bytes;  // A full disk must not prevent reading.
    reserved = Ok();
  }
  KVS_TRY(reserved);
  io::Mapping mapping;
  if (is_mapped_) {
    KVS_TRY_ASSIGN(mapping, file_->Map(capacity_bytes_, io::Access::kReadWrite));
  } else {
    KVS_TRY_ASSIGN(mapping, io::Mapping::Anonymous(capacity_bytes_));
    KVS_TRY_ASSIGN(const auto copied, file_->ReadAt(0, mapping.data(), used_bytes));
    if (copied != used_bytes) return Error{.code = ErrorCode::kIo, .context = path_.string() + " became shorter"};
  }
  segment_ = std::make_shared<Segment>(header, std::move(mapping), reserved_bytes);
  return Ok();
}

// On failure it returns the room that it got, which others may need.
Status SegmentWriter::TakeRoom(std::uint64_t from, std::uint64_t to, io::Grain grain) {
  Status taken = is_mapped_ ? file_->Reserve(from, to - from, grain) : FillWithZeroes(from, to);
  if (!taken && is_mapped_ && taken.error().code == ErrorCode::kUnsupported) {
    KVS_PROBE("file system cannot promise room");
    is_mapped_ = false;
    taken = FillWithZeroes(from, to);
  }
  KVS_PROBE_IF(!taken && base::IsPassing(taken.error()), "part of the room goes back to the disk");
  if (!taken && base::IsPassing(taken.error())) KVS_TRY(file_->Truncate(from));
  return taken;
}

Status SegmentWriter::FillWithZeroes(std::uint64_t from, std::uint64_t to) {
  static constexpr std::array<char, std::size_t{64} << 10> kZeroes{};
  while (from < to) {
    const std::uint64_t bytes = std::min<std::uint64_t>(kZeroes.size(), to - from);
    KVS_TRY(file_->WriteAt(from, {kZeroes.data(), bytes}));
    from += bytes;
  }
  return Ok();
}

Result<std::uint64_t> SegmentWriter::Append(const RecordDraft& draft, std::uint64_t sequence) {
  const std::uint64_t delta = DeltaOf(sequence);
  const std::size_t bytes = RecordBytes(draft, delta);
  EncodeRecord(Room(bytes), draft, segment_->id(), delta);
  KVS_TRY_ASSIGN(const std::uint64_t offset, KeepAppended(bytes));
  hint_outline_.Add(draft, bytes, delta);
  return offset;
}

Result<std::uint64_t> SegmentWriter::AppendBatch(std::span<const RecordDraft> members, std::uint64_t sequence) {
  const std::uint64_t delta = DeltaOf(sequence);
  const std::size_t bytes = BatchBytes(members, delta);
  EncodeBatch(Room(bytes), members, segment_->id(), delta);
  KVS_TRY_ASSIGN(const std::uint64_t offset, KeepAppended(bytes));
  hint_outline_.AddBatch(members, bytes, delta);
  return offset;
}

inline std::uint64_t SegmentWriter::DeltaOf(std::uint64_t sequence) const {
  KVS_CHECK(sequence >= segment_->header_.base_sequence);
  return sequence - segment_->header_.base_sequence;
}

inline char* SegmentWriter::Room(std::size_t bytes) {
  KVS_CHECK(used_bytes_ + bytes <= reserved_bytes());
  return segment_->mapping_.data() + used_bytes_;
}

// Makes the bytes encoded into Room() part of the log. Returns their offset.
inline Result<std::uint64_t> SegmentWriter::KeepAppended(std::size_t bytes) {
  const std::uint64_t offset = used_bytes_;
  if (!is_mapped_) {
    Status written = CutIfDue();
    if (written) written = file_->WriteAt(offset, {segment_->mapping_.data() + offset, bytes});
    if (!written) return LoseRoom(std::move(written).error());
  } else if (segment_->mapping_.FaultCount() != 0) {
    KVS_PROBE("append met a fault");
    return Error{.code = ErrorCode::kIo,
                 .context = path_.string() + ": the file no longer has the room that was reserved in it"};
  }
  used_bytes_ += bytes;
  return offset;
}

// A copy-on-write file system had no room. No byte of the record may stay, because the next one could be shorter. If
// even the truncation fails (btrfs at a quota), it is due before the next record.
Error SegmentWriter::LoseRoom(Error why) {
  if (!base::IsPassing(why)) return why;
  KVS_PROBE("append into unpromised room lost it");
  is_cut_due_ = true;
  GrowTo(used_bytes_);
  Status cut = CutIfDue();
  KVS_PROBE_IF(!cut, "cut after a lost append is refused as well");
  return cut || base::IsPassing(cut.error()) ? why : std::move(cut).error();
}

Status SegmentWriter::CutIfDue() {
  if (!is_cut_due_) return Ok();
  KVS_TRY(file_->Truncate(used_bytes_));
  is_cut_due_ = false;
  return Ok();
}

// A truncated file must not grow again, because nobody would notice the hole.
Result<std::uint64_t> SegmentWriter::Extend(std::uint64_t wanted_bytes, io::Grain grain) {
  KVS_TRY(CheckLength());
  const std::uint64_t reserved = reserved_bytes();
  const std::uint64_t step = StepBytes(capacity_bytes_, reserved);
  std::uint64_t end = std::max(wanted_bytes, reserved + step);
  if (grain == io::Grain::kCoarse && step == io::kCoarseGrainBytes) end = base::RoundUp(end, step);
  end = std::min(capacity_bytes_, end);
  if (end > reserved) KVS_TRY(TakeRoom(reserved, end, grain));
  return end;
}

void SegmentWriter::GrowTo(std::uint64_t reserved_bytes) {
  segment_->readable_bytes_.store(reserved_bytes, std::memory_order_relaxed);  // R1 of Segment
}

Status SegmentWriter::Sync() {
  KVS_TRY(SyncFile());
  return CheckLength();
}

// Poisons whatever the cause: appended bytes may be lost while the kernel treats them as written.
Status SegmentWriter::SyncFile() {
  Status synced = file_->Sync();
  if (!synced) synced.error().code = ErrorCode::kIo;
  return synced;
}

// If a program truncates the file, appended bytes are lost. Within a page, neither the append nor the sync would
// notice.
Status SegmentWriter::CheckLength() {
  if (!is_mapped_) return Ok();
  const std::uint64_t expected_bytes = reserved_bytes();  // Before the size is read, since the file may grow meanwhile.
  KVS_TRY_ASSIGN(const std::uint64_t bytes, file_->Size());
  if (bytes >= expected_bytes && segment_->mapping_.FaultCount() == 0) return Ok();
  KVS_PROBE("somebody made a segment shorter");
  return Error{.code = ErrorCode::kIo, .context = path_.string() + ": another program made the file shorter"};
}

Status SegmentWriter::Mark(std::uint64_t synced_bytes) {
  return PutWord(kSyncedMarkOffset, EncodeSyncedMark(synced_bytes, segment_->id()));
}

Status SegmentWriter::PutWord(std::size_t offset, std::uint64_t word) {
  if (is_mapped_) {
    // One store, so that the file never holds half a word. Nobody reads the word while the store is open.
    char* const at = segment_->mapping_.data() + offset;
    std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(at)).store(word, std::memory_order_relaxed);
    return Ok();
  }
  char bytes[8];
  base::PutFixed64(bytes, word);
  return file_->WriteAt(offset, {bytes, sizeof bytes});
}

Result<std::shared_ptr<Segment>> SegmentWriter::Seal() {
  KVS_TRY(file_->Truncate(used_bytes_));
  KVS_TRY(SyncFile());
  KVS_TRY(Mark(used_bytes_));
  if (segment_->header_.has_cache_identity()) KVS_TRY(PutWord(kCacheIdentityOffset, 0));
  KVS_TRY(SyncFile());
  if (is_mapped_) {
    GrowTo(used_bytes_);
    static_cast<void>(segment_->mapping_.MakeReadOnly().has_value());  // Only guards against our own bugs.
    return segment_;
  }
  KVS_TRY_ASSIGN(io::Mapping mapping, file_->Map(used_bytes_, io::Access::kRead));
  return std::make_shared<Segment>(segment_->header_, std::move(mapping), used_bytes_);
}

}  // namespace kvs::log
