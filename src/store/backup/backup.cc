// The calls on backups that are there: list, verify, compare, restore, prune.
#include "kvs/backup.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "io/file_system.h"
#include "io/named_path.h"
#include "io/sha256.h"
#include "log/backup_list.h"
#include "log/file_names.h"
#include "log/manifest.h"
#include "store/backup/backup_directory.h"
#include "store/backup/pace.h"
#include "store/segments/store_files.h"

namespace kvs {
namespace {

namespace fs = std::filesystem;

using log::BackupList;
using store::ListedBackup;

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

// Passes the bytes of a file of a backup to `take`. kCorruption, in the end: they are not those that the list names.
Status ReadListed(io::FileSystem& files, const fs::path& backup, const BackupList::File& listed, store::Pace* pace,
                  FunctionRef<Status(std::uint64_t, std::string_view)> take) {
  const fs::path path = backup / listed.name;
  KVS_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (!exists) return Error{.code = ErrorCode::kCorruption, .context = path.string() + " is missing"};
  KVS_TRY_ASSIGN(const auto file, files.Open(path, io::OpenMode::kRead));
  io::Sha256 hash;
  std::string chunk(kChunkBytes, '\0');
  std::uint64_t at = 0;
  while (true) {
    KVS_TRY_ASSIGN(const std::size_t bytes, file->ReadAt(at, chunk.data(), chunk.size()));
    if (bytes == 0) break;
    hash.Add({chunk.data(), bytes});
    KVS_TRY(take(at, {chunk.data(), bytes}));
    KVS_TRY(pace->Read(bytes));
    at += bytes;
  }
  if (hash.Finish() == listed.sha256) return Ok();
  return Error{.code = ErrorCode::kCorruption, .context = path.string() + " is not what was backed up"};
}

// Segments get ids that no backup has, so that one id never stands for two segments in one directory of backups.
Result<std::uint64_t> UnusedSegmentId(io::FileSystem& files, const fs::path& in) {
  std::uint64_t unused = 1;
  KVS_TRY_ASSIGN(const auto backups, FindBackups(in));
  for (const fs::path& backup : backups) {
    KVS_TRY_ASSIGN(const auto names, files.List(backup));
    for (const std::string& name : names) unused = std::max(unused, log::SegmentIdOfFileName(name).value_or(0) + 1);
  }
  return unused;
}

// The newest, or that of a sequence. Of the others the lists need not be readable.
Result<ListedBackup> FindBackup(io::FileSystem& files, const fs::path& in, std::optional<std::uint64_t> sequence) {
  KVS_TRY_ASSIGN(const auto backups, FindBackups(in));
  if (!sequence && !backups.empty()) return store::ReadBackupList(files, backups.back());
  for (auto directory = backups.rbegin(); directory != backups.rend(); ++directory) {
    auto backup = store::ReadBackupList(files, *directory);
    if (backup && backup->list.sequence == sequence) return backup;
  }
  const std::string which = sequence ? "no backup of sequence " + std::to_string(*sequence) : "no backup";
  return Error{.code = ErrorCode::kInvalidArgument, .context = in.string() + " holds " + which};
}

Status CopyFiles(io::FileSystem& files, const ListedBackup& backup, const fs::path& into, store::Pace* pace) {
  for (const BackupList::File& listed : backup.list.files) {
    KVS_TRY_ASSIGN(const auto copy, files.Open(into / listed.name, io::OpenMode::kCreate));
    const auto write = [&](std::uint64_t at, std::string_view bytes) { return copy->WriteAt(at, bytes); };
    KVS_TRY(ReadListed(files, backup.directory, listed, pace, write));
    KVS_TRY(copy->Sync());
  }
  return Ok();
}

Status Restore(io::FileSystem& files, const ListedBackup& backup, const fs::path& into, std::uint64_t unused_segment_id,
               const BackupOptions& options) {
  store::Pace pace(options, backup.list.bytes);
  KVS_TRY(CopyFiles(files, backup, into, &pace));
  KVS_TRY_ASSIGN(log::Manifest manifest, store::ReadManifest(files, into));
  manifest.next_segment_id = std::max(manifest.next_segment_id, unused_segment_id);
  return files.WriteFileAtomically(log::ManifestPath(into), log::EncodeManifest(manifest));
}

// The part of `a` that is not in `b`.
std::vector<std::string> NamesOfOthers(const BackupList& a, const BackupList& b) {
  std::vector<std::string> names;
  for (const BackupList::File& file : a.files) {
    const BackupList::File* const same = b.Find(file.name);
    if (same == nullptr || *same != file) names.push_back(file.name);
  }
  return names;
}

}  // namespace

Result<std::vector<fs::path>> FindBackups(const fs::path& in) {
  KVS_TRY_ASSIGN(const auto numbers, store::BackupNumbers(io::PosixFileSystem(), in));
  std::vector<fs::path> backups;
  for (const std::uint64_t number : numbers) backups.push_back(store::BackupPath(in, number));
  return backups;
}

Result<BackupInfo> ReadBackup(const fs::path& backup) {
  KVS_TRY_ASSIGN(const fs::path directory, io::NamedPath(backup));
  KVS_TRY_ASSIGN(const ListedBackup listed, store::ReadBackupList(io::PosixFileSystem(), directory));
  return store::Describe(listed);
}

Result<BackupInfo> VerifyBackup(const fs::path& backup, const BackupOptions& options) {
  io::FileSystem& files = io::PosixFileSystem();
  KVS_TRY_ASSIGN(const fs::path directory, io::NamedPath(backup));
  KVS_TRY_ASSIGN(const ListedBackup listed, store::ReadBackupList(files, directory));
  store::Pace pace(options, listed.list.bytes);
  for (const BackupList::File& file : listed.list.files) {
    KVS_TRY(ReadListed(files, directory, file, &pace, [](std::uint64_t, std::string_view) { return Ok(); }));
  }
  return store::Describe(listed);
}

Result<BackupDifference> DiffBackups(const fs::path& a, const fs::path& b) {
  io::FileSystem& files = io::PosixFileSystem();
  KVS_TRY_ASSIGN(const ListedBackup in_a, store::ReadBackupList(files, a));
  KVS_TRY_ASSIGN(const ListedBackup in_b, store::ReadBackupList(files, b));
  return BackupDifference{.only_a = NamesOfOthers(in_a.list, in_b.list), .only_b = NamesOfOthers(in_b.list, in_a.list)};
}

Result<BackupInfo> RestoreBackup(const fs::path& from, const fs::path& directory, std::optional<std::uint64_t> sequence,
                                 const BackupOptions& options) {
  io::FileSystem& files = io::PosixFileSystem();
  KVS_TRY_ASSIGN(const fs::path in, io::NamedPath(from));
  KVS_TRY_ASSIGN(const ListedBackup backup, FindBackup(files, in, sequence));
  KVS_TRY_ASSIGN(const std::uint64_t unused_segment_id, UnusedSegmentId(files, in));
  KVS_TRY(store::MakeStoreDirectory(files, directory, [&](const fs::path& into) {
    return Restore(files, backup, into, unused_segment_id, options);
  }));
  return store::Describe(backup);
}

// Renamed first: what is left of it after an interruption is no backup.
Result<std::uint64_t> PruneBackups(const fs::path& in, std::uint64_t kept) {
  if (kept == 0) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = "at least one backup must be kept"};
  }
  io::FileSystem& files = io::PosixFileSystem();
  KVS_TRY_ASSIGN(const auto lock, store::BeginChange(files, in));
  KVS_TRY_ASSIGN(const auto numbers, store::BackupNumbers(files, in));
  const std::uint64_t removed = numbers.size() - std::min<std::uint64_t>(kept, numbers.size());
  for (std::uint64_t i = 0; i < removed; ++i) {
    const fs::path directory = store::BackupPath(in, numbers[i]);
    const fs::path partial = store::PartialPath(directory);
    KVS_TRY(files.Rename(directory, partial));
    KVS_TRY(files.SyncDirectory(in));
    KVS_TRY(store::RemoveBackupFiles(files, partial));
  }
  return removed;
}

}  // namespace kvs
