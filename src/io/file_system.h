// FileSystem: files and directories, as an interface, so that tests can cut the power at every operation.
//
// Design      PosixFileSystem() is the real one. Compositions that must be right everywhere (write whole, then rename)
//             are ordinary members on top of the virtual ones.
// Threads     Call anything from any thread.
// Durability  A new name, a rename and a removal survive power loss only after SyncDirectory() of their directory.
// Errors      kNoSpace, kIo; kInUse from LockDirectory().
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file.h"
#include "kvs/result.h"

namespace kvs::io {

enum class OpenMode : std::uint8_t {
  kRead,       // An existing file.
  kReadWrite,  // An existing file.
  kCreate,     // A new file, to read and write. One that is there already loses its contents.
};

// Holds a directory for this process; gives it back on destruction. The child of a fork() does not hold it.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

// An open directory.
class Directory {
 public:
  virtual ~Directory() = default;
  virtual Status Sync() = 0;  // As FileSystem::SyncDirectory().
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // kIo without an errno: a directory or a FIFO is there. kCreate does not follow a symbolic link.
  virtual Result<std::unique_ptr<File>> Open(const std::filesystem::path& path, OpenMode mode) = 0;
  virtual Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Status Remove(const std::filesystem::path& path) = 0;
  virtual Status SyncDirectory(const std::filesystem::path& directory) = 0;
  // For a sync that must not fail for want of a descriptor, because something was done before it.
  virtual Result<std::unique_ptr<Directory>> OpenDirectory(const std::filesystem::path& directory);

  // Makes `directory` and its parents where they are missing, durably.
  virtual Status CreateDirectories(const std::filesystem::path& directory) = 0;

  // The names of the files in `directory`, in no order.
  virtual Result<std::vector<std::string>> List(const std::filesystem::path& directory) = 0;
  virtual Result<bool> Exists(const std::filesystem::path& path) = 0;

  // Takes `directory` for this process by its file LOCK, which then holds the pid. kInUse: another handle has it; the
  // context names the pid of its holder. kInvalidArgument: a file LOCK that holds anything else than a pid.
  virtual Result<std::unique_ptr<DirectoryLock>> LockDirectory(const std::filesystem::path& directory) = 0;

  // Replaces the file at `path` by one with `bytes`: after a crash it is the old one or the new one, whole.
  // kNoSpace: it is the old one.
  Status WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

  // The whole of a file. kInvalidArgument: it is larger than `bytes_max`.
  Result<std::string> ReadFile(const std::filesystem::path& path, std::size_t bytes_max);

 private:
  Status WriteFile(const std::filesystem::path& path, std::string_view bytes);
};

// The operating system's own. One for the process.
FileSystem& PosixFileSystem();

// A number for this boot of the machine, the same for all processes until the next boot. 0: not known.
std::uint64_t BootNumber();

}  // namespace kvs::io
