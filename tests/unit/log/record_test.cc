// Promised: an encoded record decodes to the same. Any changed bit, any cut and any other segment is noticed, and
// nothing outside of the format's limits parses. The tests try sizes at the edges of the varint forms, flip every bit,
// cut at every byte, and decode from blocks of exactly the input's size.
#include "log/record.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "io/mapped/mapping.h"
#include "support/exact_block.h"
#include "support/test_seed.h"
#include "unit/log/segment_builder.h"

namespace kvs::log {
namespace {

using test::ExactBlock;

constexpr std::uint64_t kSegmentId = 7;

std::string Pattern(std::size_t bytes, unsigned seed) {
  std::string pattern(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) pattern[i] = static_cast<char>(i * 131 + seed);
  return pattern;
}

bool IsWholeRecord(std::string_view bytes, std::uint64_t segment_id) {
  const ExactBlock block(bytes);
  const auto record = DecodeRecord(block.begin(), block.end());
  return record && IsIntact(*record, segment_id);
}

std::vector<std::string> OneOfEachKind() {
  return {Encode(DraftPut("key", "value"), kSegmentId, 300), Encode(DraftPut("key", "value", 1'700), kSegmentId, 1),
          Encode(DraftPut("", ""), kSegmentId, 0), Encode(DraftTombstone("key"), kSegmentId, 5),
          Encode(DraftBatch(Encode(DraftPut("a", "b"), kSegmentId, 6)), kSegmentId, 6)};
}

void ExpectRoundTrip(const RecordDraft& draft, std::uint64_t delta) {
  const std::string bytes = Encode(draft, kSegmentId, delta);
  const ExactBlock block(bytes);
  const auto record = DecodeRecord(block.begin(), block.end());
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, draft.type);
  EXPECT_EQ(record->key, draft.key);
  EXPECT_EQ(record->value, draft.value);
  EXPECT_EQ(record->expiry_ms, draft.expiry_ms);
  EXPECT_EQ(record->sequence_delta, delta);
  EXPECT_EQ(record->bytes(), bytes.size());
  EXPECT_TRUE(IsIntact(*record, kSegmentId));
}

// --- Round trips ---

TEST(RecordTest, KeysAndValuesOfAllSizesComeBack) {
  for (const std::size_t key_bytes : {0U, 1U, 127U, 128U, 16'383U, 16'384U, 65'535U}) {
    for (const std::size_t value_bytes :
         {0U, 1U, 127U, 128U, 16'383U, 16'384U, 65'535U, 2'097'151U, 2'097'152U, 5'000'000U}) {
      const std::string key = Pattern(key_bytes, 1);
      const std::string value = Pattern(value_bytes, 2);
      ExpectRoundTrip(DraftPut(key, value), key_bytes);
    }
  }
}

TEST(RecordTest, SequencesAndExpiriesOfAllSizesComeBack) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t number : {std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128}, kMax / 2, kMax}) {
    ExpectRoundTrip(DraftPut("key", "value", number), number);
    ExpectRoundTrip(DraftTombstone("key"), number);
  }
  ExpectRoundTrip(DraftPut("key", "value"), 0);
}

TEST(RecordTest, ABatchCarriesItsMembersAsTheyAre) {
  const std::string member = Encode(DraftPut("key", "value"), kSegmentId, 9);
  ExpectRoundTrip(DraftBatch(member), 9);
  ExpectRoundTrip(DraftBatch(""), 9);
}

TEST(RecordTest, ABatchInPlaceIsTheBatchOfItsMembers) {
  const std::string long_value = Pattern(1'000, 3);
  // Their sequences pass from two bytes to three.
  const std::vector<RecordDraft> members{DraftPut("a", long_value), DraftTombstone("b"), DraftPut("", "", 1'700)};
  std::string apart;
  for (std::size_t i = 0; i < members.size(); ++i) apart += Encode(members[i], kSegmentId, 16'383 + i);
  const std::string expected = Encode(DraftBatch(apart), kSegmentId, 16'383);
  std::string in_place(BatchBytes(members, 16'383), '\0');
  EXPECT_EQ(EncodeBatch(in_place.data(), members, kSegmentId, 16'383), in_place.size());
  EXPECT_EQ(in_place, expected);
}

TEST(RecordTest, OnlyTheBytesOfTheRecordAreTaken) {
  const std::string bytes = Encode(DraftPut("key", "value"), kSegmentId, 1);
  const ExactBlock block(bytes + "what follows");
  EXPECT_EQ(DecodeRecord(block.begin(), block.end())->bytes(), bytes.size());
}

// --- Damage ---

TEST(RecordTest, EveryFlippedBitIsNoticed) {
  for (const std::string& record : OneOfEachKind()) {
    ASSERT_TRUE(IsWholeRecord(record, kSegmentId));
    for (std::size_t bit = 0; bit < record.size() * 8; ++bit) {
      std::string damaged = record;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      EXPECT_FALSE(IsWholeRecord(damaged, kSegmentId)) << "bit " << bit << " of " << record.size() * 8;
    }
  }
}

TEST(RecordTest, EveryCutIsNoticed) {
  for (const std::string& record : OneOfEachKind()) {
    for (std::size_t bytes = 0; bytes < record.size(); ++bytes) {
      const ExactBlock block(std::string_view(record).substr(0, bytes));
      EXPECT_FALSE(DecodeRecord(block.begin(), block.end())) << bytes << " bytes of " << record.size();
    }
  }
}

TEST(RecordTest, ARecordOfAnotherSegmentIsNoticed) {
  for (const std::string& record : OneOfEachKind()) {
    for (const std::uint64_t id : {std::uint64_t{0}, kSegmentId - 1, kSegmentId + 1, kSegmentId << 32}) {
      EXPECT_FALSE(IsWholeRecord(record, id)) << id;
    }
  }
}

TEST(RecordTest, ZeroesNeverParse) {
  for (std::size_t bytes = 0; bytes <= 64; ++bytes) {
    const ExactBlock block(std::string(bytes, '\0'));
    EXPECT_FALSE(DecodeRecord(block.begin(), block.end())) << bytes;
  }
}

// --- Limits ---

// A header as given, then `body_bytes` bytes that are not zero: enough for what the header claims.
bool Parses(std::uint8_t type, std::initializer_list<std::uint64_t> numbers, std::size_t body_bytes) {
  std::string bytes(kRecordChecksumBytes, '\0');
  bytes.push_back(static_cast<char>(type));
  for (const std::uint64_t number : numbers) {
    char varint[base::kVarint64BytesMax];
    bytes.append(varint, base::PutVarint(varint, number));
  }
  const ExactBlock block(bytes + std::string(body_bytes, '\1'));
  return DecodeRecord(block.begin(), block.end()).has_value();
}

TEST(RecordTest, OnlyTheThreeTypesAndTheExpiryFlagsParse) {
  for (unsigned type = 0; type < 256; ++type) {
    const unsigned flags = type & 0xf0;  // No span without an expiry.
    const bool is_known = (type & 0x0f) >= 1 && (type & 0x0f) <= 3 && (flags == 0 || flags == 0x10 || flags == 0x30);
    EXPECT_EQ(Parses(static_cast<std::uint8_t>(type), {0, 0, 0}, 8), is_known) << type;
  }
}

TEST(RecordTest, TheEndOfASpanComesBackAsOne) {
  const RecordDraft draft = DraftPut("key", "value", {1'234, ExpiryKind::kSpan});
  std::string bytes(RecordBytes(draft, 1), '\0');
  EncodeRecord(bytes.data(), draft, 7, 1);
  const auto record = DecodeRecord(bytes.data(), bytes.data() + bytes.size());
  ASSERT_TRUE(record && IsIntact(*record, 7));
  EXPECT_EQ(record->expiry_ms, 1'234U);
  EXPECT_EQ(record->expiry().kind(), ExpiryKind::kSpan);
}

TEST(RecordTest, AKeyOverTheLimitIsRefused) {
  EXPECT_TRUE(Parses(1, {kKeyBytesMax, 0, 0}, kKeyBytesMax));
  EXPECT_FALSE(Parses(1, {kKeyBytesMax + 1, 0, 0}, kKeyBytesMax + 1));
  EXPECT_FALSE(Parses(2, {kKeyBytesMax + 1, 0, 0}, kKeyBytesMax + 1));
}

TEST(RecordTest, ATombstoneWithAValueAndABatchWithAKeyAreRefused) {
  EXPECT_TRUE(Parses(2, {1, 0, 0}, 1));
  EXPECT_FALSE(Parses(2, {1, 1, 0}, 2));
  EXPECT_TRUE(Parses(3, {0, 1, 0}, 1));
  EXPECT_FALSE(Parses(3, {1, 1, 0}, 2));
}

TEST(RecordTest, AValueOverTheLimitIsRefused) {
  const io::Mapping memory = *io::Mapping::Anonymous(kValueBytesMax + 4096);
  const auto parses = [&](std::uint8_t type, std::uint64_t value_bytes) {
    memory.data()[kRecordChecksumBytes] = static_cast<char>(type);
    char* const key_bytes = memory.data() + kRecordChecksumBytes + 1;
    base::PutVarint(base::PutVarint(base::PutVarint(key_bytes, 0), value_bytes), 0);
    return DecodeRecord(memory.data(), memory.data() + memory.size()).has_value();
  };
  EXPECT_TRUE(parses(1, kValueBytesMax));
  EXPECT_FALSE(parses(1, kValueBytesMax + 1));
  EXPECT_TRUE(parses(3, kBatchBytesMax));
  EXPECT_FALSE(parses(3, kBatchBytesMax + 1));
}

// A fuzzer has found it: the record without the flag says the same.
TEST(RecordTest, AnExpiryOfZeroIsRefused) {
  const std::string before = std::string(4, '\0') + std::string("\x11\x01\x00\x00", 4);
  const auto parses = [&](char first_byte_of_expiry) {
    const ExactBlock block(before + first_byte_of_expiry + std::string(7, '\0') + "k");
    return DecodeRecord(block.begin(), block.end()).has_value();
  };
  EXPECT_TRUE(parses('\1'));
  EXPECT_FALSE(parses('\0'));
}

TEST(RecordTest, NumbersNotInTheirShortestFormAreRefused) {
  const std::string checksum(4, '\0');
  const auto parses = [&](const std::string& rest) {
    const ExactBlock block(checksum + rest);
    return DecodeRecord(block.begin(), block.end()).has_value();
  };
  EXPECT_TRUE(parses(std::string("\x01\x01\x00\x00k", 5)));
  EXPECT_FALSE(parses(std::string("\x01\x81\x00\x00\x00k", 6)));
  EXPECT_FALSE(parses(std::string("\x01\x01\x80\x00\x00k", 6)));
  EXPECT_FALSE(parses(std::string("\x01\x01\x00\x80\x00k", 6)));
}

TEST(RecordTest, NumbersOfMoreThanSixtyFourBitsAreRefused) {
  const auto parses = [](char tenth_byte) {
    const std::string sequence = std::string(9, '\xff') + tenth_byte;
    const ExactBlock block(std::string("\0\0\0\0\x01\x00\x00", 7) + sequence);
    return DecodeRecord(block.begin(), block.end()).has_value();
  };
  EXPECT_TRUE(parses('\x01'));
  EXPECT_FALSE(parses('\x02'));
  EXPECT_FALSE(parses('\x81'));
}

// Small pairs are decoded in a short way of their own, also if they are no records at all.
TEST(RecordTest, TheShortWayGivesTheAnswerOfTheLongOne) {
  base::Random random(test::TestSeed(20'261'121));
  int decoded = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string bytes = Encode(DraftPut(Pattern(random.Below(140), 1), Pattern(random.Below(140), 2)), kSegmentId,
                               random.Next() >> random.Below(64));
    for (std::uint64_t i = random.Below(3); i > 0; --i)
      bytes[random.Below(std::min<std::size_t>(14, bytes.size()))] = static_cast<char>(random.Next());
    if (random.OneIn(4)) bytes.resize(random.Below(bytes.size()));
    const auto record = DecodeRecord(bytes.data(), bytes.data() + bytes.size());
    const auto expected = DecodeAnyRecord(bytes.data(), bytes.data() + bytes.size());
    ASSERT_EQ(record.has_value(), expected.has_value()) << testing::PrintToString(bytes);
    if (!record) continue;
    ++decoded;
    ASSERT_EQ(record->type, expected->type);
    ASSERT_EQ(record->checksum, expected->checksum);
    ASSERT_EQ(record->sequence_delta, expected->sequence_delta) << testing::PrintToString(bytes);
    ASSERT_EQ(record->expiry_ms, expected->expiry_ms);
    ASSERT_EQ(record->header, expected->header);
    ASSERT_EQ(record->key, expected->key);
    ASSERT_EQ(record->value, expected->value);
  }
  EXPECT_GT(decoded, 50'000);
}

TEST(RecordTest, LengthsThatOverflowTheirSumAreRefused) {
  EXPECT_FALSE(Parses(1, {1, std::numeric_limits<std::uint64_t>::max(), 0}, 16));
  EXPECT_FALSE(Parses(1, {std::numeric_limits<std::uint64_t>::max(), 1, 0}, 16));
}

TEST(RecordDeathTest, TheWriterRefusesRecordsTheReaderWouldRefuse) {
  const std::string key(kKeyBytesMax + 1, 'k');
  std::string bytes(key.size() + kRecordHeaderBytesMax, '\0');
  EXPECT_DEATH(EncodeRecord(bytes.data(), DraftPut(key, ""), kSegmentId, 0), "LengthsFit");
}

}  // namespace
}  // namespace kvs::log
