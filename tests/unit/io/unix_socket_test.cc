// Promised: UnixListener takes over a name that a dead server left, never that of a live server or of another file. It
// gives the file the requested permissions, and removes only its own file at its end.
#include "io/unix_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "support/temporary_directory.h"

namespace kvs::io {
namespace {

constexpr mode_t kMode = 0750;

class UnixListenerTest : public testing::Test {
 protected:
  Result<UnixListener> Listen() const { return UnixListener::Listen(path_, kMode, 16); }

  int ConnectErrno() const {
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.data(), path_.size());
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 ? 0 : errno;
  }

  test::TemporaryDirectory directory_;
  const std::string path_ = (directory_.path() / "socket").string();
};

TEST_F(UnixListenerTest, HasTheRequestedPermissionsAndIsRemovedAtItsEnd) {
  {
    const Result<UnixListener> listener = Listen();
    ASSERT_TRUE(listener.has_value()) << listener.error().ToString();
    EXPECT_EQ(ConnectErrno(), 0);
    struct stat found;
    ASSERT_EQ(::stat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, kMode);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, ANameThatADeadServerLeftIsTakenOver) {
  {
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path_.data(), path_.size());
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  }
  EXPECT_EQ(ConnectErrno(), ECONNREFUSED);
  const Result<UnixListener> listener = Listen();
  ASSERT_TRUE(listener.has_value()) << listener.error().ToString();
  EXPECT_EQ(ConnectErrno(), 0);
}

TEST_F(UnixListenerTest, ANameOfALiveServerStaysItsOwn) {
  const Result<UnixListener> first = Listen();
  ASSERT_TRUE(first.has_value());
  const Result<UnixListener> second = Listen();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kInUse);
  EXPECT_EQ(ConnectErrno(), 0);
}

TEST_F(UnixListenerTest, AnotherFileIsNeverReplaced) {
  std::ofstream(path_) << "mine";
  const Result<UnixListener> listener = Listen();
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(std::filesystem::file_size(path_), 4U);
}

TEST_F(UnixListenerTest, AFileThatReplacedTheSocketStays) {
  {
    const Result<UnixListener> listener = Listen();
    ASSERT_TRUE(listener.has_value());
    std::filesystem::remove(path_);
    std::ofstream(path_) << "another";
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, PathsThatAreTooLongOrNowhereAreRefused) {
  EXPECT_EQ(UnixListener::Listen(std::string(kUnixPathBytesMax + 1, 'x'), kMode, 1).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(UnixListener::Listen("", kMode, 1).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(UnixListener::Listen(path_ + "/none/socket", kMode, 1).error().code, ErrorCode::kIo);
}

TEST_F(UnixListenerTest, DirectoryLockedByOthersIsAnErrorAndNoWait) {
  const UniqueFd other(::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(other.get(), LOCK_SH), 0);
  const auto refused = Listen();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInUse);
  EXPECT_THAT(refused.error().context, testing::HasSubstr(directory_.path().string()));
  ASSERT_EQ(::flock(other.get(), LOCK_UN), 0);
  EXPECT_TRUE(Listen());
}

}  // namespace
}  // namespace kvs::io
