// Promised by engine.h: MultiGet() visits every place of the list once, with the value that Read() would find.
// MultiSet() sets the pairs in the list's order and reports the number that it set. The tests use keys that exist, are
// absent, repeated or too long, no keys and very many. The values have every size. Some tests run alone, others while
// another thread writes.
#include <atomic>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "contract/engine_test.h"
#include "support/proving_value.h"
#include "support/test_seed.h"

namespace kvs::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Pairs = std::vector<std::pair<std::string, std::string>>;

class ManyKeysTest : public EngineTest {
 protected:
  // The result of MultiGet() per place: "(absent)" if nothing was there, "(unvisited)" if it was not visited.
  std::vector<std::string> MultiGet(const std::vector<std::string>& keys) {
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    std::vector<std::string> values(keys.size(), "(unvisited)");
    std::vector<int> visits(keys.size(), 0);
    const Status status = engine_->MultiGet(views, [&](std::size_t index, std::optional<std::string_view> value) {
      ASSERT_LT(index, keys.size());
      ++visits[index];
      values[index] = value.value_or("(absent)");
    });
    EXPECT_EQ(CodeOf(status), "ok");
    for (std::size_t i = 0; i < visits.size(); ++i) EXPECT_EQ(visits[i], 1) << "place " << i;
    return values;
  }

  // "ok", or the code of the error, and how many were set.
  std::string MultiSet(const Pairs& owned) {
    std::vector<KeyValue> pairs;
    for (const auto& [key, value] : owned) pairs.push_back({key, value});
    std::size_t set = 12'345;  // Any value.
    const std::string code = CodeOf(engine_->MultiSet(pairs, set));
    return code + ", " + std::to_string(set);
  }
};
KVS_FOR_EACH_ENGINE(ManyKeysTest);

TEST_P(ManyKeysTest, MultiGetAnswersForPresentAndAbsentKeys) {
  ASSERT_EQ(CodeOf(engine_->Set("a", "1")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("b", "2")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("empty", "")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("removed", "value")), "ok");
  ASSERT_EQ(CodeOf(engine_->Remove("removed")), "ok");
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(MultiGet({"b", "absent", "a", "removed", "empty"}), ElementsAre("2", "(absent)", "1", "(absent)", ""));
    Reopen();
  }
}

TEST_P(ManyKeysTest, MultiGetOfNoKeyVisitsNothing) { EXPECT_THAT(MultiGet({}), IsEmpty()); }

TEST_P(ManyKeysTest, MultiGetOfOneKeyTwiceAnswersTwice) {
  ASSERT_EQ(CodeOf(engine_->Set("a", "1")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("", "of the empty key")), "ok");
  EXPECT_THAT(MultiGet({"a", "a", "x", "", "x", "a", ""}),
              ElementsAre("1", "1", "(absent)", "of the empty key", "(absent)", "1", "of the empty key"));
}

// Around every size in which an engine may take its keys.
TEST_P(ManyKeysTest, MultiGetTakesAnyNumberOfKeys) {
  for (int i = 0; i < 500; ++i) ASSERT_EQ(CodeOf(engine_->Set(std::to_string(2 * i), std::to_string(i))), "ok");
  for (const std::size_t count :
       std::initializer_list<std::size_t>{1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1'000}) {
    std::vector<std::string> keys;
    std::vector<std::string> expected;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t number = (i * 379) % 1'000;
      keys.push_back(std::to_string(number));
      expected.push_back(number % 2 == 0 ? std::to_string(number / 2) : "(absent)");
    }
    ASSERT_EQ(MultiGet(keys), expected) << count;
  }
}

TEST_P(ManyKeysTest, MultiGetReadsValuesOfEverySize) {
  std::vector<std::string> keys;
  std::vector<std::string> values;
  for (const std::size_t bytes :
       std::initializer_list<std::size_t>{0, 1, 100, 4'095, 4'096, 65'536, 1'000'000, 1 << 20}) {
    keys.push_back("of " + std::to_string(bytes));
    values.emplace_back(bytes, static_cast<char>('a' + keys.size()));
    ASSERT_EQ(CodeOf(engine_->Set(keys.back(), values.back())), "ok");
  }
  EXPECT_TRUE(MultiGet(keys) == values);
  Reopen();
  EXPECT_TRUE(MultiGet(keys) == values);
}

TEST_P(ManyKeysTest, PrefetchChangesNothing) {
  std::vector<std::string> keys = {"absent", "", std::string(kKeyBytesMax + 1, 'k')};
  for (int i = 0; i < 100; ++i) ASSERT_EQ(CodeOf(engine_->Set(keys.emplace_back(std::to_string(i)), "value")), "ok");
  engine_->Prefetch({});
  engine_->Prefetch(std::vector<std::string_view>(keys.begin(), keys.end()));
  EXPECT_THAT(MultiGet({"absent", "", "0", "99", "100"}),
              ElementsAre("(absent)", "(absent)", "value", "value", "(absent)"));
}

// As Read(): an engine may say that there can be no such key, or that there is none.
TEST_P(ManyKeysTest, MultiGetFindsNoKeyOverTheLimit) {
  const std::string long_key(kKeyBytesMax + 1, 'k');
  ASSERT_EQ(CodeOf(engine_->Set(long_key.substr(1), "value")), "ok");
  const std::vector<std::string_view> keys = {"a", long_key, "b"};
  const Status status = engine_->MultiGet(
      keys, [](std::size_t, std::optional<std::string_view> value) { EXPECT_EQ(value, std::nullopt); });
  const Result<bool> read = engine_->Read(long_key, [](std::string_view) { ADD_FAILURE() << "visited"; });
  EXPECT_EQ(CodeOf(status), CodeOf(read));
  EXPECT_THAT(CodeOf(status), testing::AnyOf("ok", "invalid argument"));
}

TEST_P(ManyKeysTest, TheVisitorOfMultiGetMayReadFromTheEngine) {
  ASSERT_EQ(CodeOf(engine_->Set("a", "1")), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("b", "2")), "ok");
  const std::vector<std::string_view> keys = {"a", "b"};
  int visits = 0;
  const Status status = engine_->MultiGet(keys, [&](std::size_t index, std::optional<std::string_view> value) {
    EXPECT_EQ(Get(keys[index]), value);
    ++visits;
  });
  EXPECT_EQ(CodeOf(status), "ok");
  EXPECT_EQ(visits, 2);
}

TEST_P(ManyKeysTest, MultiSetSetsAll) {
  EXPECT_EQ(MultiSet({{"a", "1"}, {"", "of the empty key"}, {"b", ""}}), "ok, 3");
  for (int round = 0; round < 2; ++round) {
    EXPECT_THAT(MultiGet({"a", "", "b"}), ElementsAre("1", "of the empty key", ""));
    Reopen();
  }
}

TEST_P(ManyKeysTest, MultiSetOfNothingSetsNothing) { EXPECT_EQ(MultiSet({}), "ok, 0"); }

TEST_P(ManyKeysTest, MultiSetKeepsTheLaterOfTwoPairsWithOneKey) {
  EXPECT_EQ(MultiSet({{"key", "first"}, {"other", "value"}, {"key", "second"}, {"key", "third"}}), "ok, 4");
  EXPECT_EQ(Get("key"), "third");
  Reopen();
  EXPECT_EQ(Get("key"), "third");
}

TEST_P(ManyKeysTest, MultiSetStopsBeforeThePairThatIsOverTheLimit) {
  const std::string long_key(kKeyBytesMax + 1, 'k');
  EXPECT_EQ(MultiSet({{"a", "1"}, {"b", "2"}, {long_key, "3"}, {"c", "4"}}), "invalid argument, 2");
  EXPECT_THAT(MultiGet({"a", "b", "c"}), ElementsAre("1", "2", "(absent)"));
  EXPECT_EQ(MultiSet({{long_key, "1"}, {"d", "2"}}), "invalid argument, 0");
  EXPECT_EQ(Get("d"), "(absent)");
}

// More pairs, and more bytes, than an engine is likely to take in one go.
TEST_P(ManyKeysTest, MultiSetTakesAnyNumberOfPairs) {
  const std::uint64_t seed = TestSeed(20'261'121);
  SCOPED_TRACE(SeedTrace(seed));
  base::Random random(seed);
  std::map<std::string, std::string> model;
  for (const std::size_t count : std::initializer_list<std::size_t>{1, 16, 255, 256, 257, 1'000}) {
    Pairs pairs;
    for (std::size_t i = 0; i < count; ++i) {
      pairs.emplace_back(std::to_string(random.Below(1'500)),
                         std::to_string(i) + std::string(random.Below(5'000), 'v'));
      model[pairs.back().first] = pairs.back().second;
    }
    ASSERT_EQ(MultiSet(pairs), "ok, " + std::to_string(count));
  }
  Reopen();
  std::vector<std::string> keys;
  std::vector<std::string> values;
  for (const auto& [key, value] : model) {
    keys.push_back(key);
    values.push_back(value);
  }
  EXPECT_TRUE(MultiGet(keys) == values);
}

TEST_P(ManyKeysTest, MultiSetTakesLargeValues) {
  const std::string large(std::size_t{3} << 20, 'l');
  EXPECT_EQ(MultiSet({{"a", large}, {"b", "small"}, {"c", large}}), "ok, 3");
  EXPECT_TRUE(Get("a") == large);
  EXPECT_EQ(Get("b"), "small");
  EXPECT_TRUE(Get("c") == large);
}

// Values that name their key and generation, read many at a time while they are set many at a time.
TEST_P(ManyKeysTest, ReadersSeeOnlyWholeValuesThatNeverGetOlder) {
  constexpr std::size_t kKeys = 40;
  constexpr std::uint64_t kGenerations = 60;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < kKeys; ++i) keys.push_back("key" + std::to_string(i));
  const auto set_generation = [&](std::uint64_t generation) {
    Pairs pairs;
    for (const std::string& key : keys) pairs.emplace_back(key, ProvingValue(key, generation));
    EXPECT_EQ(MultiSet(pairs), "ok, " + std::to_string(kKeys));
  };
  set_generation(1);

  std::atomic<std::uint64_t> acknowledged{1};
  std::jthread writer([&] {
    for (std::uint64_t generation = 2; generation <= kGenerations; ++generation) {
      set_generation(generation);
      acknowledged.store(generation, std::memory_order_release);
    }
  });
  for (std::uint64_t least = 1; least < kGenerations;) {
    least = acknowledged.load(std::memory_order_acquire);
    const std::vector<std::string> values = MultiGet(keys);
    for (std::size_t i = 0; i < kKeys; ++i) {
      const std::optional<std::uint64_t> generation = GenerationOf(keys[i], values[i]);
      ASSERT_TRUE(generation) << keys[i] << " holds " << values[i];
      ASSERT_GE(*generation, least) << keys[i];
    }
  }
}

}  // namespace
}  // namespace kvs::test
