#include "store/backup/backup_directory.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "io/named_path.h"
#include "log/file_names.h"

namespace kvs::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigitsMin = 6;  // Enough for `ls` to list backups in their order.
constexpr std::string_view kPartialSuffix = ".partial";
constexpr std::string_view kLockFileName = "LOCK";

std::string NumberName(std::uint64_t number) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%0*llu", static_cast<int>(kDigitsMin), static_cast<unsigned long long>(number));
  return digits;
}

std::optional<std::uint64_t> NumberOf(std::string_view name) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size() || NumberName(number) != name) return std::nullopt;
  return number;
}

bool MayBeRemoved(std::string_view name) {
  return log::IsBackupFileName(name) || name == log::kBackupListFileName || name == kLockFileName;
}

bool IsPartialName(std::string_view name) {
  if (!name.ends_with(kPartialSuffix)) return false;
  name.remove_suffix(kPartialSuffix.size());
  return NumberOf(name).has_value();
}

Status CheckIsFree(io::FileSystem& files, const fs::path& directory) {
  KVS_TRY_ASSIGN(const bool exists, files.Exists(directory));
  if (!exists) return Ok();
  KVS_TRY_ASSIGN(const auto names, files.List(directory));
  if (names.empty()) return Ok();
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = directory.string() + " is not empty; choose a new directory"};
}

}  // namespace

fs::path BackupPath(const fs::path& in, std::uint64_t number) { return in / NumberName(number); }

fs::path PartialPath(const fs::path& directory) { return directory.string() + std::string(kPartialSuffix); }

Result<std::vector<std::uint64_t>> BackupNumbers(io::FileSystem& files, const fs::path& in) {
  KVS_TRY_ASSIGN(const auto names, files.List(in));
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : names) {
    if (const auto number = NumberOf(name)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<ListedBackup> ReadBackupList(io::FileSystem& files, const fs::path& backup) {
  const fs::path path = backup / log::kBackupListFileName;
  KVS_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (!exists) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = backup.string() + " is no backup: it has no file " + std::string(log::kBackupListFileName)};
  }
  KVS_TRY_ASSIGN(const std::string text, files.ReadFile(path, log::kBackupListBytesMax));
  auto list = log::DecodeBackupList(text);
  if (list) return ListedBackup{backup, *std::move(list)};
  list.error().context = path.string() + ": " + list.error().context;
  return std::move(list).error();
}

BackupInfo Describe(const ListedBackup& backup) {
  return {.directory = backup.directory,
          .number = NumberOf(backup.directory.filename().string()).value_or(0),
          .sequence = backup.list.sequence,
          .created_s = backup.list.created_s,
          .files = backup.list.files.size(),
          .bytes = backup.list.bytes,
          .root = backup.list.Root()};
}

Result<std::unique_ptr<io::DirectoryLock>> BeginChange(io::FileSystem& files, const fs::path& in) {
  KVS_TRY_ASSIGN(auto lock, files.LockDirectory(in));
  KVS_TRY_ASSIGN(const auto names, files.List(in));
  for (const std::string& name : names) {
    if (IsPartialName(name)) KVS_TRY(RemoveBackupFiles(files, in / name));
  }
  return lock;
}

Status MakeStoreDirectory(io::FileSystem& files, const fs::path& to, FunctionRef<Status(const fs::path&)> fill) {
  KVS_TRY_ASSIGN(const fs::path directory, io::NamedPath(to));
  KVS_TRY(CheckIsFree(files, directory));
  const fs::path partial = PartialPath(directory);
  KVS_TRY(files.CreateDirectories(partial));
  KVS_TRY_ASSIGN(const auto lock, files.LockDirectory(partial));
  Status made = fill(partial);
  if (made) made = files.SyncDirectory(partial);
  if (made) made = files.Rename(partial, directory);
  if (made) return files.SyncDirectory(directory.parent_path());
  static_cast<void>(RemoveBackupFiles(files, partial).has_value());  // A lack of room may be the cause.
  return made;
}

Status RemoveBackupFiles(io::FileSystem& files, const fs::path& directory) {
  KVS_TRY_ASSIGN(const auto names, files.List(directory));
  for (const std::string& name : names) {
    if (MayBeRemoved(name)) KVS_TRY(files.Remove(directory / name));
  }
  const bool has_others = !std::all_of(names.begin(), names.end(), MayBeRemoved);
  if (!has_others) return files.RemoveDirectory(directory);
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = directory.string() + " holds files that are not of a backup; move them elsewhere"};
}

}  // namespace kvs::store
