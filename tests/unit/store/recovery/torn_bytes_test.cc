// Promised: the bytes cut off the end of the log are kept in a separate file, under a name of its own. If there is no
// room for the copy, only half a record of a process that died may go. Any other opening is refused then.
#include "store/recovery/torn_bytes.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/coding.h"
#include "log/file_names.h"
#include "support/hooked_file_system.h"
#include "support/temporary_directory.h"
#include "unit/log/segment_builder.h"

namespace kvs::store {
namespace {

class TornBytesTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kId = 3;

  // A segment with a record, then "torn". `was_kept`: by the page cache, as after the death of a process.
  OpenPart MakePart(bool was_kept) {
    log::SegmentBuilder builder({.segment_id = kId, .base_sequence = 1, .created_sequence = 1});
    builder.Add(log::DraftPut("key", "value"), 1);
    const std::uint64_t used_bytes = builder.bytes().size();
    const auto path = log::SegmentPath(directory_.path(), kId);
    std::ofstream(path, std::ios::binary) << builder.bytes() << "torn";
    const auto file = *io::PosixFileSystem().Open(path, io::OpenMode::kReadWrite);
    char word[8];
    base::PutFixed64(word, log::EncodeCacheIdentity(was_kept ? file->CacheIdentity() : 1, kId));
    EXPECT_TRUE(file->WriteAt(log::kCacheIdentityOffset, {word, sizeof word}));
    auto segment = *log::Segment::Open(io::PosixFileSystem(), directory_.path(), kId);
    EXPECT_EQ(segment->was_kept_in_cache(), was_kept);
    return {.segment = std::move(segment), .used_bytes = used_bytes, .torn_bytes = 4};
  }

  std::string ContentsOf(unsigned number) const {
    return io::PosixFileSystem().ReadFile(log::TornPath(directory_.path(), kId, number), 100).value_or("(none)");
  }

  const test::TemporaryDirectory directory_;
  std::string log_;
  const std::function<void(const std::string&)> sink_ = [this](const std::string& line) { log_ += line + "\n"; };
  test::HookedFileSystem full_disk_{[](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation != test::FileOperation::kCreate) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC, .context = "injected"};
  }};
};

TEST_F(TornBytesTest, EachCutHasAFileOfItsOwn) {
  const OpenPart part = MakePart(false);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(KeepTornBytes(io::PosixFileSystem(), directory_.path(), part, sink_));
  EXPECT_EQ(ContentsOf(1), "torn");
  EXPECT_EQ(ContentsOf(2), "torn");
  EXPECT_NE(log_.find("cut off 4 bytes"), std::string::npos) << log_;
}

TEST_F(TornBytesTest, AFullDiskDropsHalfARecordAndLogsIt) {
  ASSERT_TRUE(KeepTornBytes(full_disk_, directory_.path(), MakePart(true), sink_));
  EXPECT_NE(log_.find("kept no copy: no space"), std::string::npos) << log_;
  EXPECT_EQ(ContentsOf(1), "(none)");
}

TEST_F(TornBytesTest, AfterALostCacheThereIsNoCutWithoutACopy) {
  const Status kept = KeepTornBytes(full_disk_, directory_.path(), MakePart(false), sink_);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(log_, "");
}

}  // namespace
}  // namespace kvs::store
