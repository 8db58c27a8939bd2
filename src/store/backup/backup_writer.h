// MakeBackup(): backs up the log of an open store, which may be written to meanwhile.
//
// Design      The image of the log fixes what belongs to the backup, and keeps it readable. So nothing here takes a
//             lock of the store, and no thread of the store waits for a backup.
// Errors      As kvs/backup.h.
#pragma once

#include <cstdint>
#include <filesystem>

#include "io/file_system.h"
#include "kvs/backup.h"
#include "kvs/result.h"
#include "store/tail/log_image.h"

namespace kvs::store {

struct BackupSource {
  io::FileSystem& files;
  const std::filesystem::path& directory;
  LogImage image;
};

// The next backup in the directory `to`, which is created if it is absent.
Result<BackupInfo> MakeBackup(const BackupSource& source, const std::filesystem::path& to,
                              const BackupOptions& options);

}  // namespace kvs::store
