// Promised: a hint file says of its segment exactly the same as a scan of the segment, or is refused: any changed byte,
// any cut, any other segment. The tests compare with the scan, change every byte, cut at every byte, and swap segments.
#include "log/hint_file.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/coding.h"
#include "base/hash.h"
#include "support/exact_block.h"
#include "unit/log/segment_builder.h"

namespace kvs::log {
namespace {

constexpr SegmentHeader kHeader{.segment_id = 3, .base_sequence = 100, .created_sequence = 100};

// Puts, a tombstone, a batch between them (so there are gaps), the empty key, and sequences that go back and forth.
SegmentBuilder VariedSegment(const SegmentHeader& header = kHeader) {
  SegmentBuilder builder(header);
  builder.Add(DraftPut("a", std::string(200, 'v')), 100);
  const std::string members =
      Encode(DraftPut("in a batch", "1"), header.segment_id, 1) + Encode(DraftTombstone("a"), header.segment_id, 2);
  builder.Add(DraftBatch(members), 101);
  builder.Add(DraftPut("", ""), 5'000'000'000);
  builder.Add(DraftTombstone(std::string(300, 'k')), 103);
  return builder;
}

struct Line {
  explicit Line(const RecordSummary& record)
      : type(record.type), offset(record.offset), bytes(record.bytes), sequence(record.sequence), key(record.key) {}
  bool operator==(const Line&) const = default;

  RecordType type;
  std::uint64_t offset;
  std::uint64_t bytes;
  std::uint64_t sequence;
  std::string key;
};

bool Decodes(std::string_view bytes, const Segment& segment) {
  const test::ExactBlock block(bytes);
  return DecodeHint(block.view(), segment).has_value();
}

// A hint whose header and checksum are right for the segment, for any entries.
std::string Forge(const Segment& segment, std::string_view entries, std::uint64_t records) {
  std::string bytes = *EncodeHint(segment);
  bytes.resize(kHintHeaderBytes);
  bytes.append(entries);
  base::PutFixed64(bytes.data() + 40, records);
  base::PutFixed32(bytes.data() + 12, base::Checksum32(std::string_view(bytes).substr(16)));
  return bytes;
}

TEST(HintFileTest, HasTheRecordsThatAScanOfTheSegmentFinds) {
  const auto segment = VariedSegment().Build();
  std::vector<Line> scanned;
  ScanRecords(*segment, kSegmentHeaderBytes, segment->readable_bytes(),
              [&](const RecordSummary& record) { scanned.emplace_back(record); });
  const test::ExactBlock hint(*EncodeHint(*segment));
  const auto entries = DecodeHint(hint.view(), *segment);
  ASSERT_TRUE(entries) << entries.error().ToString();
  EXPECT_EQ(std::vector<Line>(entries->begin(), entries->end()), scanned);
  EXPECT_EQ(scanned.size(), 5U);
}

TEST(HintFileTest, AnEmptySegmentHasAnEmptyHint) {
  const auto segment = SegmentBuilder(kHeader).Build();
  const std::string hint = *EncodeHint(*segment);
  EXPECT_EQ(hint.size(), kHintHeaderBytes);
  EXPECT_TRUE(DecodeHint(hint, *segment)->empty());
}

TEST(HintFileTest, EveryChangedByteIsRefused) {
  const auto segment = VariedSegment().Build();
  const std::string hint = *EncodeHint(*segment);
  for (std::size_t byte = 0; byte < hint.size(); ++byte) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string damaged = hint;
      damaged[byte] = static_cast<char>(damaged[byte] ^ change);
      EXPECT_FALSE(Decodes(damaged, *segment)) << byte;
    }
  }
}

TEST(HintFileTest, EveryCutAndEveryAppendixIsRefused) {
  const auto segment = VariedSegment().Build();
  const std::string hint = *EncodeHint(*segment);
  for (std::size_t bytes = 0; bytes < hint.size(); ++bytes) {
    EXPECT_FALSE(Decodes(std::string_view(hint).substr(0, bytes), *segment)) << bytes;
  }
  EXPECT_FALSE(Decodes(hint + '\0', *segment));
}

TEST(HintFileTest, TheHintOfAnotherSegmentIsRefused) {
  const std::string hint = *EncodeHint(*VariedSegment().Build());
  const auto other = VariedSegment({.segment_id = 4, .base_sequence = 100, .created_sequence = 100}).Build();
  EXPECT_FALSE(Decodes(hint, *other));
}

TEST(HintFileTest, TheHintOfOtherRecordsIsRefused) {
  const auto segment_of = [](std::string_view first, std::string_view last, std::uint64_t base_sequence) {
    SegmentBuilder builder({.segment_id = 3, .base_sequence = base_sequence, .created_sequence = 100});
    builder.Add(DraftPut(first, std::string(9'000, 'v')), base_sequence);
    builder.Add(DraftPut(last, std::string(9'000, 'v')), base_sequence + 1);
    return builder.Build();
  };
  const std::string hint = *EncodeHint(*segment_of("a", "b", 100));
  EXPECT_TRUE(Decodes(hint, *segment_of("a", "b", 100)));
  EXPECT_FALSE(Decodes(hint, *segment_of("x", "b", 100)));
  EXPECT_FALSE(Decodes(hint, *segment_of("a", "b", 99)));
  SegmentBuilder removed({.segment_id = 3, .base_sequence = 100, .created_sequence = 100});
  removed.Add(DraftPut("a", std::string(18'000, 'v')), 100);
  SegmentBuilder put = removed;
  removed.Add(DraftTombstone("bb"), 101);
  put.Add(DraftPut("b", "b"), 101);
  EXPECT_TRUE(Decodes(*EncodeHint(*put.Build()), *put.Build()));
  EXPECT_FALSE(Decodes(*EncodeHint(*removed.Build()), *put.Build()));
}

TEST(HintFileTest, TheHintOfAShorterOrLongerFileIsRefused) {
  const std::string hint = *EncodeHint(*VariedSegment().Build());
  SegmentBuilder longer = VariedSegment();
  longer.Add(DraftPut("one more", ""), 104);
  EXPECT_FALSE(Decodes(hint, *longer.Build()));
}

TEST(HintFileTest, NoHintIsMadeOfASegmentWithABadRecord) {
  SegmentBuilder builder = VariedSegment();
  builder.bytes().back() ^= 1;
  const auto hint = EncodeHint(*builder.Build());
  ASSERT_FALSE(hint);
  EXPECT_EQ(hint.error().code, ErrorCode::kCorruption);
}

// --- Hints that are made without reading the values ---

// What the writer of VariedSegment() would have noted.
HintOutline OutlineOfVariedSegment() {
  const std::vector<RecordDraft> members{DraftPut("in a batch", "1"), DraftTombstone("a")};
  const std::string value(200, 'v');
  const std::string long_key(300, 'k');
  HintOutline outline;
  const auto add = [&](const RecordDraft& draft, std::uint64_t delta) {
    outline.Add(draft, RecordBytes(draft, delta), delta);
  };
  add(DraftPut("a", value), 0);
  outline.AddBatch(members, BatchBytes(members, 1), 1);
  add(DraftPut("", ""), 4'999'999'900);
  add(DraftTombstone(long_key), 3);
  return outline;
}

TEST(HintFileTest, TheOutlineGivesTheHintOfAScan) {
  const auto segment = VariedSegment().Build();
  EXPECT_EQ(*EncodeHint(*segment, OutlineOfVariedSegment()), *EncodeHint(*segment));
}

// Some bytes are those of values, and do not matter. The others change what a hint says.
TEST(HintFileTest, NoChangedByteGivesAnOutlineAWrongHint) {
  const std::string good = EncodeHint(*VariedSegment().Build())->substr(kHintHeaderBytes);
  const HintOutline outline = OutlineOfVariedSegment();
  int hints = 0;
  int refused = 0;
  for (std::size_t at = kSegmentHeaderBytes; at < VariedSegment().bytes().size(); ++at) {
    SegmentBuilder changed = VariedSegment();
    changed.bytes()[at] ^= 0x10;
    const auto hint = EncodeHint(*changed.Build(), outline);
    ++(hint ? hints : refused);
    EXPECT_TRUE(!hint || hint->substr(kHintHeaderBytes) == good) << at;
  }
  EXPECT_GE(hints, 201) << "a byte of a value was read";
  EXPECT_GE(refused, 300) << "a byte of a key was not read";
}

TEST(HintFileTest, BytesAfterTheOutlineAreFound) {
  SegmentBuilder longer = VariedSegment();
  longer.AddBytes("junk");
  EXPECT_FALSE(EncodeHint(*longer.Build(), OutlineOfVariedSegment()));
}

TEST(HintFileTest, AnIncompleteOutlineHasTheValuesRead) {
  HintOutline outline = OutlineOfVariedSegment();
  outline.NoteUnknownRecords();
  EXPECT_EQ(*EncodeHint(*VariedSegment().Build(), outline), *EncodeHint(*VariedSegment().Build()));
  SegmentBuilder changed = VariedSegment();
  changed.bytes()[kSegmentHeaderBytes + 100] ^= 1;
  EXPECT_TRUE(EncodeHint(*changed.Build(), OutlineOfVariedSegment()));
  EXPECT_FALSE(EncodeHint(*changed.Build(), outline));
}

// --- Hints that carry the right checksum over wrong entries ---

TEST(HintFileTest, EntriesOutsideOfTheSegmentAreRefused) {
  const auto segment = VariedSegment().Build();
  const auto entry = [](std::uint64_t gap, std::uint64_t record_bytes) {
    std::string bytes_of_entry(1, '\x01');
    for (const std::uint64_t number : {gap, record_bytes, std::uint64_t{0}, std::uint64_t{0}}) {
      char varint[base::kVarint64BytesMax];
      bytes_of_entry.append(varint, base::PutVarint(varint, number));
    }
    return bytes_of_entry;
  };
  const std::uint64_t room = segment->readable_bytes() - kSegmentHeaderBytes;
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  EXPECT_TRUE(Decodes(Forge(*segment, entry(1, room - 1), 1), *segment));
  EXPECT_FALSE(Decodes(Forge(*segment, entry(1, room), 1), *segment));
  EXPECT_FALSE(Decodes(Forge(*segment, entry(room + 1, 0), 1), *segment));
  EXPECT_FALSE(Decodes(Forge(*segment, entry(kMax, kMax), 1), *segment));
  EXPECT_FALSE(Decodes(Forge(*segment, entry(0, room) + entry(0, 1), 2), *segment));
}

TEST(HintFileTest, EntriesOfNoKnownFormAreRefused) {
  const auto segment = VariedSegment().Build();
  const std::string good("\x01\x00\x08\x00\x00", 5);
  EXPECT_TRUE(Decodes(Forge(*segment, good, 1), *segment));
  EXPECT_FALSE(Decodes(Forge(*segment, good, 2), *segment)) << "one entry too few";
  EXPECT_FALSE(Decodes(Forge(*segment, good, 0), *segment)) << "one entry too many";
  for (std::size_t bytes = 1; bytes < good.size(); ++bytes) {
    EXPECT_FALSE(Decodes(Forge(*segment, good.substr(0, bytes), 1), *segment)) << bytes;
  }
  for (const char type : {'\x00', '\x03', '\x11'}) {
    EXPECT_FALSE(Decodes(Forge(*segment, type + good.substr(1), 1), *segment));
  }
  EXPECT_FALSE(Decodes(Forge(*segment, std::string("\x01\x00\x08\x00\x01", 5), 1), *segment)) << "the key is missing";
}

}  // namespace
}  // namespace kvs::log
