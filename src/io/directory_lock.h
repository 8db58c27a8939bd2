// LockDirectoryByFile: locks a directory for this process through its file LOCK, which then holds the pid.
//
// Threads     Call it from any thread. A lock may be destroyed in any thread.
// Ownership   The lock ends with its object, or with the process that took it. The child of a fork() releases its copy,
//             so that it does not hold the directory after its parent has ended.
// Errors      As FileSystem::LockDirectory().
#pragma once

#include <filesystem>
#include <memory>

#include "io/file_system.h"
#include "kvs/result.h"

namespace kvs::io {

Result<std::unique_ptr<DirectoryLock>> LockDirectoryByFile(const std::filesystem::path& directory);

// Refuses a file that cannot be read like a regular file: a directory, a FIFO, a disk. /dev/null is accepted.
Status CheckIsFile(int fd, const std::filesystem::path& path);

}  // namespace kvs::io
