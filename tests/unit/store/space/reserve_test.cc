// Promised: the reserve is really set aside, gives its room back when it is asked, is taken again, and survives a stop.
#include "store/space/reserve.h"

#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <vector>

#include "log/file_names.h"
#include "support/hooked_file_system.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

constexpr std::uint64_t kMega = std::uint64_t{1} << 20;

class ReserveTest : public testing::Test {
 protected:
  std::uint64_t AllocatedBytes() const {
    struct stat status {};
    const bool is_there = ::stat(log::ReservePath(directory_.path()).c_str(), &status) == 0;
    return is_there ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
  }

  test::TemporaryDirectory directory_;
  std::vector<std::string> lines_;
  KvStoreOptions options_{.log = [this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(ReserveTest, ItsRoomIsTakenGivenUpAndTakenAgain) {
  Reserve reserve(io::PosixFileSystem(), directory_.path(), options_);
  ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_EQ(reserve.held_bytes(), kMega);
  EXPECT_GE(AllocatedBytes(), kMega);
  EXPECT_TRUE(reserve.GiveUp());
  EXPECT_EQ(AllocatedBytes(), 0U);
  EXPECT_FALSE(reserve.GiveUp()) << "there is nothing left";
  ASSERT_TRUE(IsOk(reserve.Hold(2 * kMega)));
  EXPECT_GE(AllocatedBytes(), 2 * kMega);
}

TEST_F(ReserveTest, ItShrinksWithTheStore) {
  Reserve reserve(io::PosixFileSystem(), directory_.path(), options_);
  ASSERT_TRUE(IsOk(reserve.Hold(4 * kMega)));
  ASSERT_TRUE(IsOk(reserve.Hold(2 * kMega)));
  EXPECT_EQ(reserve.held_bytes(), 4 * kMega) << "not immediately";
  ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_EQ(reserve.held_bytes(), kMega);
}

TEST_F(ReserveTest, LentRoomIsNotTakenBeforeItIsReturned) {
  Reserve reserve(io::PosixFileSystem(), directory_.path(), options_);
  ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  ASSERT_TRUE(reserve.Lend());
  EXPECT_TRUE(Fails(reserve.Hold(kMega), ErrorCode::kNoSpace));
  EXPECT_EQ(AllocatedBytes(), 0U);
  reserve.Return();
  EXPECT_TRUE(IsOk(reserve.Hold(kMega)));
}

TEST_F(ReserveTest, HolesOfACopyAreFilled) {
  {
    Reserve reserve(io::PosixFileSystem(), directory_.path(), options_);
    ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  }
  std::filesystem::resize_file(log::ReservePath(directory_.path()), 0);
  std::filesystem::resize_file(log::ReservePath(directory_.path()), kMega);
  Reserve reserve(io::PosixFileSystem(), directory_.path(), options_);
  ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_GE(AllocatedBytes(), kMega);
}

TEST_F(ReserveTest, AFileOfOthersStays) {
  const std::filesystem::path theirs = directory_.path() / "theirs";
  ASSERT_TRUE(IsOk(io::PosixFileSystem().WriteFileAtomically(theirs, "a table for two at eight")));
  std::filesystem::create_symlink(theirs, log::ReservePath(directory_.path()));
  Reserve reserve(io::PosixFileSystem(), directory_.path(), options_);
  EXPECT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_FALSE(reserve.GiveUp());
  EXPECT_EQ(*io::PosixFileSystem().ReadFile(theirs, 1'000), "a table for two at eight");
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_NE(lines_[0].find("is not a file of kvs"), std::string::npos) << lines_[0];
}

// At a quota btrfs refuses to cut a file, and not to remove it.
TEST_F(ReserveTest, AFileThatCannotBeCutIsRemoved) {
  bool is_at_quota = false;
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation != test::FileOperation::kTruncate || !is_at_quota) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = EDQUOT};
  });
  Reserve reserve(files, directory_.path(), options_);
  ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  is_at_quota = true;
  EXPECT_TRUE(reserve.GiveUp());
  EXPECT_EQ(AllocatedBytes(), 0U);
  EXPECT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_GE(AllocatedBytes(), kMega);
}

TEST_F(ReserveTest, InodesAreSetAside) {
  const auto count = [&] { return io::PosixFileSystem().List(directory_.path())->size(); };
  Reserve reserve(io::PosixFileSystem(), directory_.path(), options_);
  ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_EQ(count(), Reserve::kInodes);
  EXPECT_TRUE(reserve.Lend());
  EXPECT_EQ(count(), 0U);
}

// A file without magic would stay for good, because nothing shows its owner.
TEST_F(ReserveTest, NoFileIsLeftThatHasNoMagic) {
  bool is_full = true;
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path& path) -> Status {
    if (operation != test::FileOperation::kWrite || path.filename() != "RESERVE.2" || !is_full) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC};
  });
  Reserve reserve(files, directory_.path(), options_);
  EXPECT_TRUE(Fails(reserve.Hold(kMega), ErrorCode::kNoSpace));
  EXPECT_EQ(io::PosixFileSystem().List(directory_.path())->size(), 0U);
  is_full = false;
  EXPECT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_TRUE(reserve.Lend());
  EXPECT_EQ(io::PosixFileSystem().List(directory_.path())->size(), 0U);
}

TEST_F(ReserveTest, TooFewInodesAreLeftToOthers) {
  bool is_full = true;
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path& path) -> Status {
    if (operation != test::FileOperation::kCreate || path.filename() != "RESERVE.3" || !is_full) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC};
  });
  Reserve reserve(files, directory_.path(), options_);
  EXPECT_TRUE(Fails(reserve.Hold(kMega), ErrorCode::kNoSpace));
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
  is_full = false;
  EXPECT_TRUE(IsOk(reserve.Hold(kMega)));
}

TEST_F(ReserveTest, ASecondFileOfOthersStays) {
  const std::filesystem::path theirs = directory_.path() / "RESERVE.2";
  ASSERT_TRUE(IsOk(io::PosixFileSystem().WriteFileAtomically(theirs, "a table for two at eight")));
  Reserve reserve(io::PosixFileSystem(), directory_.path(), options_);
  EXPECT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_TRUE(reserve.GiveUp());
  EXPECT_EQ(*io::PosixFileSystem().ReadFile(theirs, 1'000), "a table for two at eight");
}

TEST_F(ReserveTest, WithoutPreallocationItIsWritten) {
  test::HookedFileSystem files([](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation == test::FileOperation::kReserve) return Error{.code = ErrorCode::kUnsupported};
    return Ok();
  });
  Reserve reserve(files, directory_.path(), options_);
  ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_GE(AllocatedBytes(), kMega);
}

TEST_F(ReserveTest, AWantOfRoomLeavesTheHeldRoom) {
  bool is_full = false;
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation == test::FileOperation::kReserve && is_full) return Error{.code = ErrorCode::kNoSpace};
    return Ok();
  });
  Reserve reserve(files, directory_.path(), options_);
  ASSERT_TRUE(IsOk(reserve.Hold(kMega)));
  is_full = true;
  EXPECT_TRUE(Fails(reserve.Hold(2 * kMega), ErrorCode::kNoSpace));
  EXPECT_EQ(reserve.held_bytes(), kMega);
}

TEST_F(ReserveTest, AStoreWorksWithoutAReserve) {
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation == test::FileOperation::kReserve) return Error{.code = ErrorCode::kIo};
    return Ok();
  });
  Reserve reserve(files, directory_.path(), options_);
  EXPECT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_TRUE(IsOk(reserve.Hold(kMega)));
  EXPECT_EQ(lines_.size(), 1U);
  EXPECT_FALSE(reserve.GiveUp());
}

}  // namespace
}  // namespace kvs::store
