// Promised: a segment opens only its own file, hands out only whole records, and answers nothing for every other
// offset, up to the end of the file. The tests ask for every offset of a small segment.
#include "log/segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/coding.h"
#include "log/file_names.h"
#include "support/temporary_directory.h"
#include "unit/log/segment_builder.h"

namespace kvs::log {
namespace {

using testing::HasSubstr;

constexpr SegmentHeader kHeader{.segment_id = 3, .base_sequence = 100, .created_sequence = 100};

class SegmentTest : public testing::Test {
 protected:
  void WriteSegment(std::uint64_t file_id, std::string_view bytes) {
    const auto path = SegmentPath(directory_.path(), file_id);
    ASSERT_TRUE(io::PosixFileSystem().WriteFileAtomically(path, bytes));
  }
  Result<std::shared_ptr<Segment>> Open(std::uint64_t id) {
    return Segment::Open(io::PosixFileSystem(), directory_.path(), id);
  }

  const test::TemporaryDirectory directory_;
};

TEST_F(SegmentTest, ReadsTheRecordsOfItsFile) {
  SegmentBuilder builder(kHeader);
  const std::uint64_t first = builder.Add(DraftPut("a", "1"), 100);
  const std::uint64_t second = builder.Add(DraftTombstone("b"), 101);
  WriteSegment(3, builder.bytes());
  const auto segment = *Open(3);
  EXPECT_EQ(segment->id(), 3U);
  EXPECT_EQ(segment->readable_bytes(), builder.bytes().size());
  EXPECT_EQ(segment->Read(first)->value, "1");
  EXPECT_EQ(segment->SequenceOf(*segment->Read(second)), 101U);
  EXPECT_EQ(segment->OffsetOf(segment->Read(second)->key.data()) + 1, builder.bytes().size());
  EXPECT_EQ(segment->BytesFrom(first), std::string_view(builder.bytes()).substr(first));
  EXPECT_EQ(*segment->SyncedBytes(), 0U);
}

TEST_F(SegmentTest, AnswersNothingIfNoRecordBeginsAtTheOffset) {
  SegmentBuilder builder(kHeader);
  const std::uint64_t offset = builder.Add(DraftPut("key", "value"), 100);
  const auto segment = builder.Build();
  for (std::uint64_t at = 0; at < builder.bytes().size() + 64; ++at) {
    EXPECT_EQ(segment->Read(at).has_value(), at == offset) << at;
  }
}

TEST_F(SegmentTest, ARecordThatEndsAfterTheFileIsNothing) {
  SegmentBuilder builder(kHeader);
  const std::uint64_t offset = builder.Add(DraftPut("key", "value"), 100);
  builder.bytes().pop_back();
  EXPECT_FALSE(builder.Build()->Decode(offset));
}

TEST_F(SegmentTest, ADamagedRecordIsNothing) {
  SegmentBuilder builder(kHeader);
  const std::uint64_t offset = builder.Add(DraftPut("key", "value"), 100);
  builder.bytes().back() ^= 1;
  EXPECT_TRUE(builder.Build()->Decode(offset));
  EXPECT_FALSE(builder.Build()->Read(offset));
}

TEST_F(SegmentTest, AFileUnderTheNameOfAnotherSegmentIsCorruption) {
  WriteSegment(4, SegmentBuilder(kHeader).bytes());
  const auto segment = Open(4);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(segment.error().context, HasSubstr("the file is segment 3"));
}

TEST_F(SegmentTest, AFileThatIsNoSegmentIsCorruptionThatNamesIt) {
  for (const std::size_t bytes : {0U, 1U, 63U, 64U, 100U}) {
    WriteSegment(5, std::string(bytes, 'x'));
    const auto segment = Open(5);
    ASSERT_FALSE(segment) << bytes;
    EXPECT_EQ(segment.error().code, ErrorCode::kCorruption) << bytes;
    EXPECT_THAT(segment.error().context, HasSubstr("000000000005.seg")) << bytes;
  }
}

TEST_F(SegmentTest, AnAbsentFileIsCorruptionThatNamesIt) {
  const auto segment = Open(6);
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(segment.error().context, HasSubstr("000000000006.seg"));
}

TEST_F(SegmentTest, ADamagedSyncedMarkIsCorruption) {
  SegmentBuilder builder(kHeader);
  base::PutFixed64(builder.bytes().data() + kSyncedMarkOffset, EncodeSyncedMark(64, 3));
  EXPECT_EQ(*builder.Build()->SyncedBytes(), 64U);
  builder.bytes()[kSyncedMarkOffset] ^= 1;
  EXPECT_EQ(builder.Build()->SyncedBytes().error().code, ErrorCode::kCorruption);
}

}  // namespace
}  // namespace kvs::log
