// Promised: the manifest is read as it was written, or is refused: any changed byte, any cut, any order of segments
// that no store writes. The tests change and cut every byte, and forge contents with a right checksum.
#include "log/manifest.h"

#include <gtest/gtest.h>

#include <string>

#include "base/coding.h"
#include "base/hash.h"
#include "support/exact_block.h"

namespace kvs::log {
namespace {

Manifest Varied() {
  return {.next_segment_id = 12,
          .sequence = 1'000'000,
          .segments = {{.segment_id = 3, .sealed_bytes = 4'096},
                       {.segment_id = 7, .sealed_bytes = 64},
                       {.segment_id = 11, .sealed_bytes = 0}}};
}

Result<Manifest> Decode(std::string_view bytes) {
  const test::ExactBlock block(bytes);
  return DecodeManifest(block.view());
}

std::string WithRightChecksum(std::string bytes) {
  base::PutFixed32(bytes.data() + 12, base::Checksum32(std::string_view(bytes).substr(16)));
  return bytes;
}

TEST(ManifestTest, ComesBackAsItWasWritten) {
  EXPECT_EQ(*Decode(EncodeManifest(Varied())), Varied());
  EXPECT_EQ(*Decode(EncodeManifest(Manifest())), Manifest());
}

TEST(ManifestTest, EveryChangedByteIsRefused) {
  const std::string bytes = EncodeManifest(Varied());
  for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string damaged = bytes;
      damaged[byte] = static_cast<char>(damaged[byte] ^ change);
      EXPECT_FALSE(Decode(damaged)) << byte;
    }
  }
}

TEST(ManifestTest, EveryCutAndEveryAppendixIsRefused) {
  const std::string bytes = EncodeManifest(Varied());
  for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
    EXPECT_EQ(Decode(std::string_view(bytes).substr(0, kept)).error().code, ErrorCode::kCorruption) << kept;
  }
  EXPECT_FALSE(Decode(bytes + '\0'));
  EXPECT_FALSE(Decode(WithRightChecksum(bytes + '\0')));
  EXPECT_FALSE(Decode(WithRightChecksum(bytes.substr(0, bytes.size() - 1))));
  EXPECT_FALSE(Decode(WithRightChecksum(bytes + std::string(kManifestEntryBytes, '\0'))));
}

TEST(ManifestTest, ALaterFormatIsUnsupportedNotCorrupt) {
  std::string bytes = EncodeManifest(Varied());
  base::PutFixed32(bytes.data() + 8, kManifestVersion + 1);
  const std::uint64_t seed = base::Hash64(std::string_view(bytes).substr(0, 12));
  base::PutFixed32(bytes.data() + 12, base::Checksum32(std::string_view(bytes).substr(16), seed));
  EXPECT_EQ(Decode(bytes).error().code, ErrorCode::kUnsupported);
}

TEST(ManifestTest, ADamagedVersionIsCorruption) {
  for (unsigned bit = 0; bit < 32; ++bit) {
    std::string bytes = EncodeManifest(Varied());
    bytes[8 + bit / 8] = static_cast<char>(bytes[8 + bit / 8] ^ 1 << bit % 8);
    EXPECT_EQ(Decode(bytes).error().code, ErrorCode::kCorruption) << "bit " << bit;
  }
}

TEST(ManifestTest, IdsThatDoNotRiseOrWereNeverGivenOutAreRefused) {
  Manifest twice = Varied();
  twice.segments[1].segment_id = 3;
  EXPECT_FALSE(Decode(EncodeManifest(twice)));
  Manifest falling = Varied();
  falling.segments[1].segment_id = 2;
  EXPECT_FALSE(Decode(EncodeManifest(falling)));
  Manifest future = Varied();
  future.segments[2].segment_id = future.next_segment_id;
  EXPECT_FALSE(Decode(EncodeManifest(future)));
}

TEST(ManifestTest, ACountThatOverflowsIsRefused) {
  std::string bytes = EncodeManifest(Varied());
  base::PutFixed64(bytes.data() + 32, std::uint64_t{1} << 60);
  EXPECT_FALSE(Decode(WithRightChecksum(bytes)));
}

TEST(ManifestTest, KeepsItsSegmentsByRisingId) {
  Manifest manifest{.next_segment_id = 10, .sequence = 0, .segments = {}};
  for (const std::uint64_t id : {5U, 2U, 9U}) manifest.Add({.segment_id = id, .sealed_bytes = id * 100});
  EXPECT_EQ(*Decode(EncodeManifest(manifest)), manifest);
  EXPECT_EQ(manifest.Find(9)->sealed_bytes, 900U);
  EXPECT_EQ(manifest.Find(3), nullptr);
  manifest.Remove(5);
  manifest.Remove(6);
  EXPECT_EQ(manifest.segments.size(), 2U);
  EXPECT_EQ(manifest.Find(5), nullptr);
}

TEST(ManifestDeathTest, AddingASegmentTwiceIsABug) {
  Manifest manifest = Varied();
  EXPECT_DEATH(manifest.Add({.segment_id = 7, .sealed_bytes = 0}), "segment_id");
}

}  // namespace
}  // namespace kvs::log
