#include "io/unique_fd.h"

#include <fcntl.h>

#include <cerrno>

namespace kvs::io {

int UniqueFd::MoveAboveStandardStreams(int fd) {
  if (fd < 0) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int saved_errno = errno;
  ::close(fd);
  errno = saved_errno;
  return moved;
}

void FillStandardStreams() {
  int fd = 0;
  do {
    fd = ::open("/", O_PATH);  // tidy-allow(descriptor): it becomes a standard stream. Unlike /dev/null, "/" is there.
  } while (fd >= 0 && fd < STDERR_FILENO);
  if (fd > STDERR_FILENO) ::close(fd);
}

}  // namespace kvs::io
