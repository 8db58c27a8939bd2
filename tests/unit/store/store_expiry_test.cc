// A store promises that a pair is absent for every call from its expiry on, and there until then; through overwriting,
// batches, compaction and reopening. Times here are far from now, on one side or the other: no test waits.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "log/file_names.h"
#include "store/store.h"
#include "store_fixture.h"

namespace kvs::store {
namespace {

constexpr std::uint64_t kPast = 1'000;                 // A second behind 1970.
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
  // What happens in the background.
  template <class Condition>
  static bool ComesTrue(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
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

TEST_F(StoreExpiryTest, ABatchCarriesExpiriesAndRemovesWhatHasExpired) {
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
    ASSERT_TRUE(IsOk(store_->Set(key, value, i % 3 == 0 ? kFuture + static_cast<std::uint64_t>(i) : kNoExpiry)));
    ASSERT_TRUE(IsOk(store_->Set("gone " + std::to_string(i), value, kPast)));
    ASSERT_TRUE(IsOk(store_->Set("garbage", value)));
  }
  const auto check = [&] {
    for (int i = 0; i < 300; ++i) {
      const std::uint64_t wanted = i % 3 == 0 ? kFuture + static_cast<std::uint64_t>(i) : kNoExpiry;
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

TEST_F(StoreExpiryTest, ClearingLeavesNothingNotEvenWhatHasExpired) {
  for (int i = 0; i < 3'000; ++i) {
    ASSERT_TRUE(IsOk(store_->Set("key " + std::to_string(i), "value", i % 2 == 0 ? kPast : kNoExpiry)));
  }
  EXPECT_GE(store_->Stats()->keys, 1'500U);  // Those that have expired may be gone.
  ASSERT_TRUE(IsOk(store_->Clear()));
  EXPECT_EQ(store_->Stats()->keys, 0U);
  Open();
  EXPECT_EQ(store_->Stats()->keys, 0U);
  EXPECT_TRUE(IsOk(store_->Clear()));
}

TEST_F(StoreExpiryTest, WhatHasExpiredGoesWithoutBeingRead) {
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

TEST_F(StoreExpiryTest, WhoeverRemovesAnExpiredPairTellsOfItOnce) {
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

TEST_F(StoreExpiryTest, WhereNothingExpiresByItselfAReadRemovesWhatHasExpired) {
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

TEST_F(StoreExpiryTest, WhatAnEarlierProcessLeftGoesWhenItIsReadOrWhenTheIndexIsBuilt) {
  const auto leave_expired = [&](const std::string& name) {
    store_->set_expires_actively(false);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(IsOk(store_->Set(name + std::to_string(i), "value", kPast)));
  };
  leave_expired("key ");
  Open();
  EXPECT_TRUE(store_->open_report().index_was_saved);
  EXPECT_EQ(store_->Stats()->keys, 10U);
  EXPECT_TRUE(ComesTrue([&] {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(Get("key " + std::to_string(i)), "(none)");
    return store_->Stats()->keys == 0;
  }));
  leave_expired("other key ");
  store_.reset();
  std::filesystem::remove(log::IndexPath(directory_.path()));
  Open();
  EXPECT_FALSE(store_->open_report().index_was_saved);
  EXPECT_TRUE(ComesTrue([&] { return store_->Stats()->keys == 0; }));
  EXPECT_EQ(store_->Stats()->expired, 10U);
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
