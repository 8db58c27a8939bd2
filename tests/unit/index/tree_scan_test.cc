// Promised: a scan visits the keys of its range in their order, each once, even if the visitor changes the tree. Leaves
// then split and merge between two steps of the scan, as they do under a writer in another thread.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "index/tree.h"
#include "unit/index/key_shapes.h"
#include "unit/index/records.h"

namespace kvs::index {
namespace {

class TreeScanTest : public testing::Test {
 protected:
  void Put(const std::string& key) {
    ASSERT_NE(tree_.Upsert(key, records_.Add(key)).outcome, Outcome::kDamaged);
    model_.insert(key);
  }
  std::vector<std::string> Keys(const Bounds& bounds) const {
    std::vector<std::string> keys;
    const ScanResult result = tree_.Scan(bounds, [&](std::string_view key, base::Location location) {
      EXPECT_EQ(records_.Compare(location, key), Match::kSame);
      keys.emplace_back(key);
      return true;
    });
    EXPECT_EQ(result.outcome, Outcome::kFound);
    return keys;
  }
  std::vector<std::string> ModelKeys(const Bounds& bounds) const {
    std::vector<std::string> keys;
    for (const std::string& key : model_) {
      if (key >= bounds.from && (!bounds.to || key < *bounds.to)) keys.push_back(key);
    }
    if (bounds.reverse) std::reverse(keys.begin(), keys.end());
    return keys;
  }

  Records records_;
  sync::EpochDomain epochs_;
  Tree tree_{records_, epochs_};
  std::set<std::string> model_;
};

TEST_F(TreeScanTest, AnEmptyTreeHasNothingToVisit) {
  EXPECT_TRUE(Keys({.from = ""}).empty());
  EXPECT_TRUE(Keys({.from = "", .reverse = true}).empty());
}

TEST_F(TreeScanTest, VisitsExactlyTheRangeInBothDirections) {
  for (const KeyShape shape : kAllKeyShapes) {
    for (std::uint64_t n = 0; n < (shape == KeyShape::kHuge ? 100 : 700); ++n) Put(MakeKey(shape, n));
  }
  base::Random random(TestSeed());
  for (int i = 0; i < 200; ++i) {
    const std::string from = MakeKey(kAllKeyShapes[random.Below(kAllKeyShapes.size())], random.Below(900));
    const std::string to = MakeKey(kAllKeyShapes[random.Below(kAllKeyShapes.size())], random.Below(900));
    Bounds bounds{.from = from, .to = to, .reverse = random.OneIn(2)};
    if (random.OneIn(4)) bounds.to.reset();
    if (random.OneIn(4)) bounds.from = "";
    ASSERT_EQ(Keys(bounds), ModelKeys(bounds)) << "KVS_TEST_SEED=" << TestSeed() << " step " << i;
  }
}

TEST_F(TreeScanTest, EndsWhenTheVisitorSaysSo) {
  for (std::uint64_t n = 0; n < 1'000; ++n) Put(MakeKey(KeyShape::kUser, n));
  int visited = 0;
  const auto visit = [&](std::string_view, base::Location) { return ++visited < 100; };
  EXPECT_EQ(tree_.Scan({.from = ""}, visit).outcome, Outcome::kFound);
  EXPECT_EQ(visited, 100);
}

TEST_F(TreeScanTest, ADamagedRecordEndsTheScan) {
  for (std::uint64_t n = 0; n < 1'000; ++n) Put(MakeKey(KeyShape::kUser, n));
  const auto location = base::Location::FromBits(500);
  records_.Damage(location);
  const auto visit = [&](std::string_view, base::Location) { return true; };
  for (const bool reverse : {false, true}) {
    const ScanResult result = tree_.Scan({.from = "", .reverse = reverse}, visit);
    EXPECT_EQ(result.outcome, Outcome::kDamaged);
    EXPECT_EQ(result.location, location);
  }
}

// The second scan of a leaf knows its order, so it finds its first key by some reads and reads what it visits.
TEST_F(TreeScanTest, AScanOfAKnownOrderReadsLittleMoreThanItVisits) {
  for (std::uint64_t n = 0; n < 1'000; ++n) Put(MakeKey(KeyShape::kHex, n));
  ASSERT_EQ(Keys({.from = ""}).size(), 1'000U);
  for (const bool reverse : {false, true}) {
    for (const std::size_t wanted : {1U, 2U, 10U, 50U}) {
      const std::string middle = MakeKey(KeyShape::kHex, 500);
      Bounds bounds{.from = middle, .reverse = reverse, .expected = wanted};
      if (reverse) bounds = {.from = "", .to = middle, .reverse = true, .expected = wanted};
      const int before = records_.reads();
      std::size_t visited = 0;
      static_cast<void>(tree_.Scan(bounds, [&](std::string_view, base::Location) { return ++visited < wanted; }));
      EXPECT_EQ(visited, wanted);
      EXPECT_LE(records_.reads() - before, static_cast<int>(wanted) + 7) << wanted;
    }
  }
}

TEST_F(TreeScanTest, AChangedLeafIsNotReadInItsFormerOrder) {
  constexpr std::uint64_t kKeys = 400;
  base::Random random(TestSeed());
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = MakeKey(KeyShape::kHex, random.Below(kKeys));
    if (random.OneIn(3)) {
      static_cast<void>(tree_.Erase(key));
      model_.erase(key);
    } else {
      Put(key);
    }
    const std::string from = MakeKey(KeyShape::kHex, random.Below(kKeys));
    const Bounds bounds{.from = random.OneIn(2) ? std::string_view(from) : "", .reverse = random.OneIn(2)};
    ASSERT_EQ(Keys(bounds), ModelKeys(bounds)) << "KVS_TEST_SEED=" << TestSeed() << " step " << i;
  }
}

// Two keys leave, and two others come to their slots, with locations of the same numbers.
TEST_F(TreeScanTest, AReusedLocationDoesNotKeepItsPlace) {
  const auto shares_line = [&](std::string_view a, std::string_view b) {
    return Leaf::HomeLine(tree_.TagOf(a)) == Leaf::HomeLine(tree_.TagOf(b));
  };
  const auto find_key = [&](const std::string& begin, std::string_view beside) {
    std::string key = begin;
    for (int i = 0; !shares_line(key, beside); ++i) key = begin + std::to_string(i);
    return key;
  };
  const std::string a = "a";
  std::string b = "b";
  for (int i = 0; shares_line(a, b); ++i) b = "b" + std::to_string(i);
  Put(a);
  Put(b);
  ASSERT_EQ(Keys({.from = ""}), std::vector<std::string>({a, b}));

  const std::string of_first = find_key("z", a);
  const std::string of_second = find_key("y", b);
  const base::Location first = tree_.Erase(a).old;
  const base::Location second = tree_.Erase(b).old;
  records_.Reuse(first, of_first);
  records_.Reuse(second, of_second);
  static_cast<void>(tree_.Upsert(of_first, first));
  static_cast<void>(tree_.Upsert(of_second, second));
  EXPECT_EQ(Keys({.from = ""}), std::vector<std::string>({of_second, of_first}));
}

TEST_F(TreeScanTest, DamageInALeafOfAKnownOrderIsReported) {
  for (std::uint64_t n = 0; n < 1'000; ++n) Put(MakeKey(KeyShape::kHex, n));
  ASSERT_EQ(Keys({.from = ""}).size(), 1'000U);
  const auto ignore = [](std::string_view, base::Location) { return true; };
  for (std::uint64_t n = 0; n < 1'000; n += 50) {
    const std::string key = MakeKey(KeyShape::kHex, n);
    const std::string after = key + "0";
    const base::Location location = tree_.Find(key).location;
    records_.Damage(location);
    for (const Bounds& bounds :
         {Bounds{.from = key}, Bounds{.from = "", .to = after, .reverse = true}, Bounds{.from = key, .expected = 1}}) {
      const ScanResult result = tree_.Scan(bounds, ignore);
      EXPECT_EQ(result.outcome, Outcome::kDamaged);
      EXPECT_EQ(result.location, location);
    }
    records_.Repair(location);
  }
}

TEST_F(TreeScanTest, KeysThatStayAreVisitedOnceWhileOthersComeAndGo) {
  constexpr std::uint64_t kKeys = 3'000;
  for (const bool reverse : {false, true}) {
    std::set<std::string> staying;
    for (std::uint64_t n = 0; n < kKeys; ++n) {
      Put(MakeKey(KeyShape::kHex, n));
      if (n % 3 == 0) staying.insert(MakeKey(KeyShape::kHex, n));
    }
    base::Random random(TestSeed());
    std::vector<std::string> visited;
    static_cast<void>(tree_.Scan({.from = "", .reverse = reverse}, [&](std::string_view key, base::Location) {
      visited.emplace_back(key);
      for (int i = 0; i < 20; ++i) {
        const std::uint64_t n = random.Below(kKeys * 4);
        const std::string other = MakeKey(KeyShape::kHex, n);
        if (n % 3 == 0 && n < kKeys) continue;
        if (random.OneIn(3)) {
          Put(other);
        } else {
          static_cast<void>(tree_.Erase(other));
        }
      }
      return true;
    }));
    ASSERT_TRUE(reverse ? std::is_sorted(visited.rbegin(), visited.rend())
                        : std::is_sorted(visited.begin(), visited.end()));
    ASSERT_EQ(std::adjacent_find(visited.begin(), visited.end()), visited.end());
    const std::set<std::string> seen(visited.begin(), visited.end());
    ASSERT_TRUE(std::includes(seen.begin(), seen.end(), staying.begin(), staying.end()));
  }
}

// A scan goes from leaf to leaf without descending again, so it must notice leaves that are no longer current. The
// visited leaf was read before. The test therefore checks only changes that are two leaves ahead.
TEST_F(TreeScanTest, AScanVisitsTheChangesMadeAheadOfIt) {
  constexpr std::uint64_t kKeys = 6'000;
  constexpr std::size_t kVisitsAhead = std::size_t{2} * Leaf::kSlots;
  struct Write {
    base::Location location;  // None: erased.
    std::size_t visit;
  };
  std::map<std::string, Write, std::less<>> written;
  std::size_t visit = kVisitsAhead;
  for (const bool reverse : {false, true}) {
    SCOPED_TRACE(reverse);
    const auto put = [&](const std::string& key, std::size_t at_visit) {
      const base::Location location = records_.Add(key);
      ASSERT_NE(tree_.Upsert(key, location).outcome, Outcome::kDamaged);
      written[key] = {location, at_visit};
    };
    for (std::uint64_t n = 0; n < kKeys; ++n) put(MakeKey(KeyShape::kHex, n), visit - kVisitsAhead);
    base::Random random(TestSeed());
    static_cast<void>(tree_.Scan({.from = "", .reverse = reverse}, [&](std::string_view key, base::Location location) {
      const auto at = written.find(key);
      EXPECT_NE(at, written.end());
      if (at != written.end() && at->second.visit + kVisitsAhead <= visit) {
        EXPECT_EQ(location, at->second.location) << key;
      }
      ++visit;
      for (int i = 0; i < 3; ++i) {  // Some splits and merges, and between them leaves that stay.
        const std::string other = MakeKey(KeyShape::kHex, random.Below(kKeys * 2));
        if (!random.OneIn(3)) {
          put(other, visit);
        } else if (tree_.Erase(other).outcome == Outcome::kFound) {
          written[other] = {{}, visit};
        }
      }
      return !HasFailure();
    }));
  }
}

TEST_F(TreeScanTest, ALongScanDoesNotHoldBackReclamation) {
  for (std::uint64_t n = 0; n < 20'000; ++n) Put(MakeKey(KeyShape::kHex, n));
  const std::uint64_t before = tree_.MemoryBytes();
  std::uint64_t visited = 0;
  static_cast<void>(tree_.Scan({.from = ""}, [&](std::string_view, base::Location) {
    for (int i = 0; i < 10; ++i) {
      const std::string key = MakeKey(KeyShape::kHex, 1'000'000 + ++visited % 40'000);
      const Change change = tree_.Upsert(key, records_.Add(key));
      if (change.outcome == Outcome::kFound) static_cast<void>(tree_.Erase(key));
    }
    return true;
  }));
  EXPECT_LT(tree_.MemoryBytes(), before * 5);
}

}  // namespace
}  // namespace kvs::index
