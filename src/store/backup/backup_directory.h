// The directories of backups: their names, their lists, and the removal of one.
//
// Errors      kCorruption: a list is damaged; the context names its file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "io/file_system.h"
#include "kvs/backup.h"
#include "kvs/function_ref.h"
#include "kvs/result.h"
#include "log/backup_list.h"

namespace kvs::store {

std::filesystem::path BackupPath(const std::filesystem::path& in, std::uint64_t number);
// Where the files of `directory` are gathered, until all of them are there. Both are in one directory.
std::filesystem::path PartialPath(const std::filesystem::path& directory);

// The numbers of the whole backups in a directory, in ascending order.
Result<std::vector<std::uint64_t>> BackupNumbers(io::FileSystem& files, const std::filesystem::path& in);

struct ListedBackup {
  std::filesystem::path directory;
  log::BackupList list;
};
// kInvalidArgument: the directory is no backup.
Result<ListedBackup> ReadBackupList(io::FileSystem& files, const std::filesystem::path& backup);

BackupInfo Describe(const ListedBackup& backup);

// Locks a directory of backups for changes, and removes what an interrupted call left in it.
Result<std::unique_ptr<io::DirectoryLock>> BeginChange(io::FileSystem& files, const std::filesystem::path& in);

// Lets `fill` put the files of a store into a directory beside `to`, which then gets that name, durably.
// kInvalidArgument: `to` is not empty. After an error nothing is left.
Status MakeStoreDirectory(io::FileSystem& files, const std::filesystem::path& to,
                          FunctionRef<Status(const std::filesystem::path& into)> fill);

// Removes a directory that holds only files of a backup or of a restored store. kInvalidArgument: it holds other files,
// which stay.
Status RemoveBackupFiles(io::FileSystem& files, const std::filesystem::path& directory);

}  // namespace kvs::store
