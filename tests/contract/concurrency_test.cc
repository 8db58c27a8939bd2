// Promised by engine.h: any thread may call anything. The tests let a thousand threads write, and a hundred read,
// concurrently, as the specification names it, and reopen in between.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "contract/engine_test.h"

namespace kvs::test {
namespace {

class ConcurrencyTest : public EngineTest {
 protected:
  static constexpr int kWriters = 1'000;

  void WriteFromAThousandThreads() {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kWriters; ++i) {
      threads.emplace_back(
          [this, i] { EXPECT_EQ(CodeOf(engine_->Set("key" + std::to_string(i), "value" + std::to_string(i))), "ok"); });
    }
  }
};
KVS_FOR_EACH_ENGINE(ConcurrencyTest);

TEST_P(ConcurrencyTest, ConcurrentSet) {
  WriteFromAThousandThreads();
  Reopen();
  for (int i = 0; i < kWriters; ++i) EXPECT_EQ(Get("key" + std::to_string(i)), "value" + std::to_string(i));
}

TEST_P(ConcurrencyTest, ConcurrentGet) {
  WriteFromAThousandThreads();
  for (int round = 0; round < 2; ++round) {
    {
      std::vector<std::jthread> threads;
      for (int thread = 0; thread < 100; ++thread) {
        threads.emplace_back([this, thread] {
          for (int i = 0; i < 100; ++i) {
            const std::string number = std::to_string((i + thread * 7) % kWriters);
            EXPECT_EQ(Get("key" + number), "value" + number);
          }
        });
      }
    }
    Reopen();
  }
}

TEST_P(ConcurrencyTest, OneOfManyRemovalsOfAKeySucceeds) {
  for (int round = 0; round < 50; ++round) {
    ASSERT_EQ(CodeOf(engine_->Set("key", "value")), "ok");
    std::atomic<int> removals{0};
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          if (engine_->Remove("key")) removals.fetch_add(1, std::memory_order_relaxed);
        });
      }
    }
    ASSERT_EQ(removals.load(std::memory_order_relaxed), 1);
  }
}

// Readers, writers and scans of the same few keys: each value says whose it is.
TEST_P(ConcurrencyTest, NobodyReadsAValueThatWasNeverWritten) {
  constexpr int kKeys = 20;
  std::atomic<int> writers_left{2};
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < 400; ++i) {
        const std::string key = std::to_string(i % kKeys);
        const Status status = i % 5 == writer ? engine_->Remove(key) : engine_->Set(key, "of " + key);
        EXPECT_TRUE(status || status.error().code == ErrorCode::kKeyNotFound);
      }
      writers_left.fetch_sub(1, std::memory_order_release);
    });
  }
  while (writers_left.load(std::memory_order_acquire) > 0) {
    for (int i = 0; i < kKeys; ++i) {
      const std::string value = Get(std::to_string(i));
      ASSERT_TRUE(value == "(absent)" || value == "of " + std::to_string(i)) << value;
    }
    const Status scan = engine_->Scan({}, [](std::string_view key, std::string_view value) {
      EXPECT_EQ(value, "of " + std::string(key));
      return true;
    });
    ASSERT_EQ(CodeOf(scan), "ok");
  }
}

}  // namespace
}  // namespace kvs::test
