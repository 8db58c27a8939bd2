// Promised: a pair is there until its expiry and absent for every call from then on. Overwriting, batches, compaction
// and reopening do not change that. Times here are far from now, in the past or the future: no test waits.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <limits>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "base/coding.h"
#include "log/file_names.h"
#include "store/store.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

constexpr std::uint64_t kPast = 1'000;                 // A second after the start of 1970.
constexpr std::uint64_t kFuture = 32'503'680'000'000;  // The year 3000.

class StoreExpiryTest : public StoreFixture {
 protected:
  void SetUp() override {
    options_ = SmallSegments();
    Open();
  }
  std::optional<std::uint64_t> ExpiryOf(std::string_view key) {
    std::optional<std::uint64_t> expiry;
    EXPECT_TRUE(IsOk(store_->ReadEntry(key, [&](const Entry& entry) { expiry = entry.expiry_ms; })));
    return expiry;
  }
};

TEST_F(StoreExpiryTest, AnExpiredPairIsAbsentForEveryCall) {
  ASSERT_TRUE(IsOk(store_->Set("gone", "value", kPast)));
  ASSERT_TRUE(IsOk(store_->Set("there", "value", kFuture)));
  EXPECT_EQ(Get("gone"), "(none)");
  EXPECT_EQ(Get("there"), "value");
  EXPECT_EQ(ExpiryOf("gone"), std::nullopt);
  EXPECT_EQ(ExpiryOf("there"), kFuture);
  EXPECT_FALSE(*store_->Read("gone", [](std::string_view) {}));
  EXPECT_EQ(Scan({}), (Pairs{{"there", "value"}}));
  EXPECT_TRUE(Fails(store_->Remove("gone"), ErrorCode::kKeyNotFound));
  EXPECT_TRUE(IsOk(store_->Remove("there")));
  std::optional<bool> was_there;
  ASSERT_TRUE(IsOk(store_->Set("gone", "value", kPast)));
  ASSERT_TRUE(IsOk(store_->UpdateEntry("gone", [&](const std::optional<Entry>& current) -> EntryDecision {
    was_there = current.has_value();
    return UpdateDecision::Set("new");
  })));
  EXPECT_EQ(was_there, false);
  EXPECT_EQ(Get("gone"), "new");
  EXPECT_EQ(ExpiryOf("gone"), kNoExpiry);
}

TEST_F(StoreExpiryTest, ASetWithoutExpiryDropsItAndAnUpdateDecides) {
  ASSERT_TRUE(IsOk(store_->Set("key", "1", kFuture)));
  ASSERT_TRUE(IsOk(store_->UpdateEntry("key", [&](const std::optional<Entry>& current) -> EntryDecision {
    return EntryDecision::Set("2", current->expiry_ms + 1);
  })));
  EXPECT_EQ(ExpiryOf("key"), kFuture + 1);
  ASSERT_TRUE(IsOk(store_->Set("key", "3")));
  EXPECT_EQ(ExpiryOf("key"), kNoExpiry);
}

TEST_F(StoreExpiryTest, ABatchCarriesExpiriesAndRemovesExpiredPairs) {
  ASSERT_TRUE(IsOk(store_->Set("gone", "value", kPast)));
  WriteBatch batch;
  batch.Set("a", "1", kFuture);
  batch.Set("b", "2", kPast);
  batch.Remove("gone");
  EXPECT_TRUE(batch.has_expiry());
  ASSERT_TRUE(IsOk(store_->Write(batch)));
  EXPECT_EQ(Scan({}), (Pairs{{"a", "1"}}));
  EXPECT_EQ(ExpiryOf("a"), kFuture);
}

TEST_F(StoreExpiryTest, ExpiriesSurviveCompactionAndReopening) {
  const std::string value(10'000, 'v');
  for (int i = 0; i < 300; ++i) {  // Three segments.
    const std::string key = "key " + std::to_string(i);
    ASSERT_TRUE(
        IsOk(store_->Set(key, value, i % 3 == 0 ? Expiry(kFuture + static_cast<std::uint64_t>(i)) : kNoExpiry)));
    ASSERT_TRUE(IsOk(store_->Set("gone " + std::to_string(i), value, kPast)));
    ASSERT_TRUE(IsOk(store_->Set("garbage", value)));
  }
  const auto check = [&] {
    for (int i = 0; i < 300; ++i) {
      const Expiry wanted = i % 3 == 0 ? Expiry(kFuture + static_cast<std::uint64_t>(i)) : kNoExpiry;
      ASSERT_EQ(ExpiryOf("key " + std::to_string(i)), wanted);
      ASSERT_EQ(Get("gone " + std::to_string(i)), "(none)");
    }
  };
  check();
  ASSERT_TRUE(IsOk(store_->Compact()));
  check();
  Open();
  check();
  ASSERT_TRUE(IsOk(store_->Compact()));
  check();
}

TEST_F(StoreExpiryTest, ClearingLeavesNoPairNotEvenAnExpiredOne) {
  for (int i = 0; i < 3'000; ++i) {
    ASSERT_TRUE(IsOk(store_->Set("key " + std::to_string(i), "value", i % 2 == 0 ? Expiry(kPast) : kNoExpiry)));
  }
  EXPECT_GE(store_->Stats()->keys, 1'500U);  // Expired pairs may be gone.
  ASSERT_TRUE(IsOk(store_->Clear()));
  EXPECT_EQ(store_->Stats()->keys, 0U);
  Open();
  EXPECT_EQ(store_->Stats()->keys, 0U);
  EXPECT_TRUE(IsOk(store_->Clear()));
}

TEST_F(StoreExpiryTest, ExpiredPairsAreRemovedWithoutBeingRead) {
  ASSERT_TRUE(IsOk(store_->Set("there", "value", kFuture)));
  ASSERT_TRUE(IsOk(store_->Set("prolonged", "value", store_->NowMs() + 20)));
  ASSERT_TRUE(IsOk(store_->Set("prolonged", "value", kFuture)));
  for (int i = 0; i < 300; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_TRUE(IsOk(store_->Set("past " + number, "value", kPast)));
    ASSERT_TRUE(IsOk(store_->Set("soon " + number, "value", store_->NowMs() + 20)));
    WriteBatch batch;
    batch.Set("batch " + number, "value", kPast);
    ASSERT_TRUE(IsOk(store_->Write(batch)));
  }
  EXPECT_TRUE(ComesTrue([&] { return store_->Stats()->keys == 2; }));
  EXPECT_EQ(ExpiryOf("there"), kFuture);
  EXPECT_EQ(ExpiryOf("prolonged"), kFuture);
  Open();
  EXPECT_EQ(store_->Stats()->keys, 2U);
}

TEST_F(StoreExpiryTest, EachRemovalOfAnExpiredPairIsReportedOnce) {
  store_->set_expires_actively(false);
  std::vector<std::string> told;  // Under the store's lock.
  store_->ListenToExpiry([&](std::string_view key) { told.emplace_back(key); });
  for (const char* key : {"set", "removed", "updated", "in a batch", "in a run", "removed by a batch"}) {
    ASSERT_TRUE(IsOk(store_->Set(key, "value", kPast)));
  }
  ASSERT_TRUE(IsOk(store_->Set("not expired", "value", kFuture)));
  EXPECT_EQ(store_->Stats()->keys, 7U);
  EXPECT_EQ(store_->Stats()->expired, 0U);

  ASSERT_TRUE(IsOk(store_->Set("set", "1")));
  ASSERT_TRUE(Fails(store_->Remove("removed"), ErrorCode::kKeyNotFound));
  ASSERT_TRUE(IsOk(store_->UpdateEntry(
      "updated", [](const std::optional<Entry>&) -> EntryDecision { return UpdateDecision::Set("1"); })));
  WriteBatch batch;
  batch.Set("in a batch", "1");
  batch.Remove("removed by a batch");
  ASSERT_TRUE(IsOk(store_->Write(batch)));
  const std::vector<KeyValue> run = {{"in a run", "1"}, {"new", "1"}};
  std::size_t set = 0;
  ASSERT_TRUE(IsOk(store_->MultiSet(run, set)));
  ASSERT_TRUE(IsOk(store_->Set("set", "2")));
  ASSERT_TRUE(IsOk(store_->Remove("not expired")));
  store_->ListenToExpiry({});
  EXPECT_EQ(told,
            (std::vector<std::string>{"set", "removed", "updated", "in a batch", "removed by a batch", "in a run"}));
  EXPECT_EQ(store_->Stats()->expired, 6U);
}

TEST_F(StoreExpiryTest, AListenerWithoutMemoryKeepsNoPair) {
  store_->ListenToExpiry([](std::string_view) { throw std::bad_alloc(); });
  ASSERT_TRUE(IsOk(store_->Set("gone", "value", kPast)));
  EXPECT_TRUE(ComesTrue([&] { return store_->Stats()->keys == 0; }));
  EXPECT_EQ(store_->Stats()->expired, 1U);
  EXPECT_TRUE(IsOk(store_->Set("there", "value")));
}

TEST_F(StoreExpiryTest, AReadRemovesExpiredPairsIfTheExpirerIsOff) {
  store_->set_expires_actively(false);
  for (const char* key : {"read", "read with others", "unread"}) ASSERT_TRUE(IsOk(store_->Set(key, "value", kPast)));
  const std::vector<std::string_view> keys = {"read with others", "none"};
  const auto read = [&] {
    EXPECT_EQ(Get("read"), "(none)");
    EXPECT_TRUE(IsOk(store_->MultiGet(keys, [](std::size_t, auto value) { EXPECT_EQ(value, std::nullopt); })));
  };
  EXPECT_TRUE(ComesTrue([&] {
    read();
    return store_->Stats()->keys == 1;
  }));
  EXPECT_EQ(store_->Stats()->expired, 2U);
  store_->set_expires_actively(true);
  EXPECT_TRUE(ComesTrue([&] { return store_->Stats()->keys == 0; }));
}

TEST_F(StoreExpiryTest, AScanNotesExpiredPairs) {
  store_->set_expires_actively(false);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(IsOk(store_->Set("key " + std::to_string(i), "value", kPast)));
  EXPECT_TRUE(ComesTrue([&] {
    EXPECT_EQ(Scan({}), Pairs());
    return store_->Stats()->keys == 0;
  }));
}

TEST_F(StoreExpiryTest, PairsWithAnExpiryAreCounted) {
  ASSERT_TRUE(IsOk(store_->Set("a", "1", kFuture)));
  ASSERT_TRUE(IsOk(store_->Set("a", "2", kFuture)));
  ASSERT_TRUE(IsOk(store_->Set("b", "1", kFuture)));
  ASSERT_TRUE(IsOk(store_->Set("c", "1")));
  EXPECT_EQ(store_->Stats()->expiring, 2U);
  ASSERT_TRUE(IsOk(store_->Set("b", "without")));
  EXPECT_EQ(store_->Stats()->expiring, 1U);
  Open();
  EXPECT_TRUE(store_->open_report().index_was_saved);
  EXPECT_EQ(store_->Stats()->expiring, 1U);
  ASSERT_TRUE(IsOk(store_->Set("b", "with", kFuture)));
  store_.reset();
  std::filesystem::remove(log::IndexPath(directory_.path()));
  Open();
  EXPECT_EQ(store_->Stats()->expiring, 2U);
  ASSERT_TRUE(IsOk(store_->Remove("a")));
  EXPECT_EQ(store_->Stats()->expiring, 1U);
}

// --- With a clock of the test's own ---

std::atomic<std::int64_t> clock_ms;

class StoreExpiryClockTest : public StoreExpiryTest {
 protected:
  static constexpr std::int64_t kStart = 1'700'000'000'000;

  void SetUp() override {
    clock_ms = kStart;
    options_ = SmallSegments();
    KeepLog();
    OpenWithClock();
  }
  void OpenWithClock() {
    const ExpiryClock::Sources clocks{.wall = [] { return clock_ms.load(std::memory_order_relaxed); },
                                      .steady = [] { return clock_ms.load(std::memory_order_relaxed); },
                                      .boot = [] { return std::uint64_t{1}; }};
    OpenWith(clocks);
  }
  // Not at a clean stop: the index is built from the log.
  void OpenWithoutSavedIndex() {
    store_.reset();
    std::filesystem::remove(log::IndexPath(directory_.path()));
    OpenWithClock();
  }
  void SetFor(std::int64_t ms, int keys, std::size_t value_bytes) {
    const auto expiry_ms = static_cast<std::uint64_t>(clock_ms + ms);
    for (int i = 0; i < keys; ++i) {
      ASSERT_TRUE(IsOk(store_->Set("key " + std::to_string(i), std::string(value_bytes, 'v'), expiry_ms)));
    }
  }
  bool BecomesEmpty() {
    return ComesTrue([&] { return store_->Stats()->keys == 0; });
  }
};

TEST_F(StoreExpiryClockTest, PairsThatExpiredWhileClosedAreRemoved) {
  SetFor(6'000, 50'000, 500);
  EXPECT_EQ(store_->Stats()->expiring, 50'000U);
  store_.reset();
  clock_ms += 7'000;
  OpenWithClock();
  EXPECT_TRUE(store_->open_report().index_was_saved);
  ASSERT_TRUE(BecomesEmpty());
  EXPECT_EQ(store_->Stats()->expiring, 0U);
  EXPECT_EQ(store_->Stats()->expired, 50'000U);
  ASSERT_TRUE(IsOk(store_->Compact()));
  EXPECT_LT(store_->Stats()->disk_bytes, std::uint64_t{6} << 20);
}

TEST_F(StoreExpiryClockTest, ExpiredPairsAreFoundInHintsToo) {
  options_.segment_bytes = std::uint64_t{1} << 20;
  SetFor(6'000, 20'000, 500);
  clock_ms += 1'000;
  OpenWithoutSavedIndex();
  ASSERT_GT(store_->open_report().segments_from_hints, 3U);
  EXPECT_EQ(store_->Stats()->expiring, 20'000U);
  EXPECT_EQ(store_->Stats()->keys, 20'000U);
  clock_ms += 6'000;
  ASSERT_TRUE(BecomesEmpty());
}

TEST_F(StoreExpiryClockTest, PairsThatExpireAfterReopeningAreRemoved) {
  SetFor(6'000, 100, 10);
  OpenWithClock();
  OpenWithClock();  // The index is not saved again.
  EXPECT_EQ(store_->Stats()->keys, 100U);
  clock_ms += 7'000;
  ASSERT_TRUE(BecomesEmpty());
}

// The keys take more memory than is set aside for noting them.
TEST_F(StoreExpiryClockTest, MorePairsThanCanBeNotedExpireToo) {
  options_.segment_bytes = std::uint64_t{16} << 20;
  OpenWithClock();
  const std::string rest(65'000, 'k');
  for (int i = 0; i < 1'200; ++i) {
    const auto expiry_ms = static_cast<std::uint64_t>(clock_ms + std::int64_t{1'000} * (1'200 - i));
    ASSERT_TRUE(IsOk(store_->Set(std::to_string(i) + rest, "v", expiry_ms)));
  }
  clock_ms += 2'000'000;
  EXPECT_TRUE(BecomesEmpty());
}

// The walk over all pairs, which finds those that could not be noted, ends at a damaged one.
TEST_F(StoreExpiryClockTest, ADamagedRecordAmongTooManyToNoteIsReported) {
  options_.segment_bytes = std::uint64_t{16} << 20;
  OpenWithClock();
  const std::string rest(65'000, 'k');
  for (int i = 0; i < 1'200; ++i) {
    const auto expiry_ms = static_cast<std::uint64_t>(clock_ms + std::int64_t{1'000} * (1'200 - i));
    ASSERT_TRUE(IsOk(store_->Set(std::to_string(i) + rest, "v", expiry_ms)));
  }
  {
    std::fstream file(Files(".seg").front(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(1'000);  // In the first key.
    file.put('x').flush();
  }
  clock_ms += 2'000'000;
  EXPECT_TRUE(ComesTrue([&] { return Log().find("what expires is not all known: ") != std::string::npos; }));
  EXPECT_TRUE(Get("0" + rest).starts_with("(error) corruption"));
  EXPECT_EQ(Get("1" + rest), "(none)");
  EXPECT_TRUE(IsOk(store_->Set("1" + rest, "new")));
}

TEST_F(StoreExpiryClockTest, CompactionCopiesNothingThatHasExpired) {
  store_->set_expires_actively(false);
  SetFor(1'000, 3'000, 500);
  for (int i = 0; i < 3'000; ++i) ASSERT_TRUE(IsOk(store_->Set("live " + std::to_string(i), "value")));
  ASSERT_TRUE(IsOk(store_->Set("twice", "older")));
  ASSERT_TRUE(IsOk(store_->Compact()));
  ASSERT_TRUE(IsOk(store_->Set("twice", "newer", static_cast<std::uint64_t>(clock_ms + 1'000))));
  SetFor(1'000, 3'000, 500);
  clock_ms += 2'000;
  ASSERT_TRUE(IsOk(store_->Compact()));
  EXPECT_EQ(store_->Stats()->keys, 3'000U);
  EXPECT_EQ(store_->Stats()->expired, 3'001U);
  EXPECT_EQ(Get("twice"), "(none)");
  EXPECT_LT(store_->Stats()->live_bytes, 200'000U);
  OpenWithoutSavedIndex();
  EXPECT_EQ(store_->Stats()->keys, 3'000U);
  EXPECT_EQ(Get("twice"), "(none)");
}

// A tombstone for it would make the damage a removal.
TEST_F(StoreExpiryClockTest, ADamagedRecordIsNotTakenForAnExpiredOne) {
  const std::uint64_t far_ms = kFuture + 0x123456;
  ASSERT_TRUE(IsOk(store_->Set("key", "value", static_cast<std::uint64_t>(clock_ms + 1'000))));
  ASSERT_TRUE(IsOk(store_->Set("key", "value", far_ms)));
  char wanted[8];
  base::PutFixed64(wanted, far_ms);
  std::fstream file(Files(".seg").front(), std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes(4'096, '\0');
  file.read(bytes.data(), 4'096);
  const std::size_t at = bytes.find(std::string_view(wanted, 8));
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at));
  file.write("\1\0\0\0\0\0\0\0", 8).flush();
  clock_ms += 2'000;
  EXPECT_TRUE(ComesTrue([&] { return Log().find("an expired pair stays: ") != std::string::npos; }));
  EXPECT_EQ(store_->Stats()->keys, 1U);
  EXPECT_TRUE(Get("key").starts_with("(error) corruption"));
}

TEST_F(StoreExpiryClockTest, ADamagedRecordKeepsNoOtherFromExpiring) {
  SetFor(1'000, 100, 10);
  std::fstream file(Files(".seg").front(), std::ios::in | std::ios::out | std::ios::binary);
  std::string bytes(4'096, '\0');
  file.read(bytes.data(), 4'096);
  file.seekp(static_cast<std::streamoff>(bytes.find("key 7") + 5));
  file.put('x').flush();  // In the value.
  clock_ms += 2'000;
  EXPECT_TRUE(ComesTrue([&] { return store_->Stats()->keys == 1; }));
  EXPECT_TRUE(Get("key 7").starts_with("(error) corruption"));
}

TEST_F(StoreExpiryTest, TheLargestTimeIsKept) {
  const std::uint64_t largest = std::numeric_limits<std::int64_t>::max();
  ASSERT_TRUE(IsOk(store_->Set("key", "value", largest)));
  Open();
  EXPECT_EQ(ExpiryOf("key"), largest);
  EXPECT_EQ(Get("key"), "value");
}

}  // namespace
}  // namespace kvs::store
