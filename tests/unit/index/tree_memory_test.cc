// Promised: if memory runs out, a change of the tree is not made, or is made without a step that would only save
// memory. The tree stays valid and goes on. Each allocation of each change fails here once.
#include <gtest/gtest.h>

#include <map>
#include <new>
#include <string>

#include "base/random.h"
#include "index/tree.h"
#include "support/failing_memory.h"
#include "unit/index/records.h"

namespace kvs::index {
namespace {

class TreeMemoryTest : public testing::Test {
 protected:
  // Tries again until no allocation fails. How many have failed.
  int Upsert(const std::string& key) {
    const base::Location location = records_.Add(key);
    for (int failures = 0;; ++failures) {
      try {
        const test::FailingMemory failing(failures);
        tree_.Upsert(key, location);
      } catch (const std::bad_alloc&) {
        EXPECT_EQ(tree_.size(), model_.size());
        EXPECT_EQ(Find(key).outcome, model_.contains(key) ? Outcome::kFound : Outcome::kAbsent);
        continue;
      }
      model_[key] = location;
      return failures;
    }
  }

  // Each allocation of an erasure fails at some erasure.
  void Erase(const std::string& key) {
    const bool was_there = model_.erase(key) > 0;
    const test::FailingMemory failing(static_cast<int>(erasures_++ % 24));
    EXPECT_EQ(tree_.Erase(key).outcome, was_there ? Outcome::kFound : Outcome::kAbsent);
  }

  LookUp Find(const std::string& key) const {
    const sync::EpochGuard pin = epochs_.Pin();
    return tree_.Find(key);
  }

  void ExpectTheModel() const {
    EXPECT_EQ(tree_.size(), model_.size());
    for (const auto& [key, location] : model_) EXPECT_EQ(Find(key).location, location) << key;
    auto next = model_.begin();
    tree_.Scan({}, [&](std::string_view key, base::Location) { return key == (next++)->first; });
    EXPECT_EQ(next, model_.end());
  }

  Records records_;
  mutable sync::EpochDomain epochs_;
  Tree tree_{records_, epochs_, 7};
  std::map<std::string, base::Location> model_;
  std::size_t erasures_ = 0;
};

TEST_F(TreeMemoryTest, FailedAllocationsLeaveTheTreeUnchanged) {
  base::Random random(1);
  int failures = 0;
  for (int i = 0; i < 20'000; ++i) failures += Upsert("key" + std::to_string(random.Below(1'000'000)));
  EXPECT_GT(failures, 1'000);
  ExpectTheModel();
  for (int i = 0; i < 1'000; ++i) Upsert("zz" + std::to_string(100'000 + i));
  while (model_.size() > 100) {
    const auto at = model_.lower_bound("key" + std::to_string(random.Below(1'000'000)));
    const std::string key = at == model_.end() ? model_.begin()->first : at->first;
    Erase(key);
    if (random.Below(4) == 0) Upsert("key" + std::to_string(random.Below(1'000'000)));
  }
  ExpectTheModel();
}

}  // namespace
}  // namespace kvs::index
