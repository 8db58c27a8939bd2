#include "io/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"

namespace kvs::io {
namespace {

sockaddr_un NameOf(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

const sockaddr* Generic(const sockaddr_un& name) { return reinterpret_cast<const sockaddr*>(&name); }

Result<UniqueFd> OpenSocket(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return base::SystemError("socket", path);
  return socket;
}

// Servers hold the lock only until they listen. Another program may hold it forever.
Status LockForAMoment(int directory_fd, const std::string& directory) {
  constexpr int kTriesMax = 50;
  constexpr int kPauseMs = 20;
  for (int i = 0; i < kTriesMax; ++i) {
    if (::flock(directory_fd, LOCK_EX | LOCK_NB) == 0) return Ok();
    if (errno != EWOULDBLOCK && errno != EINTR) return base::SystemError("lock", directory);
    KVS_PROBE("directory of a socket is locked for a moment");
    ::poll(nullptr, 0, kPauseMs);
  }
  return Error{.code = ErrorCode::kInUse,
               .context = directory +
                          " is locked by another process (flock): end that process, or choose another directory " +
                          "for the unix socket"};
}

// Removes the socket that a dead server left at `path`.
Status RemoveStale(const std::string& path) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? Ok() : Status(base::SystemError("stat", path));
  if (!S_ISSOCK(found.st_mode)) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = path + " already exists and is not a socket"};
  }
  KVS_TRY_ASSIGN(const UniqueFd probe, OpenSocket(path));
  const sockaddr_un name = NameOf(path);
  if (::connect(probe.get(), Generic(name), sizeof name) == 0 || errno == EAGAIN) {
    return Error{.code = ErrorCode::kInUse, .context = path + ": another server listens there"};
  }
  if (errno != ECONNREFUSED) return base::SystemError("connect", path);
  KVS_PROBE("stale socket is removed");
  if (::unlink(path.c_str()) != 0) return base::SystemError("unlink", path);
  return Ok();
}

}  // namespace

Result<UnixListener> UnixListener::Listen(const std::string& path, mode_t mode, int backlog) {
  if (path.empty() || path.size() > kUnixPathBytesMax || path.find('\0') != std::string::npos) {
    return Error{
        .code = ErrorCode::kInvalidArgument,
        .context = "the path of a unix socket has 1.." + std::to_string(kUnixPathBytesMax) + " bytes: " + path};
  }
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string directory = parent.empty() ? "." : parent.string();
  UniqueFd marker(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!marker.is_open()) return base::SystemError("open", directory);
  KVS_TRY(LockForAMoment(marker.get(), directory));

  KVS_TRY(RemoveStale(path));
  KVS_TRY_ASSIGN(UniqueFd socket, OpenSocket(path));
  const sockaddr_un name = NameOf(path);
  if (::bind(socket.get(), Generic(name), sizeof name) != 0) return base::SystemError("bind", path);
  // Nobody can connect before listen(), so the wider permissions until chmod() do no harm.
  struct stat made;
  if (::chmod(path.c_str(), mode) != 0 || ::lstat(path.c_str(), &made) != 0) return base::SystemError("chmod", path);
  UnixListener listener(std::move(socket), std::move(marker), path, made.st_dev, made.st_ino);
  if (::listen(listener.socket_.get(), backlog) != 0) return base::SystemError("listen", path);
  if (::flock(listener.marker_.get(), LOCK_UN) != 0) return base::SystemError("unlock", directory);
  return listener;
}

UnixListener::~UnixListener() {
  if (!marker_.is_open()) return;
  struct stat found;
  const bool is_ours = ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ && found.st_ino == inode_;
  KVS_PROBE_IF(!is_ours, "socket file is no longer the own one");
  if (is_ours) static_cast<void>(::unlink(path_.c_str()));
}

}  // namespace kvs::io
