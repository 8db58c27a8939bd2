// Promised: a segment's header decodes to the encoded values, and any changed bit is noticed: in the fields by their
// checksum, in the synced mark by its own. The tests flip every one of those bits.
#include "log/segment_header.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>

#include "base/coding.h"
#include "base/hash.h"
#include "support/exact_block.h"

namespace kvs::log {
namespace {

constexpr SegmentHeader kHeader{.segment_id = 9, .base_sequence = 1'000, .created_sequence = 2'000};

std::string Encoded() {
  std::string bytes(kSegmentHeaderBytes, '\xee');
  EncodeSegmentHeader(bytes.data(), kHeader);
  return bytes;
}

Result<SegmentHeader> Decode(std::string_view bytes) {
  const test::ExactBlock block(bytes);
  return DecodeSegmentHeader(block.view());
}

TEST(SegmentHeaderTest, ComesBackAsItWasWritten) {
  const auto header = Decode(Encoded());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->segment_id, kHeader.segment_id);
  EXPECT_EQ(header->base_sequence, kHeader.base_sequence);
  EXPECT_EQ(header->created_sequence, kHeader.created_sequence);
}

TEST(SegmentHeaderTest, BeginsWithASyncedMarkOfNothing) {
  const std::string bytes = Encoded();
  EXPECT_EQ(*DecodeSyncedMark(base::GetFixed64(bytes.data() + kSyncedMarkOffset), kHeader.segment_id), 0U);
}

TEST(SegmentHeaderTest, EveryFlippedBitBeforeTheMarkIsNoticed) {
  for (std::size_t bit = 0; bit < kSyncedMarkOffset * 8; ++bit) {
    std::string bytes = Encoded();
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    const auto header = Decode(bytes);
    ASSERT_FALSE(header) << "bit " << bit;
    EXPECT_EQ(header.error().code, ErrorCode::kCorruption) << "bit " << bit;
  }
}

TEST(SegmentHeaderTest, EveryCutIsNoticed) {
  for (std::size_t bytes = 0; bytes < kSegmentHeaderBytes; ++bytes) {
    EXPECT_FALSE(Decode(std::string_view(Encoded()).substr(0, bytes))) << bytes;
  }
}

TEST(SegmentHeaderTest, AWholeHeaderOfALaterFormatIsUnsupportedNotCorrupt) {
  std::string bytes = Encoded();
  base::PutFixed32(bytes.data() + 8, kSegmentVersion + 1);
  base::PutFixed32(bytes.data() + 12, base::Checksum32({bytes.data() + 16, 32}, base::Hash64({bytes.data(), 12})));
  const auto header = Decode(bytes);
  ASSERT_FALSE(header);
  EXPECT_EQ(header.error().code, ErrorCode::kUnsupported);
}

TEST(SyncedMarkTest, ComesBackAsItWasWritten) {
  for (const std::uint64_t bytes :
       std::array<std::uint64_t, 4>{0, 64, 1 << 30, std::numeric_limits<std::uint32_t>::max()}) {
    EXPECT_EQ(*DecodeSyncedMark(EncodeSyncedMark(bytes, 5), 5), bytes);
  }
}

TEST(SyncedMarkTest, EveryFlippedBitIsNoticed) {
  const std::uint64_t word = EncodeSyncedMark(123'456, 5);
  for (unsigned bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(DecodeSyncedMark(word ^ std::uint64_t{1} << bit, 5)) << "bit " << bit;
  }
}

TEST(CacheIdentityTest, EveryFlippedBitIsNoticed) {
  const std::uint64_t word = EncodeCacheIdentity(0x123456789abcdef0, 5);
  EXPECT_TRUE(IsCacheIdentity(word, 5));
  EXPECT_FALSE(IsCacheIdentity(word, 6));
  EXPECT_TRUE(IsCacheIdentity(EncodeCacheIdentity(0, 5), 5));
  for (unsigned bit = 0; bit < 64; ++bit) {
    EXPECT_FALSE(IsCacheIdentity(word ^ std::uint64_t{1} << bit, 5)) << "bit " << bit;
  }
}

TEST(SyncedMarkTest, TheMarkOfAnotherSegmentAndZeroesAreNoticed) {
  EXPECT_FALSE(DecodeSyncedMark(EncodeSyncedMark(123'456, 5), 6));
  EXPECT_FALSE(DecodeSyncedMark(0, 5));
}

}  // namespace
}  // namespace kvs::log
