// Promised: the log ends at a torn tail, or before a gap that a lost cache explains. The records after it are dropped
// and counted. An unexplained gap is damage, and an unreadable page is an error, not an end.
//
// Attack: segments are written record by record, with records missing between two of them.
#include "store/recovery/log_end.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "base/coding.h"
#include "log/file_names.h"
#include "support/forwarding_file_system.h"
#include "support/temporary_directory.h"
#include "unit/log/segment_builder.h"

namespace kvs::store {
namespace {

// A disk that lost all of a file but its first page, once the file is mapped.
class LosingFileSystem final : public test::ForwardingFileSystem {
 private:
  class LosingFile final : public test::ForwardingFile {
   public:
    LosingFile(std::unique_ptr<io::File> file, std::filesystem::path path)
        : ForwardingFile(std::move(file)), path_(std::move(path)) {}
    Result<io::Mapping> Map(std::size_t bytes, io::Access access) override {
      auto mapping = ForwardingFile::Map(bytes, access);
      std::filesystem::resize_file(path_, 4'096);
      return mapping;
    }

   private:
    const std::filesystem::path path_;
  };

  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path& path, io::OpenMode,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<LosingFile>(std::move(file), path);
  }
};

class LogEndTest : public testing::Test {
 protected:
  // An open segment with the records of these sequences. Returns how many bytes they take.
  std::uint64_t AddSegment(std::uint64_t id, std::uint64_t first, std::uint64_t last, std::uint64_t synced_bytes = 0) {
    log::SegmentBuilder builder({.segment_id = id, .base_sequence = first, .created_sequence = first});
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      builder.Add(log::DraftPut("key", std::string(1'000, 'v')), sequence);
    }
    if (synced_bytes > 0) {
      base::PutFixed64(builder.bytes().data() + log::kSyncedMarkOffset, log::EncodeSyncedMark(synced_bytes, id));
    }
    std::ofstream(log::SegmentPath(directory_.path(), id), std::ios::binary) << builder.bytes();
    manifest_.Add({.segment_id = id, .sealed_bytes = 0});
    return builder.bytes().size() - log::kSegmentHeaderBytes;
  }

  const test::TemporaryDirectory directory_;
  log::Manifest manifest_;
};

TEST_F(LogEndTest, ALogWithoutGapsIsReadToItsEnd) {
  AddSegment(1, 1, 3);
  AddSegment(2, 4, 7);
  const auto end = FindLogEnd(io::PosixFileSystem(), directory_.path(), manifest_);
  ASSERT_TRUE(end) << end.error().ToString();
  EXPECT_EQ(end->last_sequence, 7U);
  EXPECT_EQ(end->torn_bytes, 0U);
}

TEST_F(LogEndTest, RecordsAfterAGapAreDroppedAndCounted) {
  AddSegment(1, 1, 3);
  const std::uint64_t dropped = AddSegment(2, 6, 7) + AddSegment(3, 8, 9);
  const auto end = FindLogEnd(io::PosixFileSystem(), directory_.path(), manifest_);
  ASSERT_TRUE(end) << end.error().ToString();
  EXPECT_EQ(end->last_sequence, 3U);
  EXPECT_EQ(end->torn_bytes, dropped);
  ASSERT_EQ(end->parts.size(), 3U);
  EXPECT_EQ(end->parts[0].records, 3U);
  EXPECT_EQ(end->parts[1].records, 0U);
  EXPECT_EQ(end->parts[2].records, 0U);
}

TEST_F(LogEndTest, AGapBeforeSyncedRecordsIsDamage) {
  AddSegment(1, 1, 3);
  AddSegment(2, 6, 7);
  AddSegment(3, 8, 9, log::kSegmentHeaderBytes);
  const auto end = FindLogEnd(io::PosixFileSystem(), directory_.path(), manifest_);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kCorruption);
}

TEST_F(LogEndTest, APageThatCannotBeReadIsNoEnd) {
  AddSegment(1, 1, 20);
  LosingFileSystem files;
  const auto end = FindLogEnd(files, directory_.path(), manifest_);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ErrorCode::kIo) << end.error().ToString();
}

}  // namespace
}  // namespace kvs::store
