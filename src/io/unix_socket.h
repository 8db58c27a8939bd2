// UnixListener: a listening socket with a path in the file system.
//
// Design      Listen() takes over a path that a dead server left. It does not take over a path at which a server
//             answers, or a file that is not a socket. The directory is locked during this check, so that two servers
//             cannot do it together.
// Threads     One thread at a time.
// Ownership   The destructor removes the file, unless another file has replaced it.
// Limits      A path has at most kUnixPathBytesMax bytes, the kernel's limit.
// Errors      kInvalidArgument: the path is too long, or is not a socket. kInUse: another server answers there.
//             Otherwise kIo.
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
  // mode: in, the permissions of the file. A process without write permission cannot connect.
  static Result<UnixListener> Listen(const std::string& path, mode_t mode, int backlog);
  UnixListener(UnixListener&& other) noexcept = default;
  UnixListener& operator=(UnixListener&&) = delete;
  ~UnixListener();

  // Passes the socket to the caller. The file still belongs to this object.
  UniqueFd TakeSocket() { return std::move(socket_); }

 private:
  UnixListener(UniqueFd socket, UniqueFd marker, std::string path, dev_t device, ino_t inode)
      : socket_(std::move(socket)),
        marker_(std::move(marker)),
        path_(std::move(path)),
        device_(device),
        inode_(inode) {}

  UniqueFd socket_;
  UniqueFd marker_;  // Of the directory; not open in a moved-from object.
  std::string path_;
  dev_t device_;
  ino_t inode_;
};

}  // namespace kvs::io
