// UniqueFd: owns a file descriptor and closes it once.
//
// Design      A process may run with a standard stream closed; the system then hands out its number for the next file,
//             and what the process prints goes into that file. So a descriptor that is taken here moves above them.
// Ownership   A descriptor goes straight from the system call that made it into a UniqueFd (tools/tidy.py looks).
// Limits      Between the two another thread that prints to a closed stream can still hit the file. A program that
//             calls FillStandardStreams() before it starts threads has no such moment.
// Errors      Not open, with errno set: the system call had failed, or no descriptor above the streams is left.
//             close() is not asked for its result: by then whatever had to be durable was synced, and Linux has
//             released the descriptor even where close() reports an error.
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

// Takes the numbers of those standard streams that are closed, for good. To read or write one fails as before (EBADF),
// so that output which reaches nobody is noticed.
void FillStandardStreams();

}  // namespace kvs::io
