// Promised: a transaction sees its own writes everywhere, and others see nothing of it before the commit. It shows the
// same pairs as the engine does after the commit. A random run is compared with a map.
//
// Replay: KVS_TEST_SEED.
#include "keyspace/transaction_keyspace.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "support/memory_engine.h"
#include "support/test_seed.h"

namespace kvs::server {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class TransactionKeyspaceTest : public testing::Test {
 protected:
  static Pairs Scan(Keyspace& keys, const ScanRange& range = {}) {
    Pairs pairs;
    EXPECT_TRUE(keys.Scan(range, [&](std::string_view key, std::string_view value) {
      pairs.emplace_back(key, value);
      return true;
    }));
    return pairs;
  }

  test::MemoryEngine engine_;
  WatchTable watches_;
  EngineKeyspace below_{engine_, watches_};
};

TEST_F(TransactionKeyspaceTest, NothingReachesTheEngineBeforeTheCommit) {
  ASSERT_TRUE(engine_.Set("a", "1").has_value());
  TransactionKeyspace keys(below_);
  ASSERT_TRUE(keys.Set("b", "2", kNoExpiry).has_value());
  ASSERT_TRUE(*keys.Remove("a"));
  EXPECT_FALSE(*keys.Remove("a"));
  EXPECT_EQ(Scan(keys), (Pairs{{"b", "2"}}));
  EXPECT_EQ(Scan(below_), (Pairs{{"a", "1"}}));
  EXPECT_EQ(*keys.Count(), 1U);
  ASSERT_TRUE(keys.Commit().has_value());
  EXPECT_EQ(Scan(below_), (Pairs{{"b", "2"}}));
}

TEST_F(TransactionKeyspaceTest, AClearedKeyspaceShowsOnlyLaterWrites) {
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(engine_.Set(key, "old").has_value());
  TransactionKeyspace keys(below_);
  ASSERT_TRUE(keys.Set("x", "before", kNoExpiry).has_value());
  ASSERT_TRUE(keys.Clear().has_value());
  EXPECT_EQ(*keys.Count(), 0U);
  ASSERT_TRUE(keys.Set("b", "new", kNoExpiry).has_value());
  EXPECT_EQ(Scan(keys), (Pairs{{"b", "new"}}));
  ASSERT_TRUE(keys.Commit().has_value());
  EXPECT_EQ(Scan(below_), (Pairs{{"b", "new"}}));
}

TEST_F(TransactionKeyspaceTest, AnUnsupportedWriteRefusesTheWholeTransaction) {
  TransactionKeyspace keys(below_);
  ASSERT_TRUE(keys.Set("a", "1", kNoExpiry).has_value());
  ASSERT_TRUE(keys.Set("b", "1", keys.NowMs() + 100'000).has_value());  // The engine has no expiry.
  const Status committed = keys.Commit();
  ASSERT_FALSE(committed.has_value());
  EXPECT_EQ(committed.error().code, ErrorCode::kUnsupported);
  EXPECT_TRUE(Scan(below_).empty());
}

TEST_F(TransactionKeyspaceTest, ATimeThatHasPassedHidesTheKey) {
  TransactionKeyspace keys(below_);
  ASSERT_TRUE(keys.Set("a", "1", keys.NowMs()).has_value());
  EXPECT_FALSE(*keys.Read("a", [](const Entry&) {}));
  EXPECT_TRUE(Scan(keys).empty());
}

// Takes minutes if each call looks at all that was written.
TEST_F(TransactionKeyspaceTest, ACallDoesNotReadAllEarlierWrites) {
  constexpr int kCalls = 100'000;
  TransactionKeyspace keys(below_);
  for (int i = 0; i < kCalls; ++i) ASSERT_TRUE(keys.Set("key:" + std::to_string(i), "v", kNoExpiry).has_value());
  for (int i = 0; i < kCalls; ++i) {
    ASSERT_EQ(*keys.Count(), static_cast<std::uint64_t>(kCalls));
    ASSERT_EQ(Scan(keys, {.prefix = "key:", .limit = 1, .reverse = i % 2 == 0}).size(), 1U);
  }
}

TEST_F(TransactionKeyspaceTest, ItIsAMapOverTheEngine) {
  const std::uint64_t seed = test::TestSeed(1);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  for (int round = 0; round < 200; ++round) {
    std::map<std::string, std::string> model;
    for (const auto& [key, value] : Scan(below_)) model.emplace(key, value);
    TransactionKeyspace keys(below_);
    for (int step = 0; step < 30; ++step) {
      const std::string key = "key " + std::to_string(random.Below(20));
      const std::string value = std::to_string(random.Next());
      switch (random.Below(5)) {
        case 0: ASSERT_EQ(*keys.Remove(key), model.erase(key) > 0); break;
        case 1:
          ASSERT_TRUE(keys.Update(key, [&](const std::optional<Entry>& now) -> EntryDecision {
            return UpdateDecision::Set(std::string(now ? now->value : "") + "+");
          }));
          model[key] += "+";
          break;
        default: ASSERT_TRUE(keys.Set(key, value, kNoExpiry).has_value()); model[key] = value;
      }
      ScanRange range{.from = "key " + std::to_string(random.Below(20)), .reverse = random.OneIn(2)};
      range.limit = 1 + random.Below(10);
      if (random.OneIn(2)) range.to = "key " + std::to_string(random.Below(20));
      if (random.OneIn(2)) range.prefix = "key " + std::to_string(random.Below(2));
      Pairs expected;
      for (const auto& pair : model) {
        const bool is_below = !range.to || pair.first < *range.to;
        if (pair.first >= range.from && is_below && pair.first.starts_with(range.prefix)) expected.emplace_back(pair);
      }
      if (range.reverse) std::reverse(expected.begin(), expected.end());
      if (expected.size() > range.limit) expected.resize(range.limit);
      ASSERT_EQ(Scan(keys, range), expected);
      ASSERT_EQ(*keys.Count(), model.size());
    }
    if (random.OneIn(3)) continue;  // Discarded.
    ASSERT_TRUE(keys.Commit().has_value());
    ASSERT_EQ(Scan(below_), Pairs(model.begin(), model.end()));
  }
}

}  // namespace
}  // namespace kvs::server
