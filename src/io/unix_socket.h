// UnixListener: a listening socket with a name in the file system.
//
// Design      A name that a server left behind when it died is taken over; one that somebody answers at, or that is no
//             socket, is not. While that is found out, the directory is locked against other servers that do the same.
// Threads     One thread at a time.
// Ownership   The file goes when the listener goes, unless somebody has put another in its place.
// Limits      A path has at most kUnixPathBytesMax bytes, the kernel's bound.
// Errors      kInvalidArgument: a path too long, or of something that is no socket. kInUse: somebody answers there.
//             kIo for the rest.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <utility>

#include "io/unique_fd.h"
#include "kvs/result.h"

namespace kvs::io {

inline constexpr std::size_t kUnixPathBytesMax = 107;

class UnixListener {
 public:
  // `mode`: the permissions of the file; who may not write to it may not connect.
  static Result<UnixListener> Listen(const std::string& path, mode_t mode, int backlog);
  UnixListener(UnixListener&& other) noexcept = default;
  UnixListener& operator=(UnixListener&&) = delete;
  ~UnixListener();

  // Hands the socket over; the file stays this object's.
  UniqueFd TakeSocket() { return std::move(socket_); }

 private:
  UnixListener(UniqueFd socket, UniqueFd marker, std::string path, dev_t device, ino_t inode)
      : socket_(std::move(socket)),
        marker_(std::move(marker)),
        path_(std::move(path)),
        device_(device),
        inode_(inode) {}

  UniqueFd socket_;
  UniqueFd marker_;  // Of the directory; not open in an object that was moved from.
  std::string path_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace kvs::io
