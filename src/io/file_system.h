// FileSystem: files and directories as an interface, so that tests can simulate a power cut at every operation.
//
// Design      PosixFileSystem() is the real one. An operation that must be the same everywhere, such as an atomic
//             replacement, is a non-virtual member on top of the virtual ones.
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
  kCreate,     // A new file, to read and write. An existing file loses its contents.
};

// Holds a directory for this process until its destruction. The child of a fork() does not hold it.
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

  // kIo without an errno: the path is a directory or a FIFO. kCreate does not follow a symbolic link.
  virtual Result<std::unique_ptr<File>> Open(const std::filesystem::path& path, OpenMode mode) = 0;
  virtual Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual Status Remove(const std::filesystem::path& path) = 0;
  // Gives the file at `from` a second name. The bytes are there once, until both names are removed. kUnsupported: the
  // two places are not of one file system, or it does not allow that.
  virtual Status Link(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  // Whether both paths name one file.
  virtual Result<bool> IsSameFile(const std::filesystem::path& a, const std::filesystem::path& b) = 0;
  virtual Status SyncDirectory(const std::filesystem::path& directory) = 0;
  // Opens a directory in advance, for a sync that must not fail because no descriptor is left.
  virtual Result<std::unique_ptr<Directory>> OpenDirectory(const std::filesystem::path& directory);

  // Creates `directory` and its missing parents, durably.
  virtual Status CreateDirectories(const std::filesystem::path& directory) = 0;
  // Removes an empty directory.
  virtual Status RemoveDirectory(const std::filesystem::path& directory) = 0;

  // The names of the files in `directory`, in any order.
  virtual Result<std::vector<std::string>> List(const std::filesystem::path& directory) = 0;
  virtual Result<bool> Exists(const std::filesystem::path& path) = 0;

  // Locks `directory` for this process through its file LOCK, which then holds the pid. kInUse: another handle has it;
  // the context names the holder's pid. kInvalidArgument: the file LOCK holds something other than a pid.
  virtual Result<std::unique_ptr<DirectoryLock>> LockDirectory(const std::filesystem::path& directory) = 0;

  // Replaces the file at `path` by one with `bytes`. After a crash the file is the old one or the new one, as a whole.
  // kNoSpace: it is still the old one.
  Status WriteFileAtomically(const std::filesystem::path& path, std::string_view bytes);

  // Returns a whole file. kInvalidArgument: it is larger than `bytes_max`.
  Result<std::string> ReadFile(const std::filesystem::path& path, std::size_t bytes_max);

 private:
  Status WriteFile(const std::filesystem::path& path, std::string_view bytes);
};

// The operating system's file system. One per process.
FileSystem& PosixFileSystem();

// A number for this boot of the machine, the same in all processes until the next boot. 0: unknown.
std::uint64_t BootNumber();

}  // namespace kvs::io
