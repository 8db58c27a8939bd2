// Many threads on one store: writers, readers, scanners, batches, updates, compaction, syncs and statistics together.
// Values prove themselves (support/proving_value.h), so that any wrong, torn or misplaced one is noticed.
// Also promised:
//   - one reader never sees an older generation of a key than before, nor one older than the last acknowledged write
//     before its read;
//   - a batch writes generation g to k1..k8. After a reader saw g on any of them, every read that it begins later, on
//     any of them, sees g or a later generation. A batch that sets one half and removes the other half is seen as a
//     whole in the same way;
//   - no Update() is lost: counters are exact at the end.
// The numbers of operations are fixed, and the machine chooses the schedule. The test is made for ThreadSanitizer.
// KVS_TEST_SEED replays the choices of the threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "kvs/kv_store.h"
#include "support/proving_value.h"
#include "support/temporary_directory.h"
#include "support/test_seed.h"

namespace kvs {
namespace {

class StoreConcurrencyTest : public testing::Test {
 protected:
  using Work = std::function<void(std::uint64_t seed)>;

  void Open() {
    store_.reset();
    auto opened = KvStore::Open(directory_.path(), options_);
    ASSERT_TRUE(opened) << opened.error().ToString();
    store_ = *opened;
  }

  // Starts all at one moment and waits for their end.
  void RunTogether(const std::vector<Work>& works) {
    const std::uint64_t seed = test::TestSeed(20'261'121);
    SCOPED_TRACE(test::SeedTrace(seed));
    std::latch start(static_cast<std::ptrdiff_t>(works.size()));
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < works.size(); ++i) {
      threads.emplace_back([&, i] {
        start.count_down();
        start.wait();
        works[i](seed + i);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // The generation that a reader finds under `key`, 0 if it is absent.
  std::uint64_t ReadGeneration(const std::string& key, std::size_t bytes_max = 200) {
    const auto value = store_->Get(key);
    EXPECT_TRUE(value) << value.error().ToString();
    if (!value || !*value) return 0;
    const auto generation = test::GenerationOf(key, **value, bytes_max);
    EXPECT_TRUE(generation) << key << " -> " << (*value)->substr(0, 60);
    return generation.value_or(0);
  }

  static std::string KeyOf(std::uint64_t number) { return "key" + std::to_string(number); }

  test::TemporaryDirectory directory_;
  KvStoreOptions options_{
      .sync = SyncPolicy::kInterval, .sync_interval = std::chrono::milliseconds(5), .segment_bytes = 1 << 20};
  std::shared_ptr<KvStore> store_;
};

// Records of a few bytes. The last one is read while the next one is written right after it.
TEST_F(StoreConcurrencyTest, TinyRecordsAreReadWhileTheNextOneIsWritten) {
  constexpr int kWrites = 20'000;
  Open();
  const auto write = [&](std::uint64_t) {
    for (int i = 0; i < kWrites; ++i) ASSERT_TRUE(store_->Set(std::string(1, static_cast<char>('a' + i % 4)), ""));
  };
  const auto read = [&](std::uint64_t) {
    for (int i = 0; i < kWrites; ++i) {
      const auto value = store_->Get(std::string(1, static_cast<char>('a' + i % 4)));
      ASSERT_TRUE(value) << value.error().ToString();
      ASSERT_EQ(value->value_or(""), "");
    }
  };
  RunTogether({write, read});
}

// Each writer owns a part of the keys, so that it knows the current generations, and tells the readers.
TEST_F(StoreConcurrencyTest, ReadersSeeNothingOlderThanAcknowledgedWrites) {
  constexpr std::uint64_t kKeys = 512;
  constexpr int kWrites = 15'000;
  constexpr int kReads = 30'000;
  constexpr std::size_t kValueBytes = 2'000;
  Open();
  // The last acknowledged generation of each key. Keys are set here, never removed.
  std::array<std::atomic<std::uint64_t>, kKeys> acknowledged{};
  const auto write = [&](std::uint64_t part) {
    return [&, part](std::uint64_t seed) {
      base::Random random(seed);
      for (std::uint64_t generation = 1; generation <= kWrites; ++generation) {
        const std::uint64_t number = random.Below(kKeys / 2) * 2 + part;
        const std::string key = KeyOf(number);
        ASSERT_TRUE(store_->Set(key, test::ProvingValue(key, generation, kValueBytes)));
        acknowledged[number].store(generation, std::memory_order_release);  // -> acquire load in `read`
      }
    };
  };
  const auto read = [&](std::uint64_t seed) {
    base::Random random(seed);
    std::array<std::uint64_t, kKeys> seen{};
    for (int i = 0; i < kReads; ++i) {
      const std::uint64_t number = random.Below(kKeys);
      const std::uint64_t least = std::max(seen[number], acknowledged[number].load(std::memory_order_acquire));
      seen[number] = ReadGeneration(KeyOf(number), kValueBytes);
      ASSERT_GE(seen[number], least) << KeyOf(number);
    }
  };
  const auto read_many = [&](std::uint64_t seed) {
    constexpr std::size_t kTogether = 20;
    base::Random random(seed);
    for (std::size_t i = 0; i < kReads; i += kTogether) {
      std::array<std::uint64_t, kTogether> least{};
      std::array<std::string, kTogether> keys;
      std::array<std::string_view, kTogether> views;
      for (std::size_t k = 0; k < kTogether; ++k) {
        const std::uint64_t number = random.Below(kKeys);
        least[k] = acknowledged[number].load(std::memory_order_acquire);
        keys[k] = KeyOf(number);
        views[k] = keys[k];
      }
      const Status status = store_->MultiGet(views, [&](std::size_t k, std::optional<std::string_view> value) {
        const auto generation = value ? test::GenerationOf(keys[k], *value, kValueBytes) : 0;
        ASSERT_TRUE(generation) << keys[k] << " -> " << value->substr(0, 60);
        ASSERT_GE(*generation, least[k]) << keys[k];
      });
      ASSERT_TRUE(status) << status.error().ToString();
    }
  };
  const auto scan = [&](bool reverse) {
    return [&, reverse](std::uint64_t) {
      for (int i = 0; i < 40; ++i) {
        std::string last;
        const Status status = store_->Scan({.reverse = reverse}, [&](std::string_view key, std::string_view value) {
          EXPECT_TRUE(test::GenerationOf(key, value, kValueBytes)) << key;
          const bool is_in_order = last.empty() || (reverse ? key < last : key > last);
          EXPECT_TRUE(is_in_order) << last << " then " << key;
          last = key;
          return true;
        });
        ASSERT_TRUE(status) << status.error().ToString();
      }
    };
  };
  const auto disturb = [&](std::uint64_t) {
    for (int i = 0; i < 12; ++i) {
      ASSERT_TRUE(store_->Compact());
      ASSERT_TRUE(store_->Sync());
      ASSERT_TRUE(store_->Stats());
    }
  };
  RunTogether({write(0), write(1), read, read_many, scan(false), scan(true), disturb});
  Open();
  for (std::uint64_t number = 0; number < kKeys; ++number) {
    EXPECT_EQ(ReadGeneration(KeyOf(number), kValueBytes), acknowledged[number].load(std::memory_order_acquire));
  }
}

TEST_F(StoreConcurrencyTest, ABatchIsSeenAsAWhole) {
  constexpr std::uint64_t kMembers = 8;
  constexpr std::uint64_t kBatches = 8'000;
  constexpr int kReads = 40'000;
  Open();
  const auto write = [&](std::uint64_t) {
    for (std::uint64_t generation = 1; generation <= kBatches; ++generation) {
      WriteBatch batch;
      for (std::uint64_t i = 0; i < kMembers; ++i) {
        batch.Set(KeyOf(i), test::ProvingValue(KeyOf(i), generation));
      }
      ASSERT_TRUE(store_->Write(batch));
    }
  };
  const auto read = [&](std::uint64_t seed) {
    base::Random random(seed);
    std::uint64_t newest = 0;
    for (int i = 0; i < kReads; ++i) {
      const std::uint64_t generation = ReadGeneration(KeyOf(random.Below(kMembers)));
      ASSERT_GE(generation, newest);
      newest = generation;
    }
  };
  // Neighbours come and go, so that the leaf of the batch splits, merges and moves under it.
  const auto disturb = [&](std::uint64_t seed) {
    base::Random random(seed);
    for (int i = 0; i < 20'000; ++i) {
      const std::string key = "key" + std::to_string(random.Below(kMembers)) + "/" + std::to_string(random.Below(200));
      const Status status = random.OneIn(2) ? store_->Set(key, "x") : store_->Remove(key);
      ASSERT_TRUE(status || status.error().code == ErrorCode::kKeyNotFound);
    }
  };
  const auto compact = [&](std::uint64_t) {
    for (int i = 0; i < 15; ++i) ASSERT_TRUE(store_->Compact());
  };
  RunTogether({write, read, read, read, disturb, compact});
}

// In even generations the keys 0..3 are there and the others are not, in odd ones it is the other way round. A reader
// that sees both halves there, one after the other, may have met two generations, but never two reads in which a
// generation goes back: each present key names its own.
TEST_F(StoreConcurrencyTest, ABatchThatSetsAndRemovesIsSeenAsAWhole) {
  constexpr std::uint64_t kHalf = 4;
  constexpr std::uint64_t kBatches = 8'000;
  constexpr int kReads = 20'000;
  Open();
  const auto write = [&](std::uint64_t) {
    for (std::uint64_t generation = 1; generation <= kBatches; ++generation) {
      WriteBatch batch;
      const std::uint64_t set = generation % 2 * kHalf;
      for (std::uint64_t i = 0; i < kHalf; ++i) {
        batch.Set(KeyOf(set + i), test::ProvingValue(KeyOf(set + i), generation));
        batch.Remove(KeyOf(kHalf - set + i));
      }
      ASSERT_TRUE(store_->Write(batch));
    }
  };
  const auto read = [&](std::uint64_t seed) {
    base::Random random(seed);
    std::uint64_t newest = 0;  // The visible generation is this one or a later one.
    for (int i = 0; i < kReads; ++i) {
      const std::uint64_t number = random.Below(2 * kHalf);
      const std::uint64_t generation = ReadGeneration(KeyOf(number));
      if (generation != 0) {
        ASSERT_GE(generation, newest);
        newest = generation;
      } else if (newest != 0 && newest % 2 == number / kHalf) {
        ++newest;  // The generation that set it is over.
      }
    }
    EXPECT_LE(newest, kBatches);
  };
  const auto compact = [&](std::uint64_t) {
    for (int i = 0; i < 15; ++i) ASSERT_TRUE(store_->Compact());
  };
  RunTogether({write, read, read, read, compact});
}

// Each batch writes the next generation of all keys. A read after a scan that saw a generation never sees an earlier
// one.
TEST_F(StoreConcurrencyTest, AScanSeesNothingOfABatchBeforeOthersDo) {
  constexpr std::uint64_t kKeys = 2'000;
  constexpr std::uint64_t kBatches = 60;
  Open();
  std::atomic<bool> is_over = false;
  const auto write = [&](std::uint64_t) {
    for (std::uint64_t generation = 1; generation <= kBatches; ++generation) {
      WriteBatch batch;
      for (std::uint64_t i = 0; i < kKeys; ++i) batch.Set(KeyOf(i), test::ProvingValue(KeyOf(i), generation));
      ASSERT_TRUE(store_->Write(batch));
    }
    is_over.store(true, std::memory_order_relaxed);
  };
  const auto scan = [&](std::uint64_t seed) {
    base::Random random(seed);
    std::uint64_t newest = 0;
    while (!is_over.load(std::memory_order_relaxed)) {
      ASSERT_TRUE(store_->Scan({}, [&](std::string_view key, std::string_view value) {
        const auto generation = test::GenerationOf(key, value);
        EXPECT_TRUE(generation) << key;
        newest = std::max(newest, generation.value_or(0));
        if (random.OneIn(20)) {
          EXPECT_GE(ReadGeneration(KeyOf(random.Below(kKeys))), newest) << key;
        }
        return true;
      }));
    }
  };
  RunTogether({write, scan, scan});
}

TEST_F(StoreConcurrencyTest, NoUpdateIsLost) {
  constexpr int kThreads = 6;
  constexpr int kUpdates = 3'000;
  constexpr std::uint64_t kCounters = 3;
  Open();
  const auto count = [&](std::uint64_t seed) {
    base::Random random(seed);
    for (int i = 0; i < kUpdates; ++i) {
      const Status status =
          store_->Update(KeyOf(random.Below(kCounters)), [](std::optional<std::string_view> current) -> UpdateDecision {
            return std::to_string(current ? std::stoull(std::string(*current)) + 1 : 1);
          });
      ASSERT_TRUE(status) << status.error().ToString();
    }
  };
  std::vector<Work> works(kThreads, count);
  works.emplace_back([&](std::uint64_t) {
    for (int i = 0; i < 15; ++i) ASSERT_TRUE(store_->Compact());
  });
  RunTogether(works);
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < kCounters; ++i) sum += std::stoull((*store_->Get(KeyOf(i))).value());
  EXPECT_EQ(sum, std::uint64_t{kThreads} * kUpdates);
}

TEST_F(StoreConcurrencyTest, AThousandThreadsSetAndAllIsThereAfterReopening) {
  constexpr std::uint64_t kThreads = 1'000;
  Open();
  RunTogether(std::vector<Work>(kThreads, [&](std::uint64_t seed) {
    const std::uint64_t number = seed - test::TestSeed(20'261'121);
    ASSERT_TRUE(store_->Set(KeyOf(number), "value" + std::to_string(number)));
  }));
  Open();
  for (std::uint64_t i = 0; i < kThreads; ++i) {
    const auto value = store_->Get(KeyOf(i));
    ASSERT_TRUE(value);
    EXPECT_EQ(*value, "value" + std::to_string(i));
  }
}

TEST_F(StoreConcurrencyTest, AHundredThreadsGetTheStoredValues) {
  constexpr std::uint64_t kKeys = 100;
  Open();
  for (std::uint64_t i = 0; i < kKeys; ++i) ASSERT_TRUE(store_->Set(KeyOf(i), "value" + std::to_string(i)));
  const std::vector<Work> readers(100, [&](std::uint64_t seed) {
    for (std::uint64_t i = 0; i < kKeys; ++i) {
      const std::uint64_t number = (seed + i) % kKeys;
      ASSERT_EQ(store_->Get(KeyOf(number)).value(), "value" + std::to_string(number));
    }
  });
  RunTogether(readers);
  Open();
  RunTogether(readers);
}

TEST_F(StoreConcurrencyTest, EveryWriterUnderAlwaysIsAnsweredAndAllIsThere) {
  constexpr std::uint64_t kThreads = 8;
  constexpr std::uint64_t kWrites = 100;
  options_.sync = SyncPolicy::kAlways;
  Open();
  std::vector<Work> works;
  for (std::uint64_t thread = 0; thread < kThreads; ++thread) {
    works.emplace_back([&, thread](std::uint64_t) {
      for (std::uint64_t i = 0; i < kWrites; ++i) {
        const std::string key = KeyOf(thread * kWrites + i);
        ASSERT_TRUE(store_->Set(key, test::ProvingValue(key, 1)));
      }
    });
  }
  RunTogether(works);
  EXPECT_GT(store_->Stats()->syncs, 0U);
  Open();
  for (std::uint64_t i = 0; i < kThreads * kWrites; ++i) EXPECT_EQ(ReadGeneration(KeyOf(i)), 1U);
}

// The threads of the store are at some point of their work when it ends, another one each time.
TEST_F(StoreConcurrencyTest, OpeningAndClosingInALoopLosesNothing) {
  constexpr std::uint64_t kRounds = 20;
  constexpr std::uint64_t kKeys = 200;
  for (std::uint64_t round = 1; round <= kRounds; ++round) {
    options_.sync = static_cast<SyncPolicy>(round % 3);
    Open();
    for (std::uint64_t i = 0; round > 1 && i < kKeys; ++i) ASSERT_EQ(ReadGeneration(KeyOf(i), 20'000), round - 1);
    const auto write = [&](std::uint64_t part) {
      return [&, part](std::uint64_t) {
        for (std::uint64_t i = part; i < kKeys; i += 2) {
          ASSERT_TRUE(store_->Set(KeyOf(i), test::ProvingValue(KeyOf(i), round, 20'000)));
        }
      };
    };
    std::vector<Work> works{write(0), write(1)};
    if (round % 4 == 0) works.emplace_back([&](std::uint64_t) { ASSERT_TRUE(store_->Compact()); });
    if (round % 5 == 0) works.emplace_back([&](std::uint64_t) { ASSERT_TRUE(store_->Sync()); });
    RunTogether(works);
  }
}

TEST_F(StoreConcurrencyTest, AnIdleStoreCloses) {
  for (const SyncPolicy policy : {SyncPolicy::kNone, SyncPolicy::kInterval, SyncPolicy::kAlways}) {
    options_.sync = policy;
    options_.sync_interval = std::chrono::hours(1);
    Open();
    store_.reset();
  }
}

}  // namespace
}  // namespace kvs
