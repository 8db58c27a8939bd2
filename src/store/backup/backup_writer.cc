#include "store/backup/backup_writer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "base/system_error.h"
#include "base/try.h"
#include "io/named_path.h"
#include "io/sha256.h"
#include "log/backup_list.h"
#include "log/file_names.h"
#include "log/manifest.h"
#include "log/record_scan.h"
#include "log/segment.h"
#include "log/segment_header.h"
#include "store/backup/backup_directory.h"
#include "store/backup/pace.h"
#include "store/segments/store_files.h"

namespace kvs::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::size_t kSmallFileBytesMax = std::size_t{1} << 20;

std::int64_t NowSeconds() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
}

std::uint64_t TotalBytes(const LogImage& image) {
  std::uint64_t bytes = 0;
  for (const LogImage::Part& part : image.parts) bytes += part.bytes;
  return bytes;
}

Error Unreadable(const fs::path& path) {
  return {.code = ErrorCode::kIo, .context = path.string() + ": the disk could not read all of it"};
}

class BackupWriter {
 public:
  BackupWriter(const BackupSource& source, fs::path into, std::optional<ListedBackup> earlier,
               const BackupOptions& options)
      : source_(source),
        files_(source.files),
        into_(std::move(into)),
        earlier_(std::move(earlier)),
        pace_(options, TotalBytes(source.image)) {}

  Result<log::BackupList> Write() {
    for (const LogImage::Part& part : source_.image.parts) KVS_TRY(PutSegment(part));
    for (const std::string_view name : {log::kClockFileName, log::kMarkerFileName}) KVS_TRY(PutIfThere(name));
    KVS_TRY(PutManifest());
    list_.created_s = NowSeconds();
    list_.sequence = source_.image.sequence;
    std::sort(list_.files.begin(), list_.files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    KVS_TRY(WriteNew(into_ / log::kBackupListFileName, log::EncodeBackupList(list_)));
    KVS_TRY(files_.SyncDirectory(into_));
    return std::move(list_);
  }

 private:
  Status PutSegment(const LogImage::Part& part) {
    const fs::path name = log::SegmentPath({}, part.segment->id());
    if (part.is_sealed && IsInEarlier(part, name) && TakeFromEarlier(name.string(), part.bytes)) {
      TakeHintFromEarlier(part);
      return pace_.Pass(part.bytes);
    }
    const bool is_linked = part.is_sealed && files_.Link(source_.directory / name, into_ / name).has_value();
    if (!is_linked) KVS_TRY(CopySegment(part, into_ / name));
    KVS_TRY_ASSIGN(const std::string sha256, CheckAndHash(part));
    Note(name.string(), part.bytes, sha256);
    return part.is_sealed ? PutHint(part) : Ok();
  }

  // The file itself, or a copy of it.
  bool IsInEarlier(const LogImage::Part& part, const fs::path& name) {
    if (!earlier_ || earlier_->list.Find(name.string()) == nullptr) return false;
    if (files_.IsSameFile(source_.directory / name, earlier_->directory / name).value_or(false)) return true;
    const auto copy = log::Segment::Open(files_, earlier_->directory, part.segment->id());
    return copy && (*copy)->readable_bytes() == part.bytes &&
           (*copy)->Fingerprint(part.bytes) == part.segment->Fingerprint(part.bytes);
  }

  bool TakeFromEarlier(const std::string& name, std::uint64_t bytes) {
    if (!files_.Link(earlier_->directory / name, into_ / name)) return false;
    Note(name, bytes, earlier_->list.Find(name)->sha256);
    return true;
  }

  void TakeHintFromEarlier(const LogImage::Part& part) {
    const std::string name = log::HintPath({}, part.segment->id()).string();
    if (earlier_->list.Find(name) == nullptr) return;
    const auto file = files_.Open(earlier_->directory / name, io::OpenMode::kRead);
    const auto bytes = file ? (*file)->Size() : Result<std::uint64_t>(file.error());
    if (bytes) TakeFromEarlier(name, *bytes);  // A segment does without its hint file.
  }

  // The records are as they are for good, but the header may be written at the same time.
  Status CopySegment(const LogImage::Part& part, const fs::path& path) {
    char header[log::kSegmentHeaderBytes];
    log::EncodeSegmentHeader(header, part.segment->header());
    base::PutFixed64(header + log::kSyncedMarkOffset, log::EncodeSyncedMark(part.bytes, part.segment->id()));
    KVS_TRY_ASSIGN(const auto file, files_.Open(path, io::OpenMode::kCreate));
    KVS_TRY(file->WriteAt(0, {header, sizeof header}));
    for (std::uint64_t at = sizeof header; at < part.bytes; at += kChunkBytes) {
      const std::string_view chunk = part.segment->BytesFrom(at).substr(0, std::min(kChunkBytes, part.bytes - at));
      KVS_TRY(file->WriteAt(at, chunk));
    }
    if (part.segment->has_faults()) return Unreadable(log::SegmentPath(source_.directory, part.segment->id()));
    return file->Sync();
  }

  // Reads the file in the backup. Its checksums find damage now, which would be proven right by the hash later.
  Result<std::string> CheckAndHash(const LogImage::Part& part) {
    const std::uint64_t id = part.segment->id();
    KVS_TRY_ASSIGN(const auto segment, log::Segment::Open(files_, into_, id));
    const fs::path path = log::SegmentPath(source_.directory, id);
    if (segment->readable_bytes() != part.bytes) return DamageIn(path, part.bytes, "the segment should end here");
    io::Sha256 hash;
    for (std::uint64_t at = 0; at < part.bytes; at += kChunkBytes) {
      const std::string_view chunk = segment->BytesFrom(at).substr(0, kChunkBytes);
      hash.Add(chunk);
      KVS_TRY(pace_.Read(chunk.size()));
    }
    const std::uint64_t bad = log::ScanRecords(*segment, log::kSegmentHeaderBytes, part.bytes, [](const auto&) {});
    if (segment->has_faults()) return Unreadable(path);
    if (bad != part.bytes) return DamageIn(path, bad, "the record is not what was written; there is no backup of it");
    return hash.Finish();
  }

  // Only a hint file that is right is worth its room. Compaction may have removed it.
  Status PutHint(const LogImage::Part& part) {
    const fs::path name = log::HintPath({}, part.segment->id());
    const auto hint = ReadHint(files_, source_.directory / name, *part.segment);
    if (!hint) return Ok();
    Note(name.string(), hint->bytes.size(), io::Sha256::Of(hint->bytes));
    return files_.Link(source_.directory / name, into_ / name) ? Ok() : WriteNew(into_ / name, hint->bytes);
  }

  Status PutIfThere(std::string_view name) {
    KVS_TRY_ASSIGN(const bool exists, files_.Exists(source_.directory / name));
    if (!exists) return Ok();
    KVS_TRY_ASSIGN(const std::string bytes, files_.ReadFile(source_.directory / name, kSmallFileBytesMax));
    return Put(std::string(name), bytes);
  }

  // All segments are sealed. The state alone decides what it says: the id of the next segment is raised by a restore.
  Status PutManifest() {
    log::Manifest manifest{.next_segment_id = 1, .sequence = source_.image.sequence, .segments = {}};
    for (const LogImage::Part& part : source_.image.parts) {
      manifest.Add({.segment_id = part.segment->id(), .sealed_bytes = part.bytes});
      manifest.next_segment_id = std::max(manifest.next_segment_id, part.segment->id() + 1);
    }
    return Put(std::string(log::kManifestFileName), log::EncodeManifest(manifest));
  }

  Status Put(const std::string& name, std::string_view bytes) {
    Note(name, bytes.size(), io::Sha256::Of(bytes));
    return WriteNew(into_ / name, bytes);
  }

  Status WriteNew(const fs::path& path, std::string_view bytes) {
    KVS_TRY_ASSIGN(const auto file, files_.Open(path, io::OpenMode::kCreate));
    KVS_TRY(file->WriteAt(0, bytes));
    return file->Sync();
  }

  void Note(std::string name, std::uint64_t bytes, std::string sha256) {
    list_.files.push_back({std::move(name), std::move(sha256)});
    list_.bytes += bytes;
  }

  const BackupSource& source_;
  io::FileSystem& files_;
  const fs::path into_;
  const std::optional<ListedBackup> earlier_;  // Its files need not be made again.
  Pace pace_;
  log::BackupList list_;
};

Status CheckIsNoStore(io::FileSystem& files, const fs::path& directory) {
  KVS_TRY_ASSIGN(const bool is_store, files.Exists(log::ManifestPath(directory)));
  if (!is_store) return Ok();
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = directory.string() + " holds a store; choose another directory for backups"};
}

// Without the list of the last backup, all is made anew.
std::optional<ListedBackup> FindEarlier(io::FileSystem& files, const fs::path& in,
                                        const std::vector<std::uint64_t>& numbers) {
  if (numbers.empty()) return std::nullopt;
  auto earlier = ReadBackupList(files, BackupPath(in, numbers.back()));
  return earlier ? std::optional(*std::move(earlier)) : std::nullopt;
}

}  // namespace

Result<BackupInfo> MakeBackup(const BackupSource& source, const fs::path& to, const BackupOptions& options) {
  io::FileSystem& files = source.files;
  KVS_TRY_ASSIGN(const fs::path in, io::NamedPath(to));
  KVS_TRY(files.CreateDirectories(in));
  KVS_TRY(CheckIsNoStore(files, in));
  KVS_TRY_ASSIGN(const auto lock, BeginChange(files, in));
  KVS_TRY_ASSIGN(const auto numbers, BackupNumbers(files, in));
  const fs::path directory = BackupPath(in, numbers.empty() ? 1 : numbers.back() + 1);
  const fs::path partial = PartialPath(directory);
  KVS_TRY(files.CreateDirectories(partial));
  auto list = BackupWriter(source, partial, FindEarlier(files, in, numbers), options).Write();
  Status named = list ? files.Rename(partial, directory) : Status(list.error());
  if (!named) {
    // It takes room, and a lack of room may be the cause. The next call tries again.
    static_cast<void>(RemoveBackupFiles(files, partial).has_value());
    return named.error();
  }
  KVS_TRY(files.SyncDirectory(in));
  return Describe({directory, *std::move(list)});
}

}  // namespace kvs::store
