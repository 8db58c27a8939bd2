// Promised by the engines that have it: a pair with an expiry exists before that time and is absent from it on, for
// every call. This holds through overwriting, batches, compaction and reopening. Neither an expired value nor the value
// before it ever comes back. Engines without expiry say so and change nothing. The times are far from now, in the past
// or in the future. One test waits for the clock of the engine itself.
#include <chrono>
#include <limits>
#include <optional>
#include <string>

#include "contract/engine_test.h"

namespace kvs::test {
namespace {

constexpr std::uint64_t kPast = 1'000;                 // A second after the start of 1970.
constexpr std::uint64_t kFuture = 32'503'680'000'000;  // The year 3000.

class ExpiryTest : public EngineTest {
 protected:
  // "value until 7", "value" if it has no expiry, or as Get().
  std::string Entry(std::string_view key) {
    std::string text = "(absent)";
    const Result<bool> found = engine_->ReadEntry(key, [&](const kvs::Entry& entry) {
      text = std::string(entry.value);
      if (entry.expiry_ms != kNoExpiry) text += " until " + std::to_string(entry.expiry_ms);
    });
    return found ? text : "<" + found.error().ToString() + ">";
  }

  // ExpireAt and Persist, as they are made of UpdateEntry(). False: the key was absent.
  bool SetExpiry(std::string_view key, std::uint64_t expiry_ms) {
    bool was_there = false;
    const Status status = engine_->UpdateEntry(key, [&](const std::optional<kvs::Entry>& current) -> EntryDecision {
      was_there = current.has_value();
      if (!was_there) return UpdateDecision::Keep();
      return EntryDecision::Set(std::string(current->value), expiry_ms);
    });
    EXPECT_EQ(CodeOf(status), "ok");
    return was_there;
  }

  std::string Keys() {
    std::string keys;
    EXPECT_EQ(CodeOf(engine_->Scan({},
                                   [&](std::string_view key, std::string_view) {
                                     keys += std::string(key) + " ";
                                     return true;
                                   })),
              "ok");
    return keys;
  }
};
KVS_FOR_EACH_ENGINE(ExpiryTest);

#define KVS_SKIP_UNLESS_EXPIRY(wanted) \
  if (engine_->has_expiry() != (wanted)) GTEST_SKIP() << GetParam() << ((wanted) ? " has no expiry" : " has expiry")

TEST_P(ExpiryTest, AnEngineWithoutItRefusesAndChangesNothing) {
  KVS_SKIP_UNLESS_EXPIRY(false);
  ASSERT_EQ(CodeOf(engine_->Set("key", "value")), "ok");
  EXPECT_EQ(CodeOf(engine_->SetUntil("key", "other", kFuture)), "unsupported");
  WriteBatch batch;
  batch.Set("first", "value");
  batch.Set("key", "other", kFuture);
  EXPECT_EQ(CodeOf(engine_->Write(batch)), "unsupported");
  EXPECT_EQ(CodeOf(engine_->UpdateEntry("key",
                                        [](const std::optional<kvs::Entry>&) -> EntryDecision {
                                          return EntryDecision::Set("other", kFuture);
                                        })),
            "unsupported");
  EXPECT_EQ(Keys(), "key ");
  EXPECT_EQ(Get("key"), "value");
  EXPECT_EQ(Entry("key"), "value");
  EXPECT_EQ(CodeOf(engine_->SetUntil("key", "without", kNoExpiry)), "ok");
  EXPECT_EQ(Entry("key"), "without");
}

TEST_P(ExpiryTest, APairIsThereUntilItsTimeAndAbsentFromItOn) {
  KVS_SKIP_UNLESS_EXPIRY(true);
  ASSERT_EQ(CodeOf(engine_->SetUntil("gone", "value", kPast)), "ok");
  ASSERT_EQ(CodeOf(engine_->SetUntil("there", "value", kFuture)), "ok");
  EXPECT_EQ(Get("gone"), "(absent)");
  EXPECT_EQ(Entry("gone"), "(absent)");
  EXPECT_EQ(Entry("there"), "value until " + std::to_string(kFuture));
  EXPECT_EQ(Keys(), "there ");
  EXPECT_EQ(CodeOf(engine_->Remove("gone")), "key not found");
  EXPECT_EQ(CodeOf(engine_->Remove("there")), "ok");
}

TEST_P(ExpiryTest, ExpireAtAndPersistKeepTheValue) {
  KVS_SKIP_UNLESS_EXPIRY(true);
  EXPECT_FALSE(SetExpiry("key", kFuture));
  ASSERT_EQ(CodeOf(engine_->Set("key", "value")), "ok");
  EXPECT_TRUE(SetExpiry("key", kFuture));
  EXPECT_EQ(Entry("key"), "value until " + std::to_string(kFuture));
  EXPECT_TRUE(SetExpiry("key", kNoExpiry));
  EXPECT_EQ(Entry("key"), "value");
  EXPECT_TRUE(SetExpiry("key", kPast));
  EXPECT_EQ(Entry("key"), "(absent)");
  EXPECT_FALSE(SetExpiry("key", kFuture));
  EXPECT_EQ(Entry("key"), "(absent)");
}

TEST_P(ExpiryTest, ASetDropsItAndABatchCarriesIt) {
  KVS_SKIP_UNLESS_EXPIRY(true);
  ASSERT_EQ(CodeOf(engine_->SetUntil("key", "value", kFuture)), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("key", "other")), "ok");
  EXPECT_EQ(Entry("key"), "other");
  WriteBatch batch;
  batch.Set("key", "until", kFuture);
  batch.Set("gone", "value", kPast);
  batch.Set("stays", "value");
  ASSERT_EQ(CodeOf(engine_->Write(batch)), "ok");
  EXPECT_EQ(Entry("key"), "until until " + std::to_string(kFuture));
  EXPECT_EQ(Entry("gone"), "(absent)");
  EXPECT_EQ(Entry("stays"), "value");
}

// The values that were there before are in the log, or the tables, until compaction: they must not show again.
TEST_P(ExpiryTest, ExpiredPairsNeverComeBack) {
  KVS_SKIP_UNLESS_EXPIRY(true);
  constexpr int kKeys = 500;
  const auto name = [](const char* kind, int i) { return kind + std::to_string(i); };
  const std::string value(1'000, 'v');
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_EQ(CodeOf(engine_->Set(name("gone", i), value)), "ok");
    ASSERT_EQ(CodeOf(engine_->Set(name("stays", i), value)), "ok");
  }
  ASSERT_EQ(CodeOf(engine_->Compact()), "ok");  // Old ones would be found first.
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_EQ(CodeOf(engine_->SetUntil(name("gone", i), value, kPast)), "ok");
    ASSERT_EQ(CodeOf(engine_->SetUntil(name("stays", i), "new", kFuture)), "ok");
  }
  const auto check = [&] {
    for (int i = 0; i < kKeys; ++i) {
      ASSERT_EQ(Entry(name("gone", i)), "(absent)") << i;
      ASSERT_EQ(Entry(name("stays", i)), "new until " + std::to_string(kFuture)) << i;
    }
  };
  ASSERT_NO_FATAL_FAILURE(check());
  for (int round = 0; round < 3; ++round) {
    Reopen();
    ASSERT_NO_FATAL_FAILURE(check());
    ASSERT_EQ(CodeOf(engine_->Compact()), "ok");
    ASSERT_NO_FATAL_FAILURE(check());
  }
}

// Each is out of range for some clock or duration.
TEST_P(ExpiryTest, AFarTimeIsNeverReachedAndStopsNothing) {
  KVS_SKIP_UNLESS_EXPIRY(true);
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t expiry_ms : {kMax, kMax - 127, kMax - 128, std::uint64_t{10'000'000'000'000'000'000U},
                                        kMax / 2 + 1, kMax / 2, kMax / 1'000, kMax / 2'000'000}) {
    ASSERT_EQ(CodeOf(engine_->SetUntil("far", "value", expiry_ms)), "ok");
    ASSERT_EQ(CodeOf(engine_->Set("other", "value")), "ok");
    EXPECT_EQ(Get("far"), "value") << expiry_ms;
    Reopen();
    ASSERT_EQ(CodeOf(engine_->Set("other", "value")), "ok");
    EXPECT_EQ(Get("far"), "value") << expiry_ms;
    ASSERT_EQ(CodeOf(engine_->Remove("far")), "ok");
  }
}

TEST_P(ExpiryTest, TimePassesByTheClockOfTheEngine) {
  KVS_SKIP_UNLESS_EXPIRY(true);
  const std::uint64_t expiry_ms = engine_->NowMs() + 30;
  ASSERT_EQ(CodeOf(engine_->SetUntil("key", "value", expiry_ms)), "ok");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < deadline) {
    const std::uint64_t before_ms = engine_->NowMs();
    const bool is_there = Get("key") == "value";
    if (before_ms >= expiry_ms) {
      EXPECT_FALSE(is_there);
      return;
    }
    if (!is_there) {
      EXPECT_GE(engine_->NowMs(), expiry_ms);
      return;
    }
  }
  FAIL() << "the engine's clock does not move";
}

}  // namespace
}  // namespace kvs::test
