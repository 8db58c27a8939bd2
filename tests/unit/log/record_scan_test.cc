// Promised: a scan visits every put and tombstone in the order of the log, also those inside batches, each checked
// whole. It stops at the first bad byte and says where. It visits nothing of a batch that is not whole. The tests
// damage segments in each of these places and compare the visits.
#include "log/record_scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/log/segment_builder.h"

namespace kvs::log {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr SegmentHeader kHeader{.segment_id = 3, .base_sequence = 100, .created_sequence = 100};

struct Scanned {
  std::vector<std::string> visited;  // "100 put a"
  std::uint64_t end = 0;
};

Scanned Scan(const Segment& segment, std::uint64_t from, std::uint64_t to) {
  Scanned scanned;
  scanned.end = ScanRecords(segment, from, to, [&](const RecordSummary& record) {
    const auto whole = segment.Read(record.offset);
    EXPECT_TRUE(whole && whole->key == record.key && whole->bytes() == record.bytes && whole->type == record.type);
    const std::string kind = record.type == RecordType::kPut ? " put " : " tombstone ";
    scanned.visited.push_back(std::to_string(record.sequence) + kind + std::string(record.key));
  });
  return scanned;
}
Scanned ScanAll(const Segment& segment) { return Scan(segment, kSegmentHeaderBytes, segment.readable_bytes()); }

std::string Member(const RecordDraft& draft, std::uint64_t sequence, std::uint64_t segment_id = kHeader.segment_id) {
  return Encode(draft, segment_id, sequence - kHeader.base_sequence);
}

TEST(RecordScanTest, VisitsRecordsInTheirOrderWithTheirSequences) {
  SegmentBuilder builder(kHeader);
  builder.Add(DraftPut("a", "1"), 100);
  builder.Add(DraftTombstone("a"), 101);
  builder.Add(DraftPut("", std::string(1'000, 'v')), 102);
  const Scanned scanned = ScanAll(*builder.Build());
  EXPECT_THAT(scanned.visited, ElementsAre("100 put a", "101 tombstone a", "102 put "));
  EXPECT_EQ(scanned.end, builder.bytes().size());
}

TEST(RecordScanTest, AnEmptySegmentIsWhole) {
  const Scanned scanned = ScanAll(*SegmentBuilder(kHeader).Build());
  EXPECT_THAT(scanned.visited, IsEmpty());
  EXPECT_EQ(scanned.end, kSegmentHeaderBytes);
}

TEST(RecordScanTest, StaysWithinItsBounds) {
  SegmentBuilder builder(kHeader);
  builder.Add(DraftPut("a", "1"), 100);
  const std::uint64_t second = builder.Add(DraftPut("b", "2"), 101);
  const std::uint64_t third = builder.Add(DraftPut("c", "3"), 102);
  const auto segment = builder.Build();
  EXPECT_THAT(Scan(*segment, second, third).visited, ElementsAre("101 put b"));
  const Scanned cut = Scan(*segment, second, third + 1);
  EXPECT_THAT(cut.visited, ElementsAre("101 put b"));
  EXPECT_EQ(cut.end, third);
}

TEST(RecordScanTest, StopsAtTheFirstDamagedByteAndSaysWhere) {
  SegmentBuilder whole(kHeader);
  whole.Add(DraftPut("a", "1"), 100);
  const std::uint64_t second = whole.Add(DraftPut("b", "2"), 101);
  const std::uint64_t third = whole.Add(DraftPut("c", "3"), 102);
  for (std::uint64_t byte = second; byte < third; ++byte) {
    SegmentBuilder builder = whole;
    builder.bytes()[byte] ^= 0x40;
    const Scanned scanned = ScanAll(*builder.Build());
    EXPECT_THAT(scanned.visited, ElementsAre("100 put a")) << byte;
    EXPECT_EQ(scanned.end, second) << byte;
  }
}

TEST(RecordScanTest, StopsAtZeroes) {
  SegmentBuilder builder(kHeader);
  builder.Add(DraftPut("a", "1"), 100);
  const std::uint64_t zeroes = builder.AddBytes(std::string(100, '\0'));
  EXPECT_EQ(ScanAll(*builder.Build()).end, zeroes);
}

// --- Batches ---

TEST(RecordScanTest, VisitsTheMembersOfABatchNotTheBatch) {
  SegmentBuilder builder(kHeader);
  builder.Add(DraftBatch(Member(DraftPut("a", "1"), 100) + Member(DraftTombstone("b"), 101)), 100);
  builder.Add(DraftPut("c", "3"), 102);
  const Scanned scanned = ScanAll(*builder.Build());
  EXPECT_THAT(scanned.visited, ElementsAre("100 put a", "101 tombstone b", "102 put c"));
  EXPECT_EQ(scanned.end, builder.bytes().size());
}

TEST(RecordScanTest, NothingOfABatchThatIsCutAnywhereIsVisited) {
  SegmentBuilder whole(kHeader);
  whole.Add(DraftPut("a", "1"), 100);
  const std::uint64_t batch =
      whole.Add(DraftBatch(Member(DraftPut("b", "2"), 101) + Member(DraftPut("c", "3"), 102)), 101);
  for (std::size_t bytes = batch; bytes < whole.bytes().size(); ++bytes) {
    for (const std::size_t zeroes : {std::size_t{0}, whole.bytes().size() - bytes}) {
      SegmentBuilder builder = whole;
      builder.bytes().resize(bytes);
      builder.AddBytes(std::string(zeroes, '\0'));
      const Scanned scanned = ScanAll(*builder.Build());
      EXPECT_THAT(scanned.visited, ElementsAre("100 put a")) << bytes;
      EXPECT_EQ(scanned.end, batch) << bytes;
    }
  }
}

TEST(RecordScanTest, NothingOfABatchWithADamagedByteIsVisited) {
  SegmentBuilder whole(kHeader);
  const std::uint64_t batch =
      whole.Add(DraftBatch(Member(DraftPut("b", "2"), 100) + Member(DraftPut("c", "3"), 101)), 100);
  for (std::uint64_t byte = batch; byte < whole.bytes().size(); ++byte) {
    SegmentBuilder builder = whole;
    builder.bytes()[byte] ^= 0x01;
    EXPECT_THAT(ScanAll(*builder.Build()).visited, IsEmpty()) << byte;
  }
}

// The batch's own checksum holds, but its last member is not one.
void ExpectNothingOf(const std::string& members) {
  SegmentBuilder builder(kHeader);
  const std::uint64_t batch = builder.Add(DraftBatch(members), 100);
  builder.Add(DraftPut("behind", ""), 103);
  const Scanned scanned = ScanAll(*builder.Build());
  EXPECT_THAT(scanned.visited, IsEmpty());
  EXPECT_EQ(scanned.end, batch);
}

TEST(RecordScanTest, NothingOfABatchWithABrokenMemberIsVisited) {
  const std::string good = Member(DraftPut("good", "1"), 100);
  std::string damaged = Member(DraftPut("bad", "2"), 101);
  damaged.back() ^= 1;
  ExpectNothingOf(good + damaged);
  ExpectNothingOf(good + Member(DraftPut("of another segment", "2"), 101, kHeader.segment_id + 1));
  ExpectNothingOf(good + std::string(20, '\0'));
  ExpectNothingOf(good + Member(DraftBatch(Member(DraftPut("inner", "2"), 101)), 101));
}

// The member's bytes go on after the batch and are whole there, but it still is no member.
TEST(RecordScanTest, NothingOfABatchWhoseMemberRunsPastItIsVisited) {
  const std::string good = Member(DraftPut("good", "1"), 100);
  const std::string long_member = Member(DraftPut("long", "value"), 101);
  SegmentBuilder builder(kHeader);
  const std::uint64_t batch = builder.Add(DraftBatch(good + long_member.substr(0, long_member.size() - 2)), 100);
  builder.AddBytes(long_member.substr(long_member.size() - 2));
  const Scanned scanned = ScanAll(*builder.Build());
  EXPECT_THAT(scanned.visited, IsEmpty());
  EXPECT_EQ(scanned.end, batch);
}

TEST(RecordScanTest, AnEmptyBatchIsWholeAndVisitsNothing) {
  SegmentBuilder builder(kHeader);
  builder.Add(DraftBatch(""), 100);
  const Scanned scanned = ScanAll(*builder.Build());
  EXPECT_THAT(scanned.visited, IsEmpty());
  EXPECT_EQ(scanned.end, builder.bytes().size());
}

}  // namespace
}  // namespace kvs::log
