// Promised: zeroes are the end of the log. While the page cache has held the file, only an incomplete last record is
// torn. After the cache was lost, a bad record before whole ones is torn only if a hole explains it. The tests build
// files record by record and break them.
#include "log/bad_record.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/coding.h"
#include "io/file_system.h"
#include "log/file_names.h"
#include "support/temporary_directory.h"
#include "unit/log/segment_builder.h"

namespace kvs::log {
namespace {

constexpr SegmentHeader kHeader{.segment_id = 3, .base_sequence = 100, .created_sequence = 90};

class BadRecordTest : public testing::Test {
 protected:
  std::uint64_t AddPut(std::size_t value_bytes, char value = 'v') {
    offsets_.push_back(builder_.Add(DraftPut("key", std::string(value_bytes, value)), 100 + offsets_.size()));
    return offsets_.back();
  }
  // Of one sequence for each member.
  std::uint64_t AddBatch(const std::vector<std::string>& keys) {
    std::string records;
    std::uint64_t delta = offsets_.size();
    for (const std::string& key : keys) records += Encode(DraftPut(key, "member"), kHeader.segment_id, delta++);
    const std::uint64_t offset = builder_.Add(DraftBatch(records), 100 + offsets_.size());
    offsets_.resize(offsets_.size() + keys.size(), offset);
    return offset;
  }
  void Flip(std::uint64_t offset) { builder_.bytes()[offset] = static_cast<char>(builder_.bytes()[offset] ^ 0x04); }

  // The record at `offset` is the `sequence`-th from 0.
  BadRecord Classify(bool was_kept, std::uint64_t offset, std::uint64_t sequence, bool goes_on = false) {
    const auto path = SegmentPath(directory_.path(), kHeader.segment_id);
    std::string bytes = builder_.bytes() + std::string(room_bytes_, '\0');
    std::ofstream(path, std::ios::binary) << bytes;
    const auto file = *io::PosixFileSystem().Open(path, io::OpenMode::kReadWrite);
    char word[8];
    base::PutFixed64(word, EncodeCacheIdentity(was_kept ? file->CacheIdentity() : 1, kHeader.segment_id));
    EXPECT_TRUE(file->WriteAt(kCacheIdentityOffset, {word, sizeof word}));
    const auto segment = *Segment::Open(io::PosixFileSystem(), directory_.path(), kHeader.segment_id);
    EXPECT_EQ(segment->was_kept_in_cache(), was_kept);
    return ClassifyBadRecord(*segment, {.offset = offset, .sequence = 100 + sequence, .goes_on = goes_on});
  }

  const test::TemporaryDirectory directory_;
  SegmentBuilder builder_{kHeader};
  std::vector<std::uint64_t> offsets_;  // By sequence.
  std::size_t room_bytes_ = 5'000;
};

TEST_F(BadRecordTest, ZeroesAreTheEnd) {
  AddPut(10);
  for (const bool kept : {false, true}) {
    EXPECT_EQ(Classify(kept, builder_.bytes().size(), 1), BadRecord::kEnd);
    EXPECT_EQ(Classify(kept, builder_.bytes().size(), 1, true), BadRecord::kEnd);
  }
}

TEST_F(BadRecordTest, EachFirstPartOfALastRecordIsTorn) {
  AddPut(10);
  const std::uint64_t last = AddPut(300);
  const std::string whole = builder_.bytes();
  for (std::size_t bytes = last + 5; bytes < whole.size(); ++bytes) {
    builder_.bytes() = whole.substr(0, bytes);
    for (const std::size_t room : {0U, 5'000U}) {
      room_bytes_ = room;
      EXPECT_EQ(Classify(true, last, 1), BadRecord::kTorn) << bytes;
      EXPECT_EQ(Classify(false, last, 1), BadRecord::kTorn) << bytes;
    }
  }
}

TEST_F(BadRecordTest, EachFirstPartOfALastBatchIsTorn) {
  AddPut(10);
  const std::uint64_t last = AddBatch({"one", "two", "three"});
  const std::string whole = builder_.bytes();
  for (std::size_t bytes = last + 5; bytes < whole.size(); ++bytes) {
    builder_.bytes() = whole.substr(0, bytes);
    EXPECT_EQ(Classify(true, last, 1), BadRecord::kTorn) << bytes;
    EXPECT_EQ(Classify(false, last, 1), BadRecord::kTorn) << bytes;
  }
}

TEST_F(BadRecordTest, AChangedBitBeforeARecordIsDamage) {
  const std::uint64_t first = AddPut(300);
  const std::uint64_t batch = AddBatch({"one", "two", "three"});
  const std::uint64_t third = AddPut(10);
  for (const bool kept : {false, true}) {
    for (std::uint64_t at = first; at < third; ++at) {
      Flip(at);
      EXPECT_EQ(Classify(kept, at < batch ? first : batch, at < batch ? 0 : 1), BadRecord::kDamaged) << at;
      Flip(at);
    }
  }
}

TEST_F(BadRecordTest, AHoleIsDamageOnlyWhileTheCacheWasKept) {
  const std::uint64_t first = AddPut(2'000);
  AddPut(10);
  builder_.bytes().replace(1'024, 512, 512, '\0');
  EXPECT_EQ(Classify(true, first, 0), BadRecord::kDamaged);
  EXPECT_EQ(Classify(false, first, 0), BadRecord::kTorn);
}

TEST_F(BadRecordTest, ZeroesThatEndWithinASectorAreNoHole) {
  const std::uint64_t first = AddPut(2'000);
  AddPut(10);
  builder_.bytes().replace(1'030, 500, 500, '\0');
  EXPECT_EQ(Classify(false, first, 0), BadRecord::kDamaged);
}

TEST_F(BadRecordTest, TheLogGoesOnInALaterSegment) {
  const std::uint64_t only = AddPut(300);
  Flip(only + 100);
  EXPECT_EQ(Classify(true, only, 0, true), BadRecord::kDamaged);
  EXPECT_EQ(Classify(false, only, 0, true), BadRecord::kDamaged);
  builder_.bytes().resize(200);
  EXPECT_EQ(Classify(true, only, 0, true), BadRecord::kDamaged);
  EXPECT_EQ(Classify(false, only, 0, true), BadRecord::kTorn) << "the rest of the sector is missing";
}

// The file was longer when the record was written, and the power cut took that: it may end anywhere.
TEST_F(BadRecordTest, AFileThatEndsWithinARecordWasLonger) {
  AddPut(10);
  const std::uint64_t last = AddPut(300);
  const std::string whole = builder_.bytes();
  room_bytes_ = 0;
  for (std::size_t bytes = last + 1; bytes < whole.size(); ++bytes) {
    builder_.bytes() = whole.substr(0, bytes);
    EXPECT_EQ(Classify(false, last, 1, true), BadRecord::kTorn) << bytes - last;
  }
}

TEST_F(BadRecordTest, AChangedBitInTheLastBytesOfAFileIsDamage) {
  AddPut(300);
  const std::uint64_t last = builder_.Add(DraftTombstone("k"), 101);
  room_bytes_ = 0;
  for (std::uint64_t at = last; at < builder_.bytes().size(); ++at) {
    if (at == last + kRecordChecksumBytes + 1) continue;  // The key would be longer, and so would have been the file.
    Flip(at);
    EXPECT_EQ(Classify(false, last, 1, true), BadRecord::kDamaged) << at - last;
    Flip(at);
  }
}

TEST_F(BadRecordTest, BelowTheSyncedMarkAllIsDamage) {
  const std::uint64_t only = AddPut(300);
  builder_.bytes().resize(only);
  builder_.bytes().resize(1'000);
  const auto segment = builder_.Build();
  EXPECT_EQ(ClassifyBadRecord(*segment, {.offset = only, .sequence = 100, .synced_bytes = 200}), BadRecord::kDamaged);
}

// Bytes that users store are not taken for the log, even if they have the form of records.
TEST_F(BadRecordTest, RecordsInAValueAreNotTheLog) {
  std::string value;
  for (std::uint64_t delta = 0; delta < 20; ++delta) value += Encode(DraftPut("key", "value"), 4, delta);
  const std::uint64_t only = builder_.Add(DraftPut("key", value + std::string(1'000, 'v')), 100);
  builder_.bytes().resize(builder_.bytes().size() - 500);
  EXPECT_EQ(Classify(true, only, 0), BadRecord::kTorn);
  EXPECT_EQ(Classify(false, only, 0), BadRecord::kTorn);
}

// A value of beginnings of records, each of which says that it is long: to check all of them would take minutes.
TEST_F(BadRecordTest, TheSearchForRecordsEndsSoon) {
  constexpr std::size_t kSaid = 1'000'000;
  constexpr std::size_t kHeads = 400'000;
  const std::string head = Encode(DraftPut("key", std::string(kSaid, 'v')), kHeader.segment_id, 1).substr(0, 16);
  std::string value;
  for (std::size_t i = 0; i < kHeads; ++i) value += head;
  const std::uint64_t only = builder_.Add(DraftPut("key", value), 100);
  Flip(only + 100);
  EXPECT_EQ(Classify(false, only, 0), BadRecord::kTorn);
  EXPECT_EQ(Classify(false, only, 0, true), BadRecord::kDamaged);
}

}  // namespace
}  // namespace kvs::log
