// ClosedStreams: this process without standard streams for as long as it lives, as `program <&- >&- 2>&-` starts one.
//
// Threads     One at a time, and no thread prints while it lives.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/check.h"

namespace kvs::test {

class ClosedStreams {
 public:
  ClosedStreams() {
    std::fflush(stdout);
    for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
      saved_[static_cast<std::size_t>(fd)] = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      KVS_CHECK(::close(fd) == 0);
    }
  }
  ~ClosedStreams() {
    for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
      KVS_CHECK(::dup2(saved_[static_cast<std::size_t>(fd)], fd) == fd);
      ::close(saved_[static_cast<std::size_t>(fd)]);
    }
  }
  ClosedStreams(const ClosedStreams&) = delete;
  ClosedStreams& operator=(const ClosedStreams&) = delete;

 private:
  std::array<int, 3> saved_{};
};

}  // namespace kvs::test
