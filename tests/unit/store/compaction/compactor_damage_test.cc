// Promised: a compaction never makes a changed byte look right. It reports the damage and leaves the segment as it is,
// or drops the record that has it because nothing needs that record. The tests change one byte of each part of a record
// that is needed, dead, or a tombstone, and look at every key afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/file_names.h"
#include "log/record_scan.h"
#include "log/segment.h"
#include "store/store.h"
#include "support/temporary_directory.h"

namespace kvs::store {
namespace {

constexpr int kKeys = 900;
constexpr std::string_view kPrefix = "key";
constexpr std::uint64_t kFirstSegment = 1;

enum class Of { kNeeded, kDead, kTombstone };
enum class Part { kLength, kKey, kValue };

struct Damage {
  std::string name;
  Of of;
  Part part;
  bool is_reported;
  bool is_reopened = false;  // Before the compaction. What is dead is not known then.
};

class CompactorDamageTest : public testing::TestWithParam<Damage> {
 protected:
  // Every third key is overwritten, and every third one removed, so the first segment has records of each kind.
  void SetUp() override {
    Open();
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_TRUE(store_->Set(KeyOf(i), OldValueOf(i)));
      if (i % 3 == 2) continue;
      ASSERT_TRUE(i % 3 == 0 ? store_->Set(KeyOf(i), NewValueOf(i)) : Status(store_->Remove(KeyOf(i))));
    }
    for (int i = 0; i < 3'000; ++i) ASSERT_TRUE(store_->Set("later" + std::to_string(i), std::string(500, 'l')));
    if (!GetParam().is_reopened) return;
    store_.reset();
    Open();
  }

  void Open() {
    KvStoreOptions options;
    options.sync = SyncPolicy::kNone;
    options.segment_bytes = std::uint64_t{1} << 20;
    options.garbage_ratio_max = 0.9;
    store_ = *Store::Open(io::PosixFileSystem(), directory_.path(), options);
  }

  static std::string KeyOf(int i) { return std::string(kPrefix) + std::to_string(i); }
  static std::string OldValueOf(int i) { return std::string(400, 'o') + std::to_string(i); }
  static std::string NewValueOf(int i) { return std::string(400, 'n') + std::to_string(i); }
  static std::optional<std::string> Expected(int i) {
    if (i % 3 == 1) return std::nullopt;
    return i % 3 == 0 ? NewValueOf(i) : OldValueOf(i);
  }

  std::filesystem::path FirstSegmentPath() const { return log::SegmentPath(directory_.path(), kFirstSegment); }

  // The record in the middle of those of this kind.
  static log::RecordSummary Find(const log::Segment& segment, Of of) {
    std::vector<log::RecordSummary> found;
    log::ScanRecords(segment, log::kSegmentHeaderBytes, segment.readable_bytes(),
                     [&](const log::RecordSummary& record) {
                       if (record.key.starts_with(kPrefix) && KindOf(segment, record) == of) found.push_back(record);
                     });
    return found.at(found.size() / 2);
  }
  static Of KindOf(const log::Segment& segment, const log::RecordSummary& record) {
    if (record.type == log::RecordType::kTombstone) return Of::kTombstone;
    return segment.Read(record.offset)->value == Expected(NumberOf(record.key)) ? Of::kNeeded : Of::kDead;
  }
  static int NumberOf(std::string_view key) { return std::stoi(std::string(key.substr(kPrefix.size()))); }

  // Returns the number of the key.
  int ChangeByte() {
    const auto segment = *log::Segment::Open(io::PosixFileSystem(), directory_.path(), kFirstSegment);
    const log::RecordSummary record = Find(*segment, GetParam().of);
    const std::uint64_t key = segment->OffsetOf(record.key.data());
    std::uint64_t at = record.offset + log::kRecordChecksumBytes + 1;
    if (GetParam().part == Part::kKey) at = key + record.key.size() - 1;
    if (GetParam().part == Part::kValue) at = key + record.key.size() + 100;
    const int number = NumberOf(record.key);
    const char changed = static_cast<char>(segment->BytesFrom(at).front() ^ 1);
    std::fstream file(FirstSegmentPath(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at)).put(changed).flush();
    return number;
  }

  const test::TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_P(CompactorDamageTest, AChangedByteIsNeverCopied) {
  ASSERT_TRUE(std::filesystem::exists(FirstSegmentPath()));
  const int damaged_key = ChangeByte();
  const Status compacted = store_->Compact();
  EXPECT_EQ(compacted.has_value(), !GetParam().is_reported);
  EXPECT_TRUE(compacted || compacted.error().code == ErrorCode::kCorruption) << compacted.error().ToString();
  EXPECT_EQ(std::filesystem::exists(FirstSegmentPath()), GetParam().is_reported);
  EXPECT_TRUE(store_->Compact()) << "the damaged segment was tried again";
  for (int i = 0; i < kKeys; ++i) {
    const auto value = store_->Get(KeyOf(i));
    if (!value) {
      EXPECT_EQ(i, damaged_key);
      EXPECT_EQ(GetParam().of, Of::kNeeded);
    } else {
      EXPECT_EQ(*value, Expected(i)) << KeyOf(i);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(EachPart, CompactorDamageTest,
                         testing::Values(Damage{"NeededLength", Of::kNeeded, Part::kLength, true},
                                         Damage{"NeededKey", Of::kNeeded, Part::kKey, true},
                                         Damage{"NeededValue", Of::kNeeded, Part::kValue, true},
                                         Damage{"DeadLength", Of::kDead, Part::kLength, true},
                                         Damage{"DeadKey", Of::kDead, Part::kKey, false},
                                         Damage{"DeadValue", Of::kDead, Part::kValue, false},
                                         Damage{"TombstoneLength", Of::kTombstone, Part::kLength, true},
                                         Damage{"TombstoneKey", Of::kTombstone, Part::kKey, true},
                                         Damage{"NeededKeyReopened", Of::kNeeded, Part::kKey, true, true},
                                         Damage{"DeadKeyReopened", Of::kDead, Part::kKey, true, true}),
                         [](const auto& damage) { return damage.param.name; });

}  // namespace
}  // namespace kvs::store
