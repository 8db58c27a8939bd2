// One writer and three readers on one tree. A record carries its key, so that an entry proves itself: a reader must
// find a record of the key that it searched for. Also promised:
//   - each search finds the keys that stay, and each scan visits them once, in order, while leaves around them split
//     and merge and their entries are moved;
//   - locations grow with each write, so the location of a key never goes back for one reader.
// The numbers of operations are fixed, and the machine chooses the schedule. The test is made for ThreadSanitizer.
// KVS_TEST_SEED replays the choices of the threads.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "index/tree.h"
#include "sync/mutex.h"

namespace kvs::index {
namespace {

constexpr std::uint64_t kKeys = 6'000;
constexpr std::uint64_t kStayEvery = 4;  // Each fourth key is never erased.
constexpr std::size_t kWriterOperations = 400'000;
constexpr int kReaderOperations = 200'000;
constexpr int kScans = 60;
constexpr int kReaders = 3;

std::uint64_t Seed() {
  const char* const text = std::getenv("KVS_TEST_SEED");
  return text == nullptr ? 20'261'121 : std::strtoull(text, nullptr, 10);
}

std::string KeyOf(std::uint64_t n) {
  return "key/" + std::to_string(base::Random(n).Next() % 100'000) + "/" + std::to_string(n);
}

// Records are appended by the writer, never changed, and found by number; the number grows with each write of a key.
class AppendedRecords final : public KeySource {
 public:
  AppendedRecords() : numbers_(kWriterOperations + kKeys + 1) {
    for (std::uint64_t n = 0; n < kKeys; ++n) keys_.push_back(KeyOf(n));
  }

  base::Location Append(std::uint64_t number) {
    numbers_[next_] = number;
    return base::Location::FromBits(next_++);
  }
  const std::string& Key(std::uint64_t number) const { return keys_[number]; }

  Match Compare(base::Location location, std::string_view key) const override {
    return *KeyAt(location) == key ? Match::kSame : Match::kOther;
  }
  std::optional<std::string_view> KeyAt(base::Location location) const override {
    return keys_[numbers_[location.bits()]];
  }
  std::optional<std::string_view> UncheckedKeyAt(base::Location location) const override { return KeyAt(location); }
  void Prefetch(base::Location) const override {}

 private:
  std::vector<std::string> keys_;
  std::vector<std::uint64_t> numbers_;  // Of the key of each record. Plain: the index must order write before read.
  std::size_t next_ = 1;
};

class IndexConcurrencyTest : public testing::Test {
 protected:
  static bool Stays(std::uint64_t number) { return number % kStayEvery == 0; }

  void Write(std::uint64_t seed) {
    base::Random random(seed);
    std::vector<base::Location> current(kKeys);
    for (std::uint64_t n = 0; n < kKeys; ++n) current[n] = first_[n];
    for (std::size_t i = 0; i < kWriterOperations; ++i) {
      // Long runs of erasing and of inserting, so that leaves merge and split.
      const bool grows = i / 20'000 % 2 == 1;
      const std::uint64_t n = random.Below(kKeys);
      const std::string& key = records_.Key(n);
      if (!Stays(n) && random.Below(8) < (grows ? 1U : 6U)) {
        const Change change = tree_.Erase(key);
        ASSERT_EQ(change.outcome, current[n].is_none() ? Outcome::kAbsent : Outcome::kFound);
        current[n] = {};
      } else if (!current[n].is_none() && random.OneIn(3)) {
        const base::Location moved = records_.Append(n);
        ASSERT_TRUE(tree_.Replace(key, current[n], moved));
        current[n] = moved;
      } else {
        const base::Location location = records_.Append(n);
        ASSERT_EQ(tree_.Upsert(key, location).old, current[n]);
        current[n] = location;
      }
    }
  }

  void FindAll(std::uint64_t seed) const {
    base::Random random(seed);
    std::vector<std::uint64_t> newest(kKeys);
    for (int i = 0; i < kReaderOperations; ++i) {
      const std::uint64_t n = random.Below(kKeys);
      const sync::EpochGuard pin = epochs_.Pin();
      const LookUp found = tree_.Find(records_.Key(n));
      if (found.outcome == Outcome::kAbsent) {
        ASSERT_FALSE(Stays(n));
        continue;
      }
      ASSERT_EQ(found.outcome, Outcome::kFound);
      ASSERT_EQ(records_.KeyAt(found.location), records_.Key(n));
      ASSERT_GE(found.location.bits(), newest[n]);
      newest[n] = found.location.bits();
    }
  }

  void FindAllInStep(std::uint64_t seed) const {
    base::Random random(seed);
    std::vector<std::uint64_t> newest(kKeys);
    for (std::size_t i = 0; i < kReaderOperations; i += Tree::kTogetherMax) {
      std::array<std::uint64_t, Tree::kTogetherMax> numbers{};
      std::array<std::string_view, Tree::kTogetherMax> keys;
      for (std::size_t k = 0; k < keys.size(); ++k) {
        numbers[k] = random.Below(kKeys);
        keys[k] = records_.Key(numbers[k]);
      }
      std::array<LookUp, Tree::kTogetherMax> found{};
      const sync::EpochGuard pin = epochs_.Pin();
      tree_.FindMany(
          keys, [&](std::size_t k, base::Location location) { return records_.Compare(location, keys[k]); }, found);
      for (std::size_t k = 0; k < keys.size(); ++k) {
        if (found[k].outcome == Outcome::kAbsent) {
          ASSERT_FALSE(Stays(numbers[k]));
          continue;
        }
        ASSERT_EQ(records_.KeyAt(found[k].location), keys[k]);
        // A key that is twice in the group may be found as it was before and after.
        for (std::size_t other = 0; other < k; ++other) {
          if (numbers[other] == numbers[k]) newest[numbers[k]] = 0;
        }
        ASSERT_GE(found[k].location.bits(), newest[numbers[k]]);
        newest[numbers[k]] = found[k].location.bits();
      }
    }
  }

  void ScanAll(bool reverse) const {
    for (int i = 0; i < kScans; ++i) {
      std::string last;
      std::uint64_t staying = 0;
      const ScanResult result =
          tree_.Scan({.from = "", .reverse = reverse}, [&](std::string_view key, base::Location at) {
            EXPECT_EQ(records_.KeyAt(at), key);
            if (!last.empty()) {
              EXPECT_TRUE(reverse ? key < last : key > last) << last << " then " << key;
            }
            staying += Stays(std::stoull(std::string(key.substr(key.rfind('/') + 1)))) ? 1 : 0;
            last = key;
            return true;
          });
      ASSERT_EQ(result.outcome, Outcome::kFound);
      ASSERT_EQ(staying, kKeys / kStayEvery);
    }
  }

  AppendedRecords records_;
  mutable sync::EpochDomain epochs_;
  Tree tree_{records_, epochs_};
  std::array<base::Location, kKeys> first_;
};

TEST_F(IndexConcurrencyTest, ReadersFindKeysWhileTheWriterChangesTheTree) {
  const std::uint64_t seed = Seed();
  SCOPED_TRACE("KVS_TEST_SEED=" + std::to_string(seed));
  for (std::uint64_t n = 0; n < kKeys; ++n) {
    first_[n] = records_.Append(n);
    ASSERT_EQ(tree_.Upsert(records_.Key(n), first_[n]).outcome, Outcome::kAbsent);
  }
  std::latch start(kReaders + 1);
  const auto together = [&](auto work) {
    return std::thread([&start, work] {
      start.count_down();
      start.wait();
      work();
    });
  };
  std::array<std::thread, kReaders + 1> threads = {
      together([&] { Write(seed); }),
      together([&] {
        FindAllInStep(seed + 4);
        FindAll(seed + 1);
      }),
      together([&] {
        ScanAll(false);
        FindAll(seed + 2);
      }),
      together([&] {
        ScanAll(true);
        FindAll(seed + 3);
      }),
  };
  for (std::thread& thread : threads) thread.join();
}

// Each thread owns a part of the keys. It takes its hints while the others change the tree, and changes it by them when
// its turn has come.
TEST_F(IndexConcurrencyTest, HintsFromAChangingTreeLeadToTheRightLeaf) {
  constexpr std::size_t kWriters = 3;
  constexpr int kGroups = 8'000;
  constexpr std::size_t kGroupKeys = 16;
  static_assert(kWriters * kGroups * kGroupKeys <= kWriterOperations);
  const std::uint64_t seed = Seed();
  SCOPED_TRACE("KVS_TEST_SEED=" + std::to_string(seed));
  sync::Mutex mutex;
  std::latch start(kWriters);
  const auto write = [&](std::size_t part) {
    base::Random random(seed + part);
    std::vector<base::Location> current(kKeys);
    std::array<std::uint64_t, kGroupKeys> numbers{};
    std::array<std::string_view, kGroupKeys> keys;
    std::array<LeafHint, kGroupKeys> hints;
    start.count_down();
    start.wait();
    for (int group = 0; group < kGroups; ++group) {
      const bool grows = group / 200 % 2 == 0;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        numbers[i] = random.Below(kKeys / kWriters) * kWriters + part;
        keys[i] = records_.Key(numbers[i]);
      }
      {
        const sync::EpochGuard pin = epochs_.Pin();
        tree_.PrefetchMany(keys, hints);
      }
      const sync::MutexLock lock(mutex);
      for (std::size_t i = 0; i < keys.size(); ++i) {
        base::Location& at = current[numbers[i]];
        if (random.Below(8) < (grows ? 1U : 6U)) {
          ASSERT_EQ(tree_.Erase(keys[i]).old, at);
          at = {};
          continue;
        }
        const base::Location location = records_.Append(numbers[i]);
        if (!at.is_none() && random.OneIn(2)) {
          ASSERT_TRUE(tree_.Replace(keys[i], at, location, hints[i]));
        } else {
          ASSERT_EQ(tree_.Upsert(keys[i], location, hints[i]).old, at);
        }
        at = location;
      }
    }
    const sync::MutexLock lock(mutex);
    for (std::uint64_t n = part; n < kKeys; n += kWriters) ASSERT_EQ(tree_.Find(records_.Key(n)).location, current[n]);
  };
  std::vector<std::thread> threads;
  for (std::size_t part = 0; part < kWriters; ++part) threads.emplace_back(write, part);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace kvs::index
