// The tree against std::map: 300,000 random operations over keys of all shapes, in growing and shrinking phases, with
// valid and outdated hints. Now and then scans in both directions compare all entries. KVS_TEST_SEED replays a failure.
#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "index/tree.h"
#include "unit/index/key_shapes.h"
#include "unit/index/records.h"

namespace kvs::index {
namespace {

class ModelRun {
 public:
  explicit ModelRun(std::uint64_t seed) : random_(seed) {}

  void Step(int step) {
    const std::string key = PickKey();
    const auto entry = model_.find(key);
    // Phases of 10,000 steps in which most steps insert, or most erase.
    const bool grows = step / 10'000 % 2 == 0;
    const std::uint64_t choice = random_.Below(10);
    if (choice < (grows ? 5U : 2U)) return Upsert(key);
    if (choice < (grows ? 6U : 7U)) return Erase(key);
    if (choice == 7) return Replace(key);
    if (choice == 8) return EraseExact(key);
    const sync::EpochGuard pin = epochs_.Pin();
    const LookUp found = tree_.Find(key);
    ASSERT_EQ(found.outcome, entry == model_.end() ? Outcome::kAbsent : Outcome::kFound);
    if (entry != model_.end()) {
      ASSERT_EQ(found.location, entry->second);
    }
  }

  void CompareAll() {
    ASSERT_EQ(tree_.size(), model_.size());
    auto next = model_.begin();
    ASSERT_EQ(tree_
                  .Scan({.from = ""},
                        [&](std::string_view key, base::Location location) {
                          if (next == model_.end() || next->first != key) return false;
                          return std::exchange(next, std::next(next))->second == location;
                        })
                  .outcome,
              Outcome::kFound);
    ASSERT_TRUE(next == model_.end());
    auto back = model_.rbegin();
    ASSERT_EQ(tree_
                  .Scan({.from = "", .reverse = true},
                        [&](std::string_view key, base::Location location) {
                          if (back == model_.rend() || back->first != key) return false;
                          return std::exchange(back, std::next(back))->second == location;
                        })
                  .outcome,
              Outcome::kFound);
    ASSERT_TRUE(back == model_.rend());
  }

  void CompareRange() {
    const std::string from = PickKey();
    const std::string to = PickKey();
    auto next = model_.lower_bound(from);
    const auto end = std::max(from, to) == to ? model_.lower_bound(to) : next;
    static_cast<void>(tree_.Scan({.from = from, .to = to}, [&](std::string_view key, base::Location location) {
      if (next == end || next->first != key) return false;
      return std::exchange(next, std::next(next))->second == location;
    }));
    ASSERT_TRUE(next == end);
  }

 private:
  std::string PickKey() {
    // Huge keys are rare: one costs as much as a thousand others.
    const bool is_huge = random_.OneIn(500);
    const KeyShape shape = is_huge ? KeyShape::kHuge : kAllKeyShapes[random_.Below(kAllKeyShapes.size() - 1)];
    return MakeKey(shape, random_.Below(is_huge ? 300 : 6'000));
  }
  void Expect(const Change& change, const std::string& key) {
    const auto entry = model_.find(key);
    ASSERT_EQ(change.outcome, entry == model_.end() ? Outcome::kAbsent : Outcome::kFound);
    if (entry != model_.end()) {
      ASSERT_EQ(change.old, entry->second);
    }
  }
  // None, one that was just taken, or one from some time ago.
  LeafHint PickHint(const std::string& key) {
    const std::uint64_t choice = random_.Below(4);
    if (choice == 0) return {};
    LeafHint& hint = hints_[key];
    const std::string_view view = key;
    if (choice == 1) tree_.PrefetchMany({&view, 1}, {&hint, 1});
    if (choice == 2) tree_.PrefetchLeavesOf({&view, 1}, {&hint, 1});
    return hint;
  }
  void Upsert(const std::string& key) {
    const base::Location location = records_.Add(key);
    ASSERT_NO_FATAL_FAILURE(Expect(tree_.Upsert(key, location, PickHint(key)), key));
    model_[key] = location;
  }
  void Erase(const std::string& key) {
    ASSERT_NO_FATAL_FAILURE(Expect(tree_.Erase(key), key));
    model_.erase(key);
  }
  base::Location Expected(const std::string& key) {
    const auto entry = model_.find(key);
    return entry == model_.end() || random_.OneIn(4) ? base::Location::FromBits(1'000'000'000) : entry->second;
  }
  bool IsExactly(const std::string& key, base::Location location) const {
    const auto entry = model_.find(key);
    return entry != model_.end() && entry->second == location;
  }
  void Replace(const std::string& key) {
    const base::Location expected = Expected(key);
    const base::Location desired = records_.Add(key);
    ASSERT_EQ(tree_.Replace(key, expected, desired, PickHint(key)), IsExactly(key, expected));
    if (IsExactly(key, expected)) model_[key] = desired;
  }
  void EraseExact(const std::string& key) {
    const base::Location expected = Expected(key);
    ASSERT_EQ(tree_.EraseExact(key, expected), IsExactly(key, expected));
    if (IsExactly(key, expected)) model_.erase(key);
  }

  base::Random random_;
  Records records_;
  sync::EpochDomain epochs_;
  Tree tree_{records_, epochs_};
  std::map<std::string, base::Location, std::less<>> model_;
  std::map<std::string, LeafHint> hints_;  // The last of each key.
};

TEST(TreeModelTest, AgreesWithAMapAfterEachOfManyOperations) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("KVS_TEST_SEED=" + std::to_string(seed));
  ModelRun run(seed);
  for (int step = 0; step < 300'000; ++step) {
    ASSERT_NO_FATAL_FAILURE(run.Step(step)) << "step " << step;
    if (step % 1'000 == 0) {
      ASSERT_NO_FATAL_FAILURE(run.CompareRange()) << "step " << step;
    }
    if (step % 15'000 == 0) {
      ASSERT_NO_FATAL_FAILURE(run.CompareAll()) << "step " << step;
    }
  }
  ASSERT_NO_FATAL_FAILURE(run.CompareAll());
}

}  // namespace
}  // namespace kvs::index
