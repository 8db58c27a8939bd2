// Promised: each key is linearizable. Small groups of threads set, get, remove, update and write batches on very few
// keys. Each operation notes its result and the times of its begin and end, by one clock that all threads share. Then a
// checker (history.h) searches for an order that explains the results. There are many short rounds, because the search
// grows with the overlap. The first tests give the checker histories with a known answer, because a checker that
// accepts everything proves nothing. KVS_TEST_SEED replays the choices of the threads.
#include "history.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "kvs/kv_store.h"
#include "support/tally.h"
#include "support/temporary_directory.h"
#include "support/test_seed.h"

namespace kvs {
namespace {

using test::History;
using test::HistoryOperation;
using Kind = HistoryOperation::Kind;

History HistoryOf(std::initializer_list<HistoryOperation> operations) {
  History history;
  for (const HistoryOperation& operation : operations) history.Add(operation);
  return history;
}

TEST(HistoryTest, AReadDuringAWriteMaySeeEither) {
  const HistoryOperation set{.kind = Kind::kSet, .written = 1, .begin = 1, .end = 4};
  EXPECT_TRUE(HistoryOf({set, {.kind = Kind::kGet, .observed = 0, .begin = 2, .end = 3}}).IsLinearizable());
  EXPECT_TRUE(HistoryOf({set, {.kind = Kind::kGet, .observed = 1, .begin = 2, .end = 3}}).IsLinearizable());
}

TEST(HistoryTest, AReadAfterAWriteMustSeeIt) {
  const HistoryOperation set{.kind = Kind::kSet, .written = 1, .begin = 1, .end = 2};
  EXPECT_FALSE(HistoryOf({set, {.kind = Kind::kGet, .observed = 0, .begin = 3, .end = 4}}).IsLinearizable());
}

TEST(HistoryTest, AReadNeverSeesOlderThanTheReadBefore) {
  EXPECT_FALSE(HistoryOf({{.kind = Kind::kSet, .written = 1, .begin = 1, .end = 9},
                          {.kind = Kind::kGet, .observed = 1, .begin = 2, .end = 3},
                          {.kind = Kind::kGet, .observed = 0, .begin = 4, .end = 5}})
                   .IsLinearizable());
}

TEST(HistoryTest, OneOfTwoRemovalsFindsNothing) {
  const HistoryOperation set{.kind = Kind::kSet, .written = 1, .begin = 1, .end = 2};
  const HistoryOperation remove{.kind = Kind::kRemove, .observed = 1, .begin = 3, .end = 6};
  EXPECT_FALSE(HistoryOf({set, remove, remove}).IsLinearizable());
  EXPECT_TRUE(HistoryOf({set, remove, {.kind = Kind::kRemove, .observed = 0, .begin = 3, .end = 6}}).IsLinearizable());
}

TEST(HistoryTest, TwoUpdatesDoNotStartFromTheSameValue) {
  EXPECT_FALSE(HistoryOf({{.kind = Kind::kUpdate, .written = 1, .observed = 0, .begin = 1, .end = 4},
                          {.kind = Kind::kUpdate, .written = 2, .observed = 0, .begin = 2, .end = 5}})
                   .IsLinearizable());
}

class StoreHistoryTest : public testing::Test {
 protected:
  static constexpr std::size_t kThreads = 4;
  static constexpr std::size_t kOperations = 50;  // Of each thread.
  static constexpr std::size_t kKeysMax = 4;
  static_assert(kThreads * kOperations <= History::kOperationsMax);

  struct Observation {
    std::size_t key;
    HistoryOperation operation;
  };

  static std::string KeyOf(std::size_t number) { return "key" + std::to_string(number); }
  // A value begins with its number. Some values are long, so that segments fill.
  static std::string ValueOf(std::uint64_t number) {
    return std::to_string(number) + std::string(number % 7 == 0 ? 10'000 : 1, ' ');
  }
  static std::uint64_t NumberOf(std::optional<std::string_view> value) {
    return value ? std::stoull(std::string(*value)) : 0;
  }

  std::uint64_t Now() {
    return clock_.fetch_add(1, std::memory_order_seq_cst);
  }  // One order that all threads agree on.

  HistoryOperation Do(Kind kind, const std::string& key) {
    HistoryOperation operation{.kind = kind};
    const std::uint64_t number = next_value_.fetch_add(1, std::memory_order_relaxed);
    operation.begin = Now();
    Status status;
    if (kind == Kind::kSet) {
      operation.written = number;
      status = store_->Set(key, ValueOf(number));
    } else if (kind == Kind::kGet) {
      const auto value = store_->Get(key);
      if (value) operation.observed = NumberOf(*value);
      if (!value) status = value.error();
    } else if (kind == Kind::kRemove) {
      status = store_->Remove(key);
      operation.observed = status ? 1 : 0;
      if (!status && status.error().code == ErrorCode::kKeyNotFound) status = Ok();
    } else {
      operation.written = number;
      status = store_->Update(key, [&](std::optional<std::string_view> current) -> UpdateDecision {
        operation.observed = NumberOf(current);
        return ValueOf(number);
      });
    }
    operation.end = Now();
    EXPECT_TRUE(status) << status.error().ToString();
    return operation;
  }

  // A batch sets all keys: to each of them it looks like a set of its own.
  void DoBatch(std::size_t keys, std::vector<Observation>* observations) {
    WriteBatch batch;
    std::vector<Observation> sets;
    for (std::size_t key = 0; key < keys; ++key) {
      const std::uint64_t number = next_value_.fetch_add(1, std::memory_order_relaxed);
      batch.Set(KeyOf(key), ValueOf(number));
      sets.push_back({key, {.kind = Kind::kSet, .written = number}});
    }
    const std::uint64_t begin = Now();
    EXPECT_TRUE(store_->Write(batch));
    const std::uint64_t end = Now();
    for (Observation& set : sets) {
      set.operation.begin = begin;
      set.operation.end = end;
      observations->push_back(set);
    }
  }

  std::vector<Observation> DoMany(std::uint64_t seed, std::size_t keys) {
    base::Random random(seed);
    std::vector<Observation> observations;
    for (std::size_t i = 0; i < kOperations; ++i) {
      // Gets find the faults. Batches are few, because each counts for all keys.
      constexpr std::array kKinds = {Kind::kSet, Kind::kGet,    Kind::kGet,    Kind::kGet,
                                     Kind::kGet, Kind::kRemove, Kind::kUpdate, Kind::kUpdate};
      const std::size_t key = random.Below(keys);
      if (random.OneIn(16)) {
        DoBatch(keys, &observations);
      } else {
        observations.push_back({key, Do(kKinds[random.Below(kKinds.size())], KeyOf(key))});
      }
    }
    return observations;
  }

  // The histories of the keys in one round.
  std::array<History, kKeysMax> DoRound(std::uint64_t seed, std::size_t keys) {
    std::array<std::vector<Observation>, kThreads> observations;
    std::latch start(kThreads);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, i] {
        start.count_down();
        start.wait();
        observations[i] = DoMany(seed * kThreads + i, keys);
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::array<History, kKeysMax> histories;
    for (const auto& of_thread : observations) {
      for (const Observation& observation : of_thread) histories[observation.key].Add(observation.operation);
    }
    return histories;
  }

  test::TemporaryDirectory directory_;
  std::shared_ptr<KvStore> store_;
  std::atomic<std::uint64_t> clock_{1};
  std::atomic<std::uint64_t> next_value_{1};
};

TEST_F(StoreHistoryTest, EachKeyIsLinearizableWhileCompactionGoesOn) {
  constexpr std::uint64_t kRounds = 300;
  const std::uint64_t seed = test::TestSeed(20'261'121);
  SCOPED_TRACE(test::SeedTrace(seed));
  auto opened = KvStore::Open(directory_.path(), {.sync = SyncPolicy::kNone, .segment_bytes = 1 << 20});
  ASSERT_TRUE(opened);
  store_ = *opened;
  std::atomic<bool> is_over{false};
  std::thread compact([&] {
    while (!is_over.load(std::memory_order_relaxed)) EXPECT_TRUE(store_->Compact());
  });
  for (std::uint64_t round = 0; round < kRounds; ++round) {
    const std::size_t keys = 2 + round % (kKeysMax - 1);
    for (std::size_t key = 0; key < kKeysMax; ++key) static_cast<void>(store_->Remove(KeyOf(key)).has_value());
    const auto histories = DoRound(seed + round, keys);
    for (std::size_t key = 0; key < keys; ++key) {
      EXPECT_TRUE(histories[key].IsLinearizable()) << "round " << round << " " << KeyOf(key);
    }
  }
  is_over.store(true, std::memory_order_relaxed);
  compact.join();
  test::Tally("histories of concurrent operations", kRounds);
}

}  // namespace
}  // namespace kvs
