// Promised: a mapping shows its file, both ways, and begins at a large page if it is large. It is given back with the
// object that owns it, and refuses writes after it was made read-only. The tests compare with the file's own bytes.
#include "io/mapped/mapping.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "io/file_system.h"
#include "support/temporary_directory.h"

namespace kvs::io {
namespace {

constexpr std::size_t kLargePageBytes = std::size_t{2} << 20;

class MappingTest : public testing::Test {
 protected:
  MappingTest() : file_(*PosixFileSystem().Open(directory_.path() / "file", OpenMode::kCreate)) {}

  std::string ReadFile(std::size_t bytes) const {
    std::string read(bytes, '\0');
    read.resize(*file_->ReadAt(0, read.data(), bytes));
    return read;
  }

  const test::TemporaryDirectory directory_;
  const std::unique_ptr<File> file_;
};

TEST_F(MappingTest, ShowsTheBytesOfTheFile) {
  ASSERT_TRUE(file_->WriteAt(0, "hello"));
  const Mapping mapping = *file_->Map(5, Access::kRead);
  EXPECT_EQ(std::string_view(mapping.data(), mapping.size()), "hello");
  ASSERT_TRUE(file_->WriteAt(1, "a"));
  EXPECT_EQ(std::string_view(mapping.data(), mapping.size()), "hallo");
}

TEST_F(MappingTest, WritesReachTheFile) {
  ASSERT_TRUE(file_->WriteAt(0, "hello"));
  const Mapping mapping = *file_->Map(5, Access::kReadWrite);
  mapping.data()[1] = 'u';
  EXPECT_EQ(ReadFile(5), "hullo");
}

TEST_F(MappingTest, ShowsBytesThatTheFileGainsLater) {
  const Mapping mapping = *file_->Map(kLargePageBytes, Access::kReadWrite);
  ASSERT_TRUE(file_->WriteAt(0, std::string(8192, 'x')));
  EXPECT_EQ(mapping.data()[8191], 'x');
  EXPECT_EQ(mapping.FaultCount(), 0U);
}

TEST_F(MappingTest, ALargeMappingIsAlignedAndWhole) {
  for (const std::size_t bytes : {kLargePageBytes, kLargePageBytes + 1, 3 * kLargePageBytes - 4095}) {
    ASSERT_TRUE(file_->Truncate(0));
    ASSERT_TRUE(file_->WriteAt(bytes - 1, "z"));
    const Mapping mapping = *file_->Map(bytes, Access::kReadWrite);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(mapping.data()) % kLargePageBytes, 0U) << bytes;
    EXPECT_EQ(mapping.data()[bytes - 1], 'z') << bytes;
  }
}

TEST_F(MappingTest, AnonymousMemoryIsZeroedAndTakesWrites) {
  const Mapping mapping = *Mapping::Anonymous(10'000);
  EXPECT_EQ(std::string_view(mapping.data(), mapping.size()), std::string(10'000, '\0'));
  mapping.data()[9'999] = 'x';
  EXPECT_EQ(mapping.data()[9'999], 'x');
}

TEST_F(MappingTest, AMoveHandsTheMemoryOver) {
  ASSERT_TRUE(file_->WriteAt(0, "hello"));
  Mapping from = *file_->Map(5, Access::kRead);
  const char* const data = from.data();
  Mapping to = std::move(from);
  EXPECT_EQ(to.data(), data);
  EXPECT_EQ(to.size(), 5U);
  Mapping assigned;
  assigned = std::move(to);
  EXPECT_EQ(std::string_view(assigned.data(), assigned.size()), "hello");
}

TEST_F(MappingTest, AFileThatIsNotOpenCannotBeMapped) {
  const auto mapping = Mapping::OfFile(-1, 4096, Access::kRead);
  ASSERT_FALSE(mapping);
  EXPECT_EQ(mapping.error().code, ErrorCode::kIo);
  EXPECT_EQ(mapping.error().sys_errno, EBADF);
  const auto large = Mapping::OfFile(-1, kLargePageBytes, Access::kRead);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().sys_errno, EBADF);
}

TEST_F(MappingTest, TheErrorOfAFileNamesIt) {
  const auto file = *PosixFileSystem().Open(directory_.path() / "file", OpenMode::kRead);
  const auto mapping = file->Map(4096, Access::kReadWrite);  // The file was opened for reading.
  ASSERT_FALSE(mapping);
  EXPECT_NE(mapping.error().context.find((directory_.path() / "file").string()), std::string::npos);
}

using MappingDeathTest = MappingTest;

TEST_F(MappingDeathTest, AWriteToAReadOnlyMappingEndsTheProcess) {
  ASSERT_TRUE(file_->WriteAt(0, "hello"));
  Mapping mapping = *file_->Map(5, Access::kReadWrite);
  ASSERT_TRUE(mapping.MakeReadOnly());
  EXPECT_EQ(mapping.data()[0], 'h');
  EXPECT_DEATH(*const_cast<volatile char*>(mapping.data()) = 'y', "");
}

}  // namespace
}  // namespace kvs::io
