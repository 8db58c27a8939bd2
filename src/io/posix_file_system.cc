#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/hash.h"
#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "io/directory_lock.h"
#include "io/file_system.h"
#include "io/spare_descriptors.h"
#include "io/unique_fd.h"

namespace kvs::io {
namespace {

namespace fs = std::filesystem;

using base::SystemError;

constexpr std::uint32_t kBtrfsMagic = 0x9123683E;

std::uint64_t ReadBootNumber() {
  const UniqueFd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  const ssize_t got = fd.is_open() ? ::read(fd.get(), text.data(), text.size()) : -1;
  if (got <= 0) return 0;
  return std::max<std::uint64_t>(base::Hash64({text.data(), static_cast<std::size_t>(got)}), 1);
}

// Whether the file system writes over old bytes into new space. Reserved and zeroed space is then no promise: a write
// through a mapping could find no space, too late to refuse it.
bool IsCopyOnWrite(int fd) {
  constexpr std::array<std::uint32_t, 3> kMagics = {
      kBtrfsMagic,
      0xCA451A4E,  // bcachefs
      0x2FC12FC1,  // ZFS
  };
  struct statfs system {};
  if (::fstatfs(fd, &system) != 0) return false;
  return std::find(kMagics.begin(), kMagics.end(), static_cast<std::uint32_t>(system.f_type)) != kMagics.end();
}

// Makes btrfs overwrite in place, which works only for a file that is still empty. A rewrite then takes no space unless
// a snapshot shares the old bytes. This turns off btrfs's own checksums, which kvs does not need.
void AskToWriteInPlace(int fd) {
  struct statfs system {};
  if (::fstatfs(fd, &system) != 0 || static_cast<std::uint32_t>(system.f_type) != kBtrfsMagic) return;
  int flags = 0;
  if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return;
  flags |= FS_NOCOW_FL;
  static_cast<void>(::ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

// Like open(2), and uses a spare descriptor if no other is left. Not open: errno tells why.
UniqueFd OpenDescriptor(const fs::path& path, int flags) {
  while (true) {
    UniqueFd fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
    if (fd.is_open() || !SpareDescriptors::GiveUpOne(errno)) return fd;
  }
}

class PosixFile final : public File {
 public:
  PosixFile(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  ~PosixFile() override { SpareDescriptors::Close(std::move(fd_)); }

  // Avoids fstat(). A query of a file's times makes Linux (6.13) record their next change exactly. Then every sync
  // writes the inode as well as the data.
  Result<std::uint64_t> Size() override {
    const off_t end = ::lseek(fd_.get(), 0, SEEK_END);  // Nothing else uses the file position.
    if (end < 0) return SystemError("lseek", path_);
    return static_cast<std::uint64_t>(end);
  }

  Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t bytes) override {
    std::size_t done = 0;
    while (done < bytes) {
      const ssize_t got = ::pread(fd_.get(), to + done, bytes - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return SystemError("pread", path_);
      if (got == 0) break;
      KVS_PROBE_IF(static_cast<std::size_t>(got) < bytes - done, "file gives part of a read");
      done += static_cast<std::size_t>(got);
    }
    return done;
  }

  void DropCached(std::uint64_t offset, std::uint64_t bytes) override {
    static_cast<void>(::posix_fadvise(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes),
                                      POSIX_FADV_DONTNEED));  // This is only a hint.
  }

  Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return SystemError("pwrite", path_);
      KVS_PROBE_IF(static_cast<std::size_t>(put) < bytes.size(), "file takes part of a write");
      bytes.remove_prefix(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
    return Ok();
  }

  // The page cache keeps the bytes of one call in folios as large as the call and its alignment allow.
  Status Reserve(std::uint64_t offset, std::uint64_t bytes, Grain grain) override {
    if (grain != Grain::kNone && IsCopyOnWrite(fd_.get())) {
      KVS_PROBE("file system writes again into new room");
      return Error{.code = ErrorCode::kUnsupported,
                   .context = path_.string() + ": rewriting takes new space on this file system"};
    }
    int reserved = 0;
    do {
      reserved = ::fallocate(fd_.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(bytes));
    } while (reserved != 0 && errno == EINTR);
    if (reserved != 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
      KVS_PROBE("file system cannot preallocate");
      return Error{.code = ErrorCode::kUnsupported, .sys_errno = errno, .context = "fallocate " + path_.string()};
    }
    if (reserved != 0) return SystemError("fallocate", path_);
    if (grain == Grain::kNone) return Ok();
    const std::uint64_t piece = grain == Grain::kCoarse ? kCoarseGrainBytes : kPageBytes;
    for (const std::uint64_t end = offset + bytes; offset < end;) {
      const std::uint64_t piece_left = piece - offset % piece;
      KVS_TRY_ASSIGN(const std::size_t written, WriteZeroes(offset, std::min(piece_left, end - offset)));
      offset += written;
    }
    return Ok();
  }

  Status Truncate(std::uint64_t bytes) override {
    if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) return SystemError("ftruncate", path_);
    return Ok();
  }

  Status Sync() override {
    if (::fdatasync(fd_.get()) != 0) return SystemError("fdatasync", path_);
    return Ok();
  }

  Result<Mapping> Map(std::size_t bytes, Access access) override {
    auto mapping = Mapping::OfFile(fd_.get(), bytes, access);
    if (!mapping) {
      Error error = std::move(mapping).error();
      error.context += " of " + path_.string();
      return error;
    }
    return mapping;
  }

  // The birth time distinguishes the file from a later one with the same inode. The mount id distinguishes it from
  // another mount of the same disk or of a copy, which has its own cache. No other times are queried: see Size().
  std::uint64_t CacheIdentity() override {
    struct statx status {};
    if (BootNumber() == 0 || ::statx(fd_.get(), "", AT_EMPTY_PATH, kIdentityMask, &status) != 0) return 0;
    const std::array<std::uint64_t, 6> place{status.stx_dev_major,
                                             status.stx_dev_minor,
                                             status.stx_mnt_id,
                                             status.stx_ino,
                                             static_cast<std::uint64_t>(status.stx_btime.tv_sec),
                                             status.stx_btime.tv_nsec};
    const std::string_view bytes(reinterpret_cast<const char*>(place.data()), sizeof place);
    return base::Hash64(bytes, BootNumber());
  }

 private:
  static constexpr std::uint64_t kPageBytes = 4096;
  static constexpr unsigned kMountIdUnique = 0x4000;  // STATX_MNT_ID_UNIQUE of Linux 6.8; such an id is never reused.
  static constexpr unsigned kIdentityMask = STATX_INO | STATX_BTIME | STATX_MNT_ID | kMountIdUnique;

  // Writes up to `bytes`, at most kCoarseGrainBytes, in one call, from one short run of zeroes.
  Result<std::size_t> WriteZeroes(std::uint64_t offset, std::uint64_t bytes) {
    static constexpr std::array<char, std::size_t{64} << 10> kZeroes{};
    std::array<iovec, kCoarseGrainBytes / kZeroes.size()> parts;
    int count = 0;
    for (std::uint64_t left = bytes; left > 0; ++count) {
      const std::uint64_t length = std::min<std::uint64_t>(left, kZeroes.size());
      parts[static_cast<std::size_t>(count)] = {const_cast<char*>(kZeroes.data()), length};  // Only read.
      left -= length;
    }
    ssize_t put = 0;
    do {
      put = ::pwritev(fd_.get(), parts.data(), count, static_cast<off_t>(offset));
    } while (put < 0 && errno == EINTR);
    if (put < 0) return SystemError("pwritev", path_);
    return static_cast<std::size_t>(put);
  }

  UniqueFd fd_;  // Constant until the destructor.
  const fs::path path_;
};

class PosixDirectory final : public Directory {
 public:
  PosixDirectory(UniqueFd fd, fs::path path) : fd_(std::move(fd)), path_(std::move(path)) {}
  ~PosixDirectory() override { SpareDescriptors::Close(std::move(fd_)); }

  // A failure never counts as passing, because unwritten data may be taken for written.
  Status Sync() override {
    if (::fsync(fd_.get()) == 0) return Ok();
    Error error = SystemError("fsync", path_);
    error.code = ErrorCode::kIo;
    return error;
  }

 private:
  UniqueFd fd_;
  const fs::path path_;
};

class RealFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(const fs::path& path, OpenMode mode) override {
    int flags = O_NONBLOCK | (mode == OpenMode::kRead ? O_RDONLY : O_RDWR);  // Opening a FIFO does not block.
    if (mode == OpenMode::kCreate) flags |= O_CREAT | O_TRUNC | O_NOFOLLOW;  // A symbolic link is not followed.
    UniqueFd fd = OpenDescriptor(path, flags);
    if (!fd.is_open()) return SystemError("open", path);
    KVS_TRY(CheckIsFile(fd.get(), path));
    if (mode == OpenMode::kCreate) AskToWriteInPlace(fd.get());
    return std::make_unique<PosixFile>(std::move(fd), path);
  }

  Status Rename(const fs::path& from, const fs::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return SystemError("rename", from);
    return Ok();
  }

  Status Remove(const fs::path& path) override {
    if (::unlink(path.c_str()) != 0) return SystemError("unlink", path);
    return Ok();
  }

  Status Link(const fs::path& from, const fs::path& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return Ok();
    Error error = SystemError("link", from);
    const int cause = error.sys_errno;
    const bool is_never_possible = cause == EXDEV || cause == EPERM || cause == EOPNOTSUPP || cause == EMLINK;
    if (is_never_possible) error.code = ErrorCode::kUnsupported;
    return error;
  }

  Result<bool> IsSameFile(const fs::path& a, const fs::path& b) override {
    struct stat status_a {};
    struct stat status_b {};
    if (::stat(a.c_str(), &status_a) != 0) return SystemError("stat", a);
    if (::stat(b.c_str(), &status_b) != 0) return SystemError("stat", b);
    return status_a.st_dev == status_b.st_dev && status_a.st_ino == status_b.st_ino;
  }

  Status SyncDirectory(const fs::path& directory) override {
    KVS_TRY_ASSIGN(const auto open, OpenDirectory(directory));
    return open->Sync();
  }

  Result<std::unique_ptr<Directory>> OpenDirectory(const fs::path& directory) override {
    UniqueFd fd = OpenDescriptor(directory.empty() ? "." : directory, O_RDONLY | O_DIRECTORY);
    if (!fd.is_open()) return SystemError("open", directory);
    return std::make_unique<PosixDirectory>(std::move(fd), directory);
  }

  Status CreateDirectories(const fs::path& directory) override {
    std::error_code status;
    const fs::path absolute = fs::absolute(directory, status);  // Keeps "..", which may follow a symbolic link.
    if (status) return SystemError("getcwd for", directory, status.value());
    fs::path so_far;
    for (const fs::path& part : absolute) {
      const fs::path parent = so_far;
      so_far /= part;
      if (::mkdir(so_far.c_str(), 0755) == 0) {
        KVS_TRY(SyncDirectory(parent));
      } else if (const int error = errno; !fs::is_directory(so_far, status)) {
        if (error != EEXIST) return SystemError("mkdir", so_far, error);
        return Error{.code = ErrorCode::kInvalidArgument,
                     .context = so_far.string() + " exists and is not a directory"};
      }
    }
    return Ok();
  }

  Status RemoveDirectory(const fs::path& directory) override {
    if (::rmdir(directory.c_str()) != 0) return SystemError("rmdir", directory);
    return Ok();
  }

  Result<std::vector<std::string>> List(const fs::path& directory) override {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) return SystemError("readdir", directory, error.value());
    return names;
  }

  Result<bool> Exists(const fs::path& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return SystemError("stat", path);
  }

  Result<std::unique_ptr<DirectoryLock>> LockDirectory(const fs::path& directory) override {
    return LockDirectoryByFile(directory);
  }
};

}  // namespace

std::uint64_t BootNumber() {
  static const std::uint64_t number = ReadBootNumber();
  return number;
}

FileSystem& PosixFileSystem() {
  static RealFileSystem file_system;
  return file_system;
}

}  // namespace kvs::io
