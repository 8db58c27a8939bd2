// UniqueFd: owns a file descriptor and closes it once.
//
// Design      A process may run with a standard stream closed. The kernel then gives the stream's number to the next
//             file, and the process prints into that file. So a UniqueFd moves such a descriptor above the standard
//             streams.
// Ownership   Every descriptor goes directly from its system call into a UniqueFd (tools/tidy.py checks that).
// Limits      Between these two steps another thread that prints to the closed stream can still write into the file. A
//             program that calls FillStandardStreams() before it starts threads avoids this.
// Errors      Not open, with errno set: the system call failed, or no descriptor above the streams is left. The result
//             of close() is ignored: data that must be durable was synced before. Linux releases the descriptor even if
//             close() reports an error.
#pragma once

#include <unistd.h>

#include <utility>

namespace kvs::io {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd > STDERR_FILENO ? fd : MoveAboveStandardStreams(fd)) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { Close(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  static int MoveAboveStandardStreams(int fd);

  int fd_ = -1;
};

// Occupies the numbers of closed standard streams, for good. Reading or writing such a stream still fails with EBADF,
// so that lost output is noticed.
void FillStandardStreams();

}  // namespace kvs::io
