// Promised: the marker file holds a name and nothing else. Any other content is corruption, with a helpful message. The
// tests write each kind of wrong file and read it.
#include "log/marker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/temporary_directory.h"

namespace kvs::log {
namespace {

using testing::HasSubstr;

class MarkerTest : public testing::Test {
 protected:
  void WriteContents(const std::string& contents) {
    std::ofstream(directory_.path() / "ENGINE", std::ios::binary) << contents;
  }
  Result<std::optional<std::string>> Read() { return ReadMarker(io::PosixFileSystem(), directory_.path()); }

  test::TemporaryDirectory directory_;
};

TEST_F(MarkerTest, AMissingMarkerIsNoError) {
  const auto marker = Read();
  ASSERT_TRUE(marker);
  EXPECT_EQ(*marker, std::nullopt);
}

TEST_F(MarkerTest, AWrittenMarkerIsRead) {
  ASSERT_TRUE(WriteMarker(io::PosixFileSystem(), directory_.path(), "sled"));
  EXPECT_EQ(Read().value(), "sled");
}

TEST_F(MarkerTest, TheFileIsTheNameAndANewline) {
  ASSERT_TRUE(WriteMarker(io::PosixFileSystem(), directory_.path(), "kvs"));
  EXPECT_EQ(io::PosixFileSystem().ReadFile(directory_.path() / "ENGINE", 100).value(), "kvs\n");
}

TEST_F(MarkerTest, AnythingThatIsNoNameIsCorruption) {
  const std::string wrong[] = {"",
                               "\n",
                               "kvs",
                               "kvs\n\n",
                               "KVS\n",
                               "kvs sled\n",
                               std::string("k\0s\n", 4),
                               std::string(33, 'a') + "\n",
                               std::string(100'000, 'a')};
  for (const std::string& contents : wrong) {
    WriteContents(contents);
    const auto marker = Read();
    ASSERT_FALSE(marker) << testing::PrintToString(contents.substr(0, 40));
    EXPECT_EQ(marker.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(marker.error().ToString(), HasSubstr("ENGINE"));
  }
}

TEST_F(MarkerTest, TheLongestNameIsAName) {
  WriteContents(std::string(32, 'a') + "\n");
  EXPECT_EQ(Read().value(), std::string(32, 'a'));
}

}  // namespace
}  // namespace kvs::log
