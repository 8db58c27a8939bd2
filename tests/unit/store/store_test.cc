// The whole store, one operation after the other: limits and the first value above them, the answer of each call, the
// contents after reopening, and the disk use. Tests with many threads are in tests/concurrency, long random runs in
// tests/model.
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <map>
#include <string>

#include "base/random.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

class StoreTest : public StoreFixture {
 protected:
  void SetUp() override { Open(); }

  std::vector<std::string> KeysOf(const ScanRange& range) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : Scan(range)) keys.push_back(key);
    return keys;
  }

  Status SetAll(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      if (Status status = store_->Set(key, "v"); !status) return status;
    }
    return Ok();
  }
};

// --- Draws ---

TEST_F(StoreTest, EachKeyIsDrawnAboutAsOften) {
  std::vector<std::string> keys = {"", "a lonely key", "key:x", "zzz"};  // Far from the others, and between them.
  for (int i = 0; i < 2'000; ++i) keys.push_back("key:" + std::to_string(i));
  ASSERT_TRUE(IsOk(SetAll(keys)));
  base::Random random(1);
  std::map<std::string, int> draws;
  for (std::size_t i = 0; i < 20 * keys.size(); ++i) {
    const auto drawn = store_->RandomKey([&](std::uint64_t n) { return random.Below(n); });
    ASSERT_TRUE(drawn && *drawn);
    ++draws[**drawn];
  }
  EXPECT_EQ(draws.size(), keys.size());
  for (const auto& [key, count] : draws) {
    EXPECT_GT(count, 1) << key;
    EXPECT_LT(count, 60) << key;
  }
}

TEST_F(StoreTest, NoKeyIsDrawnThatIsNotThere) {
  base::Random random(2);
  const auto draw = [&] { return *store_->RandomKey([&](std::uint64_t n) { return random.Below(n); }); };
  EXPECT_EQ(draw(), std::nullopt);
  ASSERT_TRUE(IsOk(SetAll({"a", "b", "c"})));
  ASSERT_TRUE(IsOk(store_->Remove("a")));
  ASSERT_TRUE(IsOk(store_->Set("b", "v", 1)));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(draw(), "c");
}

// While the append lock is held, no expired pair is removed.
TEST_F(StoreTest, NothingIsDrawnIfAllHasExpired) {
  store_->set_expires_actively(false);
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(IsOk(store_->Set(key, "v", 1)));
  ASSERT_TRUE(IsOk(store_->Update("other", [&](std::optional<std::string_view>) {
    const auto drawn = std::async(std::launch::async, [&] {
                         base::Random random(3);
                         return store_->RandomKey([&](std::uint64_t n) { return random.Below(n); });
                       }).get();
    EXPECT_TRUE(drawn && !*drawn);
    return UpdateDecision::Keep();
  })));
}

// --- Points ---

TEST_F(StoreTest, AnUpdateIsAskedAgainUntilItsValueHasRoom) {
  std::size_t calls = 0;
  ASSERT_TRUE(IsOk(store_->Update("key", [&](std::optional<std::string_view>) -> UpdateDecision {
    calls = std::min<std::size_t>(calls + 1, 4);
    return std::string(calls * 1'000, 'v');
  })));
  EXPECT_EQ(calls, 4U);
  EXPECT_EQ(Get("key"), std::string(4'000, 'v'));
}

TEST_F(StoreTest, OnlyADamagedRecordRefusesAnOverwrite) {
  ASSERT_TRUE(IsOk(SetAll({"damaged key", "other"})));
  {
    std::fstream file(Files(".seg").front(), std::ios::in | std::ios::out | std::ios::binary);
    std::string bytes(4'096, '\0');
    file.read(bytes.data(), 4'096);
    file.seekp(static_cast<std::streamoff>(bytes.find("damaged key")));
    file.put('x').flush();
  }
  EXPECT_TRUE(Fails(store_->Set("damaged key", "new"), ErrorCode::kCorruption));
  EXPECT_TRUE(Get("damaged key").starts_with("(error) corruption"));
  EXPECT_TRUE(IsOk(store_->Set("other", "new")));
  EXPECT_EQ(Get("other"), "new");
}

TEST_F(StoreTest, KeysAndValuesMayBeEmptyOrAnyBytes) {
  const std::string bytes("\0\xff\n\0", 4);
  ASSERT_TRUE(IsOk(store_->Set("", "of the empty key")));
  ASSERT_TRUE(IsOk(store_->Set("empty", "")));
  ASSERT_TRUE(IsOk(store_->Set(bytes, bytes)));
  Open();
  EXPECT_EQ(Get(""), "of the empty key");
  EXPECT_EQ(Get("empty"), "");
  EXPECT_EQ(Get(bytes), bytes);
  EXPECT_EQ(Get("absent"), "(none)");
}

TEST_F(StoreTest, LengthsUpToTheLimitsAreTakenAndOneMoreIsRefused) {
  const std::string longest(kKeyBytesMax, 'k');
  EXPECT_TRUE(IsOk(store_->Set(longest, "value")));
  EXPECT_EQ(Get(longest), "value");
  EXPECT_TRUE(Fails(store_->Set(longest + "k", "value"), ErrorCode::kInvalidArgument));
  EXPECT_TRUE(Fails(store_->Remove(longest + "k"), ErrorCode::kInvalidArgument));
  const auto keep = [](std::optional<std::string_view>) { return UpdateDecision::Keep(); };
  EXPECT_TRUE(Fails(store_->Update(longest + "k", keep), ErrorCode::kInvalidArgument));
  EXPECT_EQ(Get(longest + "k"), "(none)");
  const std::string too_long(kValueBytesMax + 1, 'v');
  EXPECT_TRUE(Fails(store_->Set("key", too_long), ErrorCode::kInvalidArgument));
  EXPECT_EQ(Get("key"), "(none)");
}

TEST_F(StoreTest, RemovingAnAbsentKeyIsKeyNotFound) {
  EXPECT_TRUE(Fails(store_->Remove("key"), ErrorCode::kKeyNotFound));
  ASSERT_TRUE(IsOk(store_->Set("key", "value")));
  EXPECT_TRUE(IsOk(store_->Remove("key")));
  EXPECT_TRUE(Fails(store_->Remove("key"), ErrorCode::kKeyNotFound));
  Open();
  EXPECT_EQ(Get("key"), "(none)");
}

TEST_F(StoreTest, ReadShowsTheValueOrDoesNotCall) {
  ASSERT_TRUE(IsOk(store_->Set("key", "value")));
  std::string seen;
  const auto visit = [&](std::string_view value) { seen += value; };
  EXPECT_TRUE(*store_->Read("key", visit));
  EXPECT_FALSE(*store_->Read("absent", visit));
  EXPECT_EQ(seen, "value");
}

TEST_F(StoreTest, UpdateSeesTheValueAndAppliesTheDecision) {
  const auto append = [](std::optional<std::string_view> current) -> UpdateDecision {
    return current ? std::string(*current) + "+" : std::string("new");
  };
  ASSERT_TRUE(IsOk(store_->Update("key", append)));
  ASSERT_TRUE(IsOk(store_->Update("key", append)));
  EXPECT_EQ(Get("key"), "new+");
  ASSERT_TRUE(IsOk(store_->Update("key", [](auto) { return UpdateDecision::Keep(); })));
  EXPECT_EQ(Get("key"), "new+");
  const auto remove = [](std::optional<std::string_view>) { return UpdateDecision::Remove(); };
  ASSERT_TRUE(IsOk(store_->Update("key", remove)));
  EXPECT_EQ(Get("key"), "(none)");
  EXPECT_TRUE(IsOk(store_->Update("key", remove)));
  EXPECT_EQ(Get("key"), "(none)");
}

// --- Batches ---

TEST_F(StoreTest, TheLaterOperationOfABatchWins) {
  ASSERT_TRUE(IsOk(store_->Set("removed", "before")));
  ASSERT_TRUE(IsOk(store_->Set("kept", "before")));
  WriteBatch batch;
  batch.Set("twice", "first");
  batch.Set("twice", "second");
  batch.Set("gone", "for a moment");
  batch.Remove("gone");
  batch.Remove("removed");
  batch.Remove("kept");
  batch.Set("kept", "after");
  batch.Remove("was never there");
  ASSERT_TRUE(IsOk(store_->Write(batch)));
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(Scan({}), ElementsAre(Pair("kept", "after"), Pair("twice", "second")));
    EXPECT_EQ(store_->Stats()->keys, 2U);
    Open();
  }
}

TEST_F(StoreTest, ABatchThatChangesNothingWritesNothing) {
  const std::uint64_t written = store_->Stats()->written_bytes;
  EXPECT_TRUE(IsOk(store_->Write({})));
  WriteBatch batch;
  batch.Remove("was never there");
  EXPECT_TRUE(IsOk(store_->Write(batch)));
  EXPECT_EQ(store_->Stats()->written_bytes, written);
}

TEST_F(StoreTest, ARefusedBatchChangesNothing) {
  WriteBatch batch;
  batch.Set("good", "value");
  batch.Set(std::string(kKeyBytesMax + 1, 'k'), "value");
  EXPECT_TRUE(Fails(store_->Write(batch), ErrorCode::kInvalidArgument));
  EXPECT_EQ(Get("good"), "(none)");
}

TEST_F(StoreTest, ABatchLargerThanItsLimitIsRefused) {
  WriteBatch batch;
  const std::string half(kBatchBytesMax / 2, 'v');
  batch.Set("a", half);
  batch.Set("b", half);
  EXPECT_TRUE(Fails(store_->Write(batch), ErrorCode::kInvalidArgument));
  EXPECT_EQ(Get("a"), "(none)");
}

TEST_F(StoreTest, ABatchLargerThanASegmentIsWrittenWhole) {
  WriteBatch batch;
  for (int i = 0; i < 300; ++i) batch.Set("key" + std::to_string(i), std::string(10'000, 'v'));
  ASSERT_TRUE(IsOk(store_->Write(batch)));
  Open();
  EXPECT_EQ(store_->Stats()->keys, 300U);
  EXPECT_EQ(Get("key299"), std::string(10'000, 'v'));
}

// --- Scans ---

TEST_F(StoreTest, AScanVisitsTheRangeInOrder) {
  ASSERT_TRUE(IsOk(SetAll({"b", "", "a", "c", "ab"})));
  EXPECT_THAT(KeysOf({}), ElementsAre("", "a", "ab", "b", "c"));
  EXPECT_THAT(KeysOf({.reverse = true}), ElementsAre("c", "b", "ab", "a", ""));
  EXPECT_THAT(KeysOf({.from = "a", .to = "b"}), ElementsAre("a", "ab"));
  EXPECT_THAT(KeysOf({.from = "a", .to = "b", .reverse = true}), ElementsAre("ab", "a"));
  EXPECT_THAT(KeysOf({.from = "b", .to = "a"}), IsEmpty());
  EXPECT_THAT(KeysOf({.to = ""}), IsEmpty());
  EXPECT_THAT(KeysOf({.from = "d"}), IsEmpty());
}

TEST_F(StoreTest, AScanKeepsToItsPrefix) {
  const std::string last("\xff", 1);
  ASSERT_TRUE(
      IsOk(SetAll({"a", "ab", "abc", "ac", "b", last, last + last, last + last + "x", "a" + last, "a" + last + "z"})));
  EXPECT_THAT(KeysOf({.prefix = "ab"}), ElementsAre("ab", "abc"));
  EXPECT_THAT(KeysOf({.prefix = last}), ElementsAre(last, last + last, last + last + "x"));
  EXPECT_THAT(KeysOf({.prefix = last + last}), ElementsAre(last + last, last + last + "x"));
  EXPECT_THAT(KeysOf({.prefix = "a" + last}), ElementsAre("a" + last, "a" + last + "z"));
  EXPECT_THAT(KeysOf({.prefix = "a", .reverse = true}),
              ElementsAre("a" + last + "z", "a" + last, "ac", "abc", "ab", "a"));
  EXPECT_THAT(KeysOf({.from = "abb", .prefix = "ab"}), ElementsAre("abc"));
  EXPECT_THAT(KeysOf({.to = "abb", .prefix = "ab"}), ElementsAre("ab"));
  EXPECT_THAT(KeysOf({.from = "b", .prefix = "ab"}), IsEmpty());
}

TEST_F(StoreTest, AScanEndsAtItsLimitOrOnRequest) {
  ASSERT_TRUE(IsOk(SetAll({"a", "b", "c"})));
  EXPECT_THAT(KeysOf({.limit = 0}), IsEmpty());
  EXPECT_THAT(KeysOf({.limit = 2}), ElementsAre("a", "b"));
  EXPECT_THAT(KeysOf({.limit = 2, .reverse = true}), ElementsAre("c", "b"));
  int visits = 0;
  ASSERT_TRUE(IsOk(store_->Scan({}, [&](std::string_view, std::string_view) { return ++visits < 2; })));
  EXPECT_EQ(visits, 2);
}

TEST_F(StoreTest, AScanMayReadFromTheStore) {
  ASSERT_TRUE(IsOk(SetAll({"a", "b"})));
  ASSERT_TRUE(IsOk(store_->Scan({}, [&](std::string_view key, std::string_view value) {
    EXPECT_EQ(Get(key), value);
    return true;
  })));
}

// --- Large values ---

TEST_F(StoreTest, AValueLargerThanASegmentGetsOneOfItsOwn) {
  options_.segment_bytes = std::uint64_t{64} << 20;
  Open();
  std::string large(std::size_t{70} << 20, '\0');
  for (std::size_t i = 0; i < large.size(); i += 4096) large[i] = static_cast<char>(i >> 12);
  ASSERT_TRUE(IsOk(store_->Set("before", "small")));
  ASSERT_TRUE(IsOk(store_->Set("large", large)));
  ASSERT_TRUE(IsOk(store_->Set("after", "small")));
  EXPECT_TRUE(Get("large") == large);
  Open();
  EXPECT_TRUE(Get("large") == large);
  ASSERT_TRUE(IsOk(store_->Compact()));
  EXPECT_TRUE(Get("large") == large);
  EXPECT_EQ(Get("before") + Get("after"), "smallsmall");
}

TEST_F(StoreTest, TheLargestValueIsStoredAndRead) {
  const std::string largest(kValueBytesMax, 'v');
  ASSERT_TRUE(IsOk(store_->Set("key", largest)));
  bool is_same = false;
  ASSERT_TRUE(IsOk(store_->Read("key", [&](std::string_view value) { is_same = value == largest; })));
  EXPECT_TRUE(is_same);
}

TEST_F(StoreTest, SegmentsOfLargeValuesAreOpenedThroughTheirHints) {
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), std::string(10'000, 'v'))));
  ASSERT_TRUE(IsOk(store_->Remove("key7")));
  ASSERT_TRUE(IsOk(store_->Compact()));  // Returns once everything before is sealed.
  EXPECT_THAT(Files(".hint"), testing::Not(IsEmpty()));
  store_.reset();
  std::filesystem::remove(directory_.path() / "INDEX");
  Open();
  EXPECT_GT(store_->open_report().segments_from_hints, 0U);
  EXPECT_EQ(store_->open_report().segments_from_hints, Files(".hint").size());
  EXPECT_EQ(store_->Stats()->keys, 599U);
  EXPECT_EQ(Get("key599"), std::string(10'000, 'v'));
  EXPECT_EQ(Get("key7"), "(none)");
}

// --- The directory ---

TEST_F(StoreTest, ADirectoryIsOpenOnlyOnce) {
  EXPECT_TRUE(Fails(Store::Open(io::PosixFileSystem(), directory_.path(), options_), ErrorCode::kInUse));
  store_.reset();
  Open();
}

TEST_F(StoreTest, ImpossibleOptionsAreRefused) {
  store_.reset();
  const auto open = [&](const KvStoreOptions& options) {
    return Store::Open(io::PosixFileSystem(), directory_.path(), options);
  };
  constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;
  for (const std::uint64_t bytes : {kMebi - 4096, kMebi + 1, 256 * kMebi + 4096, std::uint64_t{0}}) {
    EXPECT_TRUE(Fails(open({.segment_bytes = bytes}), ErrorCode::kInvalidArgument)) << bytes;
  }
  for (const double ratio : {0.0499, 0.9001, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(Fails(open({.garbage_ratio_max = ratio}), ErrorCode::kInvalidArgument)) << ratio;
  }
  EXPECT_TRUE(Fails(open({.sync_interval = std::chrono::milliseconds(0)}), ErrorCode::kInvalidArgument));
  for (const std::uint64_t bytes : {kMebi, 256 * kMebi}) EXPECT_TRUE(IsOk(open({.segment_bytes = bytes})));
  for (const double ratio : {0.05, 0.9}) EXPECT_TRUE(IsOk(open({.garbage_ratio_max = ratio})));
}

TEST_F(StoreTest, StatsCountKeysAndBytes) {
  EXPECT_EQ(store_->Stats()->keys, 0U);
  ASSERT_TRUE(IsOk(store_->Set("key", std::string(1'000, 'v'))));
  const EngineStats before = *store_->Stats();
  EXPECT_EQ(before.keys, 1U);
  EXPECT_GE(before.live_bytes, 1'003U);
  EXPECT_LT(before.live_bytes, 1'003U + log::kRecordHeaderBytesMax + 1);
  ASSERT_TRUE(IsOk(store_->Set("key", std::string(1'000, 'w'))));
  const EngineStats after = *store_->Stats();
  EXPECT_EQ(after.keys, 1U);
  EXPECT_EQ(after.live_bytes, before.live_bytes);
  EXPECT_EQ(after.written_bytes, 2 * before.written_bytes);
  ASSERT_TRUE(IsOk(store_->Remove("key")));
  EXPECT_EQ(store_->Stats()->keys, 0U);
  EXPECT_EQ(store_->Stats()->live_bytes, 0U);
  ASSERT_TRUE(IsOk(store_->Sync()));
  EXPECT_GT(store_->Stats()->syncs, 0U);
}

TEST_F(StoreTest, LiveBytesAreTheSameAfterReopening) {
  for (int i = 0; i < 2'000; ++i)
    ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i % 700), std::string(1'000, 'v'))));
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(IsOk(store_->Remove("key" + std::to_string(i))));
  const EngineStats before = *store_->Stats();
  Open();
  EXPECT_EQ(store_->Stats()->live_bytes, before.live_bytes);
  EXPECT_EQ(store_->Stats()->keys, before.keys);
}

TEST_F(StoreTest, CompactFreesTheRoomOfOverwrittenRecords) {
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), std::string(4'000, 'v'))));
  }
  ASSERT_TRUE(IsOk(store_->Compact()));
  const std::uint64_t live_bytes = store_->Stats()->live_bytes;
  EXPECT_LT(DiskBytes(), live_bytes + options_.segment_bytes);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(Get("key" + std::to_string(i)), std::string(4'000, 'v'));
}

TEST_F(StoreTest, CompactLeavesLessThanASegmentOfAnEmptyStore) {
  for (int i = 0; i < 3'000; ++i) ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), std::string(4'000, 'v'))));
  const std::uint64_t disk_bytes = DiskBytes();
  for (int i = 0; i < 3'000; ++i) ASSERT_TRUE(IsOk(store_->Remove("key" + std::to_string(i))));
  ASSERT_TRUE(IsOk(store_->Compact()));
  EXPECT_LT(DiskBytes(), options_.segment_bytes);
  EXPECT_LT(DiskBytes(), disk_bytes / 4);
  Open();
  EXPECT_THAT(Scan({}), IsEmpty());
}

// --- Many in one call ---

TEST_F(StoreTest, ARunOfSetsWaitsForOneSync) {
  options_.sync = SyncPolicy::kAlways;
  Open();
  std::vector<std::string> keys;
  for (int i = 0; i < 300; ++i) keys.push_back("key" + std::to_string(i));
  std::vector<KeyValue> pairs;
  for (const std::string& key : keys) pairs.push_back({key, key});
  const std::uint64_t syncs_before = store_->Stats()->syncs;
  std::size_t set = 0;
  EXPECT_TRUE(IsOk(store_->MultiSet(pairs, set)));
  EXPECT_EQ(set, pairs.size());
  EXPECT_EQ(store_->Stats()->syncs, syncs_before + 1);
  for (const std::string& key : keys) EXPECT_EQ(Get(key), key);
}

TEST_F(StoreTest, ARunMayBeLargerThanASegmentAndHoldLargeValues) {
  Open();
  const std::string large(std::size_t{3} << 20, 'l');
  const std::string small(1'000, 's');
  std::vector<std::string> keys;
  for (int i = 0; i < 2'000; ++i) keys.push_back("key" + std::to_string(i));
  std::vector<KeyValue> pairs;
  for (std::size_t i = 0; i < keys.size(); ++i) pairs.push_back({keys[i], i % 500 == 7 ? large : small});
  std::size_t set = 0;
  EXPECT_TRUE(IsOk(store_->MultiSet(pairs, set)));
  EXPECT_EQ(set, pairs.size());
  for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_TRUE(Get(keys[i]) == pairs[i].value) << keys[i];
}

}  // namespace
}  // namespace kvs::store
