// Promised by engine.h: a scan visits the pairs of its range in byte order, forwards or backwards, until the visitor
// ends it. The tests try each bound alone, and then compare random ranges over random keys with a std::map.
// KVS_TEST_SEED replays the random ones.
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "contract/engine_test.h"

namespace kvs::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Keys = std::vector<std::string>;

class ScanTest : public EngineTest {
 protected:
  void Fill(const Keys& keys) {
    for (const std::string& key : keys) ASSERT_EQ(CodeOf(engine_->Set(key, "of " + key)), "ok");
  }

  Keys Scan(const ScanRange& range) {
    Keys keys;
    const Status status = engine_->Scan(range, [&keys](std::string_view key, std::string_view value) {
      EXPECT_EQ(value, "of " + std::string(key));
      keys.emplace_back(key);
      return true;
    });
    EXPECT_EQ(CodeOf(status), "ok");
    return keys;
  }
};
KVS_FOR_EACH_ENGINE(ScanTest);

TEST_P(ScanTest, VisitsEverythingInByteOrder) {
  Fill({"b", "a", "", "ab", "\xff", "B", std::string("a\0", 2), "aa", "\x80"});
  EXPECT_THAT(Scan({}), ElementsAre("", "B", "a", std::string("a\0", 2), "aa", "ab", "b", "\x80", "\xff"));
  EXPECT_THAT(Scan({.reverse = true}),
              ElementsAre("\xff", "\x80", "b", "ab", "aa", std::string("a\0", 2), "a", "B", ""));
}

TEST_P(ScanTest, VisitsNothingInAnEmptyStore) {
  EXPECT_THAT(Scan({}), IsEmpty());
  EXPECT_THAT(Scan({.reverse = true}), IsEmpty());
}

TEST_P(ScanTest, BeginsAtFromAndEndsBeforeTo) {
  Fill({"a", "b", "c", "d"});
  EXPECT_THAT(Scan({.from = "b"}), ElementsAre("b", "c", "d"));
  EXPECT_THAT(Scan({.from = "bb"}), ElementsAre("c", "d"));
  EXPECT_THAT(Scan({.to = "c"}), ElementsAre("a", "b"));
  EXPECT_THAT(Scan({.from = "b", .to = "d"}), ElementsAre("b", "c"));
  EXPECT_THAT(Scan({.from = "b", .to = "d", .reverse = true}), ElementsAre("c", "b"));
}

TEST_P(ScanTest, VisitsNothingInAnEmptyRange) {
  Fill({"a", "b", "c"});
  EXPECT_THAT(Scan({.from = "b", .to = "b"}), IsEmpty());
  EXPECT_THAT(Scan({.from = "c", .to = "a"}), IsEmpty());
  EXPECT_THAT(Scan({.from = "c", .to = "a", .reverse = true}), IsEmpty());
  EXPECT_THAT(Scan({.to = ""}), IsEmpty());
  EXPECT_THAT(Scan({.to = "b", .prefix = "c"}), IsEmpty());
}

TEST_P(ScanTest, StaysWithinThePrefix) {
  Fill({"a", "ab", "ab\xff", "ab\xff\xff", "ac", "b", "\xff", "\xff\xff", "\xff\xff!"});
  EXPECT_THAT(Scan({.prefix = "ab"}), ElementsAre("ab", "ab\xff", "ab\xff\xff"));
  EXPECT_THAT(Scan({.prefix = "ab\xff", .reverse = true}), ElementsAre("ab\xff\xff", "ab\xff"));
  EXPECT_THAT(Scan({.prefix = "\xff\xff"}), ElementsAre("\xff\xff", "\xff\xff!"));
  EXPECT_THAT(Scan({.from = "ab\xff\xff", .prefix = "ab"}), ElementsAre("ab\xff\xff"));
  EXPECT_THAT(Scan({.to = "ab\xff", .prefix = "ab"}), ElementsAre("ab"));
  EXPECT_THAT(Scan({.prefix = "x"}), IsEmpty());
}

TEST_P(ScanTest, EndsAtTheLimit) {
  Fill({"a", "b", "c"});
  EXPECT_THAT(Scan({.limit = 2}), ElementsAre("a", "b"));
  EXPECT_THAT(Scan({.limit = 1, .reverse = true}), ElementsAre("c"));
  EXPECT_THAT(Scan({.limit = 0}), IsEmpty());
}

TEST_P(ScanTest, EndsWhenTheVisitorSaysSo) {
  Fill({"a", "b", "c"});
  int visits = 0;
  ASSERT_EQ(CodeOf(engine_->Scan({}, [&visits](std::string_view, std::string_view) { return ++visits < 2; })), "ok");
  EXPECT_EQ(visits, 2);
}

TEST_P(ScanTest, LeavesOutRemovedKeysAndShowsLatestValues) {
  Fill({"a", "b", "c"});
  ASSERT_EQ(CodeOf(engine_->Set("a", "stale")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("a", "of a")), "ok");
  ASSERT_EQ(CodeOf(engine_->Remove("b")), "ok");
  EXPECT_THAT(Scan({}), ElementsAre("a", "c"));
}

TEST_P(ScanTest, TheVisitorMayReadFromTheEngine) {
  Fill({"a", "b"});
  ASSERT_EQ(CodeOf(engine_->Scan({},
                                 [this](std::string_view key, std::string_view value) {
                                   EXPECT_EQ(Get(key), value);
                                   EXPECT_THAT(Scan({}), ElementsAre("a", "b"));
                                   return true;
                                 })),
            "ok");
}

// Another thread writes while the visitor looks at the first pair: far ahead, for an engine may look a little ahead.
TEST_P(ScanTest, ShowsWritesMadeAheadOfItDuringTheScan) {
  Keys keys;
  for (int i = 1'000; i < 2'000; ++i) keys.push_back(std::to_string(i));
  for (const bool is_reverse : {false, true}) {
    Fill(keys);
    std::size_t visits = 0;
    const auto visit = [&](std::string_view key, std::string_view value) {
      if (++visits == 1) {
        std::jthread([this] {
          EXPECT_EQ(CodeOf(engine_->Set("1500", "new")), "ok");
          EXPECT_EQ(CodeOf(engine_->Remove("1501")), "ok");
        }).join();
      }
      EXPECT_EQ(value, key == "1500" ? "new" : "of " + std::string(key));
      EXPECT_NE(key, "1501");
      return true;
    };
    ASSERT_EQ(CodeOf(engine_->Scan({.reverse = is_reverse}, visit)), "ok");
    EXPECT_EQ(visits, keys.size() - 1);
  }
}

// The range's meaning, stated again by a std::map.
Keys Expected(const std::map<std::string, bool>& model, const ScanRange& range) {
  Keys keys;
  for (const auto& [key, ignored] : model) {
    if (key >= range.from && (!range.to || key < *range.to) && key.starts_with(range.prefix)) keys.push_back(key);
  }
  if (range.reverse) keys = Keys(keys.rbegin(), keys.rend());
  if (keys.size() > range.limit) keys.resize(range.limit);
  return keys;
}

// Few letters, so that prefixes, equal beginnings and 0xff are common.
std::string RandomKey(base::Random& random) {
  std::string key(random.Below(6), '\0');
  for (char& letter : key) letter = "\0ab\xff"[random.Below(4)];
  return key;
}

TEST_P(ScanTest, AgreesWithAMapOnRandomRanges) {
  const char* const replay = std::getenv("KVS_TEST_SEED");
  const std::uint64_t seed = replay != nullptr ? std::strtoull(replay, nullptr, 10) : 20'261'121;
  SCOPED_TRACE("KVS_TEST_SEED=" + std::to_string(seed));
  base::Random random(seed);
  std::map<std::string, bool> model;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 60; ++i) {
      const std::string key = RandomKey(random);
      if (random.OneIn(4)) {
        EXPECT_EQ(CodeOf(engine_->Remove(key)), model.erase(key) > 0 ? "ok" : "key not found");
      } else {
        ASSERT_EQ(CodeOf(engine_->Set(key, "of " + key)), "ok");
        model[key] = true;
      }
    }
    for (int i = 0; i < 100; ++i) {
      ScanRange range{.from = RandomKey(random), .reverse = random.OneIn(2)};
      if (random.OneIn(2)) range.from.clear();
      if (random.OneIn(2)) range.to = RandomKey(random);
      if (random.OneIn(2)) range.prefix = RandomKey(random).substr(0, 2);
      if (random.OneIn(2)) range.limit = random.Below(10);
      ASSERT_EQ(Scan(range), Expected(model, range));
    }
  }
}

}  // namespace
}  // namespace kvs::test
