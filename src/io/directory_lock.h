// LockDirectoryByFile: takes a directory for this process by a lock on its file LOCK, which then holds the pid.
//
// Threads     Call it from any thread, and destroy a lock in any.
// Ownership   The lock ends with the object or the process that took it. The child of a fork() lets go of it:
//             else it would hold the directory after the end of its parent.
// Errors      As FileSystem::LockDirectory().
#pragma once

#include <filesystem>
#include <memory>

#include "io/file_system.h"
#include "kvs/result.h"

namespace kvs::io {

Result<std::unique_ptr<DirectoryLock>> LockDirectoryByFile(const std::filesystem::path& directory);

// Refuses what cannot be read like a file: a directory, a FIFO, a disk. /dev/null can.
Status CheckIsFile(int fd, const std::filesystem::path& path);

}  // namespace kvs::io
