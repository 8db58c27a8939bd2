// Promised: no descriptor that a UniqueFd owns is that of a standard stream. After FillStandardStreams() closed streams
// remain unusable, but no other file gets their numbers. The tests close all three.
#include "io/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "support/closed_streams.h"

namespace kvs::io {
namespace {

TEST(UniqueFdTest, DescriptorMovesAboveClosedStreams) {
  int fd = 0;
  int flags = 0;
  bool is_stream_free = false;
  {
    const test::ClosedStreams closed;
    const UniqueFd owner(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    fd = owner.get();
    flags = ::fcntl(fd, F_GETFD);
    is_stream_free = ::fcntl(0, F_GETFD) < 0 && errno == EBADF;
  }
  EXPECT_GT(fd, STDERR_FILENO);
  EXPECT_EQ(flags, FD_CLOEXEC);
  EXPECT_TRUE(is_stream_free);
}

TEST(UniqueFdTest, FailedCallStaysFailedWithItsErrno) {
  const UniqueFd owner(::open("/absent/file", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(owner.is_open());
}

TEST(UniqueFdTest, FilledStreamsTakeNoOutput) {
  ssize_t written = 0;
  int write_errno = 0;
  int next_fd = 0;
  {
    const test::ClosedStreams closed;
    FillStandardStreams();
    written = ::write(STDOUT_FILENO, "x", 1);
    write_errno = errno;
    next_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::close(next_fd);
  }
  EXPECT_EQ(written, -1);
  EXPECT_EQ(write_errno, EBADF);
  EXPECT_GT(next_fd, STDERR_FILENO);
}

TEST(UniqueFdTest, OpenStreamsAreLeftAlone) {
  const int before = ::fcntl(STDERR_FILENO, F_GETFL);
  FillStandardStreams();
  EXPECT_EQ(::fcntl(STDERR_FILENO, F_GETFL), before);
}

}  // namespace
}  // namespace kvs::io
