// Promised: a shortage that may pass is told apart from a lasting error, in one place, and the errno is kept.
#include "base/system_error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace kvs::base {
namespace {

TEST(SystemErrorTest, AShortageIsPassing) {
  for (const int passing : {ENOSPC, EDQUOT, EFBIG, EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN}) {
    const Error error = SystemError("open a file", passing);
    EXPECT_TRUE(IsPassing(error)) << passing;
    EXPECT_EQ(error.sys_errno, passing);
  }
}

TEST(SystemErrorTest, ABrokenFileIsNotPassing) {
  for (const int broken : {EIO, EROFS, ENOENT, EACCES, EBADF, EINVAL}) {
    const Error error = SystemError("open a file", broken);
    EXPECT_FALSE(IsPassing(error)) << broken;
    EXPECT_EQ(error.code, ErrorCode::kIo);
    EXPECT_EQ(error.context, "open a file");
  }
}

}  // namespace
}  // namespace kvs::base
