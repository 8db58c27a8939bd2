// Promised by engine.h: a batch takes effect as a whole and in its order, or not at all. An update reads and writes in
// one step. The tests try every kind of operation, and read a batch from another thread while it is written.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "contract/engine_test.h"

namespace kvs::test {
namespace {

class BatchTest : public EngineTest {};
KVS_FOR_EACH_ENGINE(BatchTest);

TEST_P(BatchTest, SetsAndRemovesTakeEffectTogether) {
  ASSERT_EQ(CodeOf(engine_->Set("old", "value")), "ok");
  WriteBatch batch;
  batch.Set("one", "1");
  batch.Remove("old");
  batch.Set("two", "2");
  ASSERT_EQ(CodeOf(engine_->Write(batch)), "ok");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Get("one"), "1");
    EXPECT_EQ(Get("two"), "2");
    EXPECT_EQ(Get("old"), "(absent)");
    Reopen();
  }
}

TEST_P(BatchTest, TheLaterOfTwoOperationsOnAKeyWins) {
  WriteBatch batch;
  batch.Set("twice", "first");
  batch.Set("twice", "second");
  batch.Set("set and removed", "value");
  batch.Remove("set and removed");
  batch.Remove("removed and set");
  batch.Set("removed and set", "value");
  ASSERT_EQ(CodeOf(engine_->Write(batch)), "ok");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Get("twice"), "second");
    EXPECT_EQ(Get("set and removed"), "(absent)");
    EXPECT_EQ(Get("removed and set"), "value");
    Reopen();
  }
}

TEST_P(BatchTest, RemovingAnAbsentKeyIsAllowed) {
  WriteBatch batch;
  batch.Remove("absent");
  batch.Set("key", "value");
  EXPECT_EQ(CodeOf(engine_->Write(batch)), "ok");
  EXPECT_EQ(Get("key"), "value");
}

TEST_P(BatchTest, AnEmptyBatchDoesNothing) { EXPECT_EQ(CodeOf(engine_->Write(WriteBatch())), "ok"); }

TEST_P(BatchTest, AReaderSeesBothHalvesOrNeither) {
  WriteBatch both;
  both.Set("left", "0");
  both.Set("right", "0");
  ASSERT_EQ(CodeOf(engine_->Write(both)), "ok");

  std::atomic<bool> is_done{false};
  std::jthread writer([&] {
    for (int i = 1; i <= 300; ++i) {
      WriteBatch next;
      next.Set("left", std::to_string(i));
      next.Set("right", std::to_string(i));
      EXPECT_EQ(CodeOf(engine_->Write(next)), "ok");
    }
    is_done.store(true, std::memory_order_release);
  });
  while (!is_done.load(std::memory_order_acquire)) {
    const int left = std::stoi(Get("left"));  // Written before the next read, or with it.
    const int right = std::stoi(Get("right"));
    ASSERT_LE(left, right);
  }
}

class UpdateTest : public EngineTest {};
KVS_FOR_EACH_ENGINE(UpdateTest);

TEST_P(UpdateTest, SeesTheCurrentValueAndSetsTheNext) {
  ASSERT_EQ(CodeOf(engine_->Set("key", "1")), "ok");
  ASSERT_EQ(CodeOf(engine_->Update("key",
                                   [](std::optional<std::string_view> current) {
                                     return UpdateDecision(std::string(current.value()) + "2");
                                   })),
            "ok");
  EXPECT_EQ(Get("key"), "12");
  Reopen();
  EXPECT_EQ(Get("key"), "12");
}

TEST_P(UpdateTest, SeesThatAKeyIsAbsentAndMayCreateIt) {
  ASSERT_EQ(CodeOf(engine_->Update("key",
                                   [](std::optional<std::string_view> current) {
                                     EXPECT_EQ(current, std::nullopt);
                                     return UpdateDecision::Set("");
                                   })),
            "ok");
  EXPECT_EQ(Get("key"), "");
}

TEST_P(UpdateTest, TellsTheEmptyValueFromNone) {
  ASSERT_EQ(CodeOf(engine_->Set("key", "")), "ok");
  ASSERT_EQ(CodeOf(engine_->Update("key",
                                   [](std::optional<std::string_view> current) {
                                     EXPECT_EQ(current, "");
                                     return UpdateDecision::Set("set");
                                   })),
            "ok");
  EXPECT_EQ(Get("key"), "set");
}

TEST_P(UpdateTest, MayRemoveTheKey) {
  ASSERT_EQ(CodeOf(engine_->Set("key", "value")), "ok");
  ASSERT_EQ(CodeOf(engine_->Update("key", [](auto) { return UpdateDecision::Remove(); })), "ok");
  EXPECT_EQ(Get("key"), "(absent)");
  Reopen();
  EXPECT_EQ(Get("key"), "(absent)");
}

TEST_P(UpdateTest, MayRemoveAnAbsentKey) {
  EXPECT_EQ(CodeOf(engine_->Update("key", [](auto) { return UpdateDecision::Remove(); })), "ok");
  EXPECT_EQ(Get("key"), "(absent)");
}

TEST_P(UpdateTest, MayKeepTheValue) {
  ASSERT_EQ(CodeOf(engine_->Set("key", "value")), "ok");
  EXPECT_EQ(CodeOf(engine_->Update("key", [](auto) { return UpdateDecision::Keep(); })), "ok");
  EXPECT_EQ(Get("key"), "value");
  EXPECT_EQ(CodeOf(engine_->Update("absent", [](auto) { return UpdateDecision::Keep(); })), "ok");
  EXPECT_EQ(Get("absent"), "(absent)");
}

// A value is a number, and gets a mark by an update. Once a number is acknowledged, nobody may see the one before it:
// an update that has read that, and not this, would have brought it back.
TEST_P(UpdateTest, NeverOverwritesAValueItHasNotSeen) {
  const std::string key = "key";
  const auto write = [&](const std::string& number) {
    WriteBatch batch;
    batch.Set("another", number);
    batch.Set(key, number);
    const std::vector<KeyValue> pairs = {{"another", number}, {key, number}};
    std::size_t set = 0;
    switch (number.back() % 3) {
      case 0: return engine_->Set(key, number);
      case 1: return engine_->Write(batch);
      default: return engine_->MultiSet(pairs, set);
    }
  };
  ASSERT_EQ(CodeOf(write("0")), "ok");

  std::atomic<bool> is_done{false};
  std::jthread updater([&] {
    while (!is_done.load(std::memory_order_acquire)) {
      const Status status = engine_->Update(key, [](std::optional<std::string_view> current) {
        return UpdateDecision(std::string(current.value_or("")).substr(0, 8) + "!");
      });
      EXPECT_EQ(CodeOf(status), "ok");
    }
  });
  for (int i = 1; i <= 500; ++i) {
    const std::string number = std::to_string(i);
    EXPECT_EQ(CodeOf(write(number)), "ok");
    const std::string seen = Get(key);
    EXPECT_EQ(seen.substr(0, seen.find('!')), number);
    if (i % 50 == 0) {  // A removed key does not come back either, but as a mark alone.
      EXPECT_EQ(CodeOf(engine_->Remove(key)), "ok");
      EXPECT_THAT(Get(key), testing::AnyOf("(absent)", testing::MatchesRegex("!*")));
    }
  }
  is_done.store(true, std::memory_order_release);
}

TEST_P(UpdateTest, LosesNoUpdateOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kUpdates = 250;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([this] {
        for (int j = 0; j < kUpdates; ++j) {
          const Status status = engine_->Update("counter", [](std::optional<std::string_view> current) {
            return UpdateDecision(std::to_string(std::stoi(std::string(current.value_or("0"))) + 1));
          });
          EXPECT_EQ(CodeOf(status), "ok");
        }
      });
    }
  }
  EXPECT_EQ(Get("counter"), std::to_string(kThreads * kUpdates));
}

}  // namespace
}  // namespace kvs::test
