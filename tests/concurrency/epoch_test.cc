// Promised: a reader that pinned the domain never sees a freed object, whatever the writers do. Attack: writers swap
// objects and free the old ones as soon as the domain allows it. An object proves itself by a pair of words, which its
// destructor breaks. AddressSanitizer detects a read after the free, and ThreadSanitizer a free that is not ordered
// after the read. Threads come and go, so that their numbers are used again. KVS_TEST_SEED replays a run's choices, not
// its schedule.
#include "sync/epoch.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <latch>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"

namespace kvs::sync {
namespace {

std::uint64_t Seed() {
  const char* text = std::getenv("KVS_TEST_SEED");
  return text == nullptr ? 20'261'121 : std::strtoull(text, nullptr, 10);
}

// Whole while `complement` is the complement of `value`.
class Object {
 public:
  explicit Object(std::uint64_t value) : value_(value), complement_(~value) {}
  ~Object() { complement_ = value_; }
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  bool IsWhole() const { return value_ == ~complement_; }

 private:
  std::uint64_t value_;
  std::uint64_t complement_;
};

// A few shared objects. Fences: P1 publish: acq_rel exchange in Replace() -> acquire load in LooksWhole().
class Board {
 public:
  static constexpr std::size_t kPlaces = 4;

  Board() {
    for (auto& place : places_) place.store(new Object(0), std::memory_order_release);  // P1
  }
  ~Board() {
    for (auto& place : places_) delete place.load(std::memory_order_acquire);  // P1
  }

  // Looks at a place twice under one guard, with a guard inside the other: the first view must outlive the second.
  bool LooksWhole(std::size_t index) {
    const EpochGuard guard = domain_.Pin();
    const Object* first = places_.at(index).load(std::memory_order_acquire);  // P1
    bool is_whole = first->IsWhole();
    {
      const EpochGuard nested = domain_.Pin();
      is_whole = is_whole && places_.at(index).load(std::memory_order_acquire)->IsWhole();  // P1
    }
    return is_whole && first->IsWhole();
  }

  std::unique_ptr<Object> Replace(std::size_t index, std::uint64_t value) {
    return std::unique_ptr<Object>(places_.at(index).exchange(new Object(value), std::memory_order_acq_rel));  // P1
  }

  EpochDomain& domain() { return domain_; }

 private:
  EpochDomain domain_;
  std::array<std::atomic<Object*>, kPlaces> places_{};
};

using Retired = std::vector<std::pair<std::uint64_t, std::unique_ptr<Object>>>;

void FreePast(EpochDomain& domain, Retired& retired) {
  const std::uint64_t oldest = domain.OldestPinned();
  std::erase_if(retired, [oldest](const auto& entry) { return entry.first < oldest; });
}

// Replaces objects, and frees the old ones in groups once their epoch is past.
void ReplaceMany(Board& board, int rounds, std::uint64_t seed) {
  base::Random random(seed);
  Retired retired;
  for (int round = 0; round < rounds; ++round) {
    auto old = board.Replace(random.Below(Board::kPlaces), random.Next());
    retired.emplace_back(board.domain().EndEpoch(), std::move(old));
    if (random.OneIn(8)) FreePast(board.domain(), retired);
  }
  while (!retired.empty()) {
    FreePast(board.domain(), retired);
    std::this_thread::yield();
  }
}

TEST(EpochConcurrencyTest, ReadersSeeOnlyWholeObjectsWhileWritersFreeThem) {
  constexpr std::size_t kReaders = 4;
  constexpr std::size_t kWriters = 2;
  Board board;
  std::atomic<bool> writers_done = false;
  std::atomic<std::uint64_t> broken = 0;
  std::latch started(kReaders);
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      base::Random random(Seed() + i);
      started.count_down();
      while (!writers_done.load(std::memory_order_relaxed)) {
        if (!board.LooksWhole(random.Below(Board::kPlaces))) broken.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  started.wait();
  std::vector<std::thread> writers;
  for (std::size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&board, i] { ReplaceMany(board, 20'000, Seed() + 100 + i); });
  }
  for (std::thread& writer : writers) writer.join();
  writers_done.store(true, std::memory_order_relaxed);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(broken.load(std::memory_order_relaxed), 0U);
}

TEST(EpochConcurrencyTest, ThreadsThatComeAndGoShareNumbersButNotPins) {
  constexpr int kGenerations = 60;
  constexpr std::size_t kThreads = 8;
  Board board;
  std::atomic<std::uint64_t> broken = 0;
  std::thread writer([&board] { ReplaceMany(board, 20'000, Seed()); });
  for (int generation = 0; generation < kGenerations; ++generation) {
    std::vector<std::thread> readers;
    for (std::size_t i = 0; i < kThreads; ++i) {
      readers.emplace_back([&board, &broken, i] {
        for (int look = 0; look < 50; ++look) {
          if (!board.LooksWhole(i % Board::kPlaces)) broken.fetch_add(1, std::memory_order_relaxed);
        }
      });
    }
    for (std::thread& reader : readers) reader.join();
  }
  writer.join();
  EXPECT_EQ(broken.load(std::memory_order_relaxed), 0U);
  EXPECT_TRUE(board.domain().IsPast(board.domain().EndEpoch()));
}

// Many threads pin a fresh domain together: the chunks of slots are added by several of them together.
TEST(EpochConcurrencyTest, AFreshDomainTakesManyFirstPinsTogether) {
  constexpr std::size_t kThreads = 200;
  for (int round = 0; round < 5; ++round) {
    EpochDomain domain;
    std::latch ready(kThreads);
    std::latch all_pinned(kThreads);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        ready.count_down();
        ready.wait();
        const EpochGuard guard = domain.Pin();
        all_pinned.count_down();
        all_pinned.wait();
      });
    }
    all_pinned.wait();
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(domain.IsPast(domain.EndEpoch()));
  }
}

}  // namespace
}  // namespace kvs::sync
