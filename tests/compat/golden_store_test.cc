// Promised: each format stays readable for good. A store that an older build wrote opens with all its pairs, and
// today's build writes the same bytes. The tests open a copy of each golden store and compare every pair and every
// file. They pin the encodings of a record, a header, a hint and a manifest byte by byte.
#include "compat/golden_store.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <string>

#include "kvs/inspect.h"
#include "kvs/kv_store.h"
#include "log/clock_file.h"
#include "support/temporary_directory.h"

namespace kvs::compat {
namespace {

std::filesystem::path GoldenOf(std::uint32_t version) {
  return std::filesystem::path(KVS_COMPAT_DIRECTORY) / ("v" + std::to_string(version)) / "data" / "store";
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    hex += digits;
  }
  return hex;
}

std::string ReadFile(const std::filesystem::path& path) { return *io::PosixFileSystem().ReadFile(path, 1 << 20); }

// Work on the golden files themselves would change them.
class GoldenStoreTest : public testing::TestWithParam<std::uint32_t> {
 protected:
  GoldenStoreTest() : copy_(directory_.path() / "store") { std::filesystem::copy(GoldenOf(GetParam()), copy_); }

  const test::TemporaryDirectory directory_;
  const std::filesystem::path copy_;
};

std::map<std::string, std::string> AllPairs(KvStore& store) {
  std::map<std::string, std::string> pairs;
  EXPECT_TRUE(store.Scan({}, [&](std::string_view key, std::string_view value) {
    pairs.emplace(key, value);
    return true;
  }));
  return pairs;
}

TEST_P(GoldenStoreTest, OpensWithEverythingThatWasWritten) {
  const auto store = KvStore::Open(copy_);
  ASSERT_TRUE(store) << store.error().ToString();
  EXPECT_EQ(AllPairs(**store), GoldenPairs());
  for (const auto& [key, value] : GoldenPairs()) EXPECT_EQ(*(*store)->Get(key), value);
  for (const char* key : {"gone", "moved twice", "never there"}) EXPECT_EQ(*(*store)->Get(key), std::nullopt);
  // Hint files of format 1 tell of no expiry.
  EXPECT_EQ((*store)->open_report().segments_from_hints, GetParam() == 1 ? 0U : 1U);
  EXPECT_EQ((*store)->open_report().records, 14U);
  EXPECT_EQ((*store)->open_report().torn_tail_bytes, 0U);
}

TEST_P(GoldenStoreTest, CanBeWrittenCompactedAndOpenedAgain) {
  auto expected = GoldenPairs();
  {
    const auto store = *KvStore::Open(copy_);
    ASSERT_TRUE(store->Set("alpha", "third"));
    ASSERT_TRUE(store->Remove("last"));
    ASSERT_TRUE(store->Compact());
  }
  expected["alpha"] = "third";
  expected.erase("last");
  EXPECT_EQ(AllPairs(**KvStore::Open(copy_)), expected);
}

TEST_P(GoldenStoreTest, KeepsItsExpiriesThroughCompaction) {
  {
    const auto store = *KvStore::Open(copy_);
    ASSERT_TRUE(store->Set("long value", "short"));  // Makes garbage in the segment with the expiry.
    ASSERT_TRUE(store->Compact());
  }
  std::uint64_t expiries = 0;
  const StoreInspection inspection = *InspectStore(copy_);
  for (const SegmentInspection& segment : inspection.segments) {
    EXPECT_TRUE(VisitRecords(copy_, segment.id, [&](const RecordInspection& record) {
      if (record.expiry_ms == 0) return true;
      EXPECT_EQ(record.key, "expires");
      EXPECT_EQ(record.expiry_ms, kGoldenExpiryMs);
      ++expiries;
      return true;
    }));
  }
  EXPECT_EQ(expiries, 1U);
}

TEST_P(GoldenStoreTest, HasNoDamage) {
  const auto report = VerifyStore(copy_, [](const Error& damage) { ADD_FAILURE() << damage.ToString(); });
  ASSERT_TRUE(report) << report.error().ToString();
  EXPECT_EQ(report->records, 14U);
  EXPECT_EQ(report->torn_tail_bytes, 0U);
}

TEST_P(GoldenStoreTest, TodaysBuildWritesTheSameBytes) {
  const std::filesystem::path fresh = directory_.path() / "fresh";
  ASSERT_TRUE(io::PosixFileSystem().CreateDirectories(fresh));
  WriteGoldenStore(fresh, GetParam());
  for (const std::string& name : GoldenFiles()) {
    if (GetParam() == 1 && name.ends_with(".hint")) continue;  // Hint files have a format of their own by now.
    EXPECT_EQ(Hex(ReadFile(fresh / name)), Hex(ReadFile(GoldenOf(GetParam()) / name)));
  }
}

INSTANTIATE_TEST_SUITE_P(EveryFormat, GoldenStoreTest, testing::Values(1U, 2U),
                         [](const auto& version) { return "v" + std::to_string(version.param); });

// --- The encodings, byte by byte ---

std::string RecordHex(const log::RecordDraft& draft, std::uint64_t segment_id, std::uint64_t delta) {
  std::string bytes(log::RecordBytes(draft, delta), '\0');
  log::EncodeRecord(bytes.data(), draft, segment_id, delta);
  return Hex(bytes);
}

TEST(GoldenBytesTest, RecordsHaveThePinnedBytes) {
  EXPECT_EQ(RecordHex(log::DraftPut("key", "value"), 1, 5),
            "0d110087"
            "01"
            "03"
            "05"
            "05"
            "6b6579"
            "76616c7565");
  EXPECT_EQ(RecordHex(log::DraftPut("", ""), 1, 0),
            "a09e2c70"
            "01"
            "00"
            "00"
            "00");
  EXPECT_EQ(RecordHex(log::DraftPut("key", "value", kGoldenExpiryMs), 1, 300),
            "927ede5a"
            "11"
            "03"
            "05"
            "ac02"
            "00d8c32cbb030000"
            "6b6579"
            "76616c7565");
  EXPECT_EQ(RecordHex(log::DraftPut("key", "value", {kGoldenExpiryMs, ExpiryKind::kSpan}), 1, 300),
            "65b6f004"
            "31"
            "03"
            "05"
            "ac02"
            "00d8c32cbb030000"
            "6b6579"
            "76616c7565");
  EXPECT_EQ(RecordHex(log::DraftTombstone("key"), 2, 128),
            "de90356d"
            "02"
            "03"
            "00"
            "8001"
            "6b6579");
  EXPECT_EQ(RecordHex(log::DraftBatch("members"), 2, 7),
            "69be7981"
            "03"
            "00"
            "07"
            "07"
            "6d656d62657273");
}

TEST(GoldenBytesTest, SegmentHeaderAndMarkHaveThePinnedBytes) {
  std::string bytes(log::kSegmentHeaderBytes, '\xee');
  log::SegmentHeader header{.segment_id = 42, .base_sequence = 1'000, .created_sequence = 2'000, .version = 1};
  log::EncodeSegmentHeader(bytes.data(), header);
  EXPECT_EQ(Hex(bytes),
            "4b56532e5345470a"
            "01000000"
            "01148da2"
            "2a00000000000000"
            "e803000000000000"
            "d007000000000000"
            "0000000000000000"
            "00000000e589e3a8"
            "0000000000000000");
  header.version = 2;
  log::EncodeSegmentHeader(bytes.data(), header);
  EXPECT_EQ(Hex(bytes).substr(16, 16), "020000003db6b6e1");
  EXPECT_EQ(log::EncodeSyncedMark(4'096, 42), 0xa67148fb00001000U);
}

TEST(GoldenBytesTest, AManifestHasThePinnedBytes) {
  const log::Manifest manifest{
      .next_segment_id = 9,
      .sequence = 77,
      .segments = {{.segment_id = 3, .sealed_bytes = 4'096}, {.segment_id = 8, .sealed_bytes = 0}}};
  EXPECT_EQ(Hex(log::EncodeManifest(manifest)),
            "4b56532e4d414e0a"
            "01000000"
            "12f80570"
            "0900000000000000"
            "4d00000000000000"
            "0200000000000000"
            "0300000000000000"
            "0010000000000000"
            "0800000000000000"
            "0000000000000000");
}

TEST(GoldenBytesTest, AClockFileHasThePinnedBytes) {
  EXPECT_EQ(Hex(log::EncodeClockFile({.boot = 1, .anchor_ms = 2, .offset_ms = -3, .span_ms = 4})),
            "4b56532e434c4b0a"
            "01000000"
            "1f2317ed"
            "0100000000000000"
            "0200000000000000"
            "fdffffffffffffff"
            "0400000000000000");
}

TEST(GoldenBytesTest, AHintFileHasThePinnedBytes) {
  EXPECT_EQ(Hex(ReadFile(GoldenOf(2) / "000000000001.hint")),
            "4b56532e48494e0a"
            "02000000"
            "125ad5d5"
            "0100000000000000"
            "f34e000000000000"
            "9f371431e2616d4c"
            "0700000000000000"
            "0100120005616c706861"
            "01001a0104676f6e65"
            "0100150200"
            "010014030300ff0a"
            "11001e040700d8c32cbb03000065787069726573"
            "0100b49c01050a6c6f6e672076616c7565"
            "02000c0604676f6e65");
}

}  // namespace
}  // namespace kvs::compat
