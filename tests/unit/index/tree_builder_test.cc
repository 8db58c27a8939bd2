// Promised: a tree that was built in one go answers like one that was filled entry by entry. The keys have all shapes,
// the parts have any size, and the tree can be changed afterwards like any other. KVS_TEST_SEED replays a failure.
#include "index/tree_builder.h"

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

using Model = std::map<std::string, base::Location>;

class TreeBuilderTest : public testing::Test {
 protected:
  // Builds the tree from the model, in `parts` parts.
  void Build(std::size_t parts) {
    std::vector<LeafEntry> entries;
    for (const auto& [key, location] : model_) entries.emplace_back(tree_.TagOf(key), location);
    TreeBuilder builder(tree_, records_);
    std::vector<TreeBuilder::Part> built(parts);
    for (std::size_t i = parts; i-- > 0;) {
      const std::size_t begin = i * entries.size() / parts;
      const std::size_t end = (i + 1) * entries.size() / parts;
      ASSERT_FALSE(builder.AddPart(std::span(entries).subspan(begin, end - begin), &built[i]));
    }
    builder.Finish(built);
  }

  void Add(const std::string& key) {
    if (!model_.contains(key)) model_[key] = records_.Add(key);
  }

  void ExpectAgreement() const {
    ASSERT_EQ(tree_.size(), model_.size());
    for (const auto& [key, location] : model_) {
      const sync::EpochGuard pin = epochs_.Pin();
      const LookUp found = tree_.Find(key);
      ASSERT_EQ(found.outcome, Outcome::kFound);
      ASSERT_EQ(found.location, location);
      ASSERT_EQ(tree_.Find(key + "\x01").outcome, model_.contains(key + "\x01") ? Outcome::kFound : Outcome::kAbsent);
    }
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
  }

  Records records_;
  mutable sync::EpochDomain epochs_;
  Tree tree_{records_, epochs_};
  Model model_;
};

TEST_F(TreeBuilderTest, NoEntriesMakeAnEmptyTree) {
  Build(3);
  ExpectAgreement();
  Add("a");
  ASSERT_EQ(tree_.Upsert("a", model_["a"]).outcome, Outcome::kAbsent);
  ExpectAgreement();
}

TEST_F(TreeBuilderTest, OneKeyMakesOneLeaf) {
  Add("");
  Build(2);
  ExpectAgreement();
}

TEST_F(TreeBuilderTest, BehavesLikeATreeThatWasFilledOneByOne) {
  for (const std::size_t parts : {1U, 7U, 100U}) {
    base::Random random(TestSeed() + parts);
    Records records;
    sync::EpochDomain epochs;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
      const bool is_huge = random.OneIn(1'000);
      const KeyShape shape = is_huge ? KeyShape::kHuge : kAllKeyShapes[random.Below(kAllKeyShapes.size() - 1)];
      Add(MakeKey(shape, random.Below(6'000)));
    }
    Add(std::string(65'535, 'k'));
    Add(std::string(65'534, 'k'));
    Build(parts);
    ExpectAgreement();
    for (int i = 0; i < 10'000 && !HasFailure(); ++i) {
      const std::string key = MakeKey(KeyShape::kUser, random.Below(9'000));
      if (random.OneIn(2)) {
        model_[key] = records_.Add(key);
        tree_.Upsert(key, model_[key]);
      } else {
        ASSERT_EQ(tree_.Erase(key).outcome == Outcome::kFound, model_.erase(key) == 1);
      }
    }
    ExpectAgreement();
    // Down to nothing, for the next round builds again.
    for (const auto& [key, location] : model_) ASSERT_EQ(tree_.Erase(key).outcome, Outcome::kFound);
    model_.clear();
  }
}

TEST_F(TreeBuilderTest, NamesADamagedRecordAtTheBeginOfALeaf) {
  Add("a");
  Add("b");
  records_.Damage(model_["a"]);
  const std::vector<LeafEntry> entries = {LeafEntry(tree_.TagOf("a"), model_["a"]),
                                          LeafEntry(tree_.TagOf("b"), model_["b"])};
  TreeBuilder builder(tree_, records_);
  TreeBuilder::Part part;
  EXPECT_EQ(builder.AddPart(entries, &part), model_["a"]);
}

}  // namespace
}  // namespace kvs::index
