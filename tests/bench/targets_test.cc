// Promise: a run is judged by ratios to peers and limits, with the goals of its kind of processor. Rows without figures
// are left out. The tests make up runs.
#include "engine/targets.h"

#include <gtest/gtest.h>

#include "bench/made_up_run.h"

namespace kvs::bench {
namespace {

const std::string kMain = "10M keys of 100 B";
const std::string kDurable = "100k keys of 100 B, durable";

// A run in which kvs takes 0.6 of lmdb for a get.
Results RunOn(ProcessorKind kind) {
  Results results;
  results.processor.kind = kind;
  Put(results, kMain, "get", "kvs", "cpu_us", {6});
  Put(results, kMain, "get", "lmdb", "cpu_us", {10});
  return results;
}

TEST(TargetsTest, EachKindOfProcessorHasItsOwnGoal) {
  const std::vector<TargetRow> amd = JudgeTargets(RunOn(ProcessorKind::kAmd));
  const std::vector<TargetRow> intel = JudgeTargets(RunOn(ProcessorKind::kIntel));
  ASSERT_EQ(amd.size(), 1U);
  ASSERT_EQ(intel.size(), 1U);
  EXPECT_DOUBLE_EQ(amd[0].reached, 0.6);
  EXPECT_FALSE(amd[0].is_met());
  EXPECT_TRUE(intel[0].is_met());
  EXPECT_EQ(JudgeTargets(RunOn(ProcessorKind::kOther))[0].goal, amd[0].goal);
}

TEST(TargetsTest, GetIsJudgedByItsLimit) {
  Results results;
  Put(results, kMain, "get", "kvs", "cpu_us", {3});
  Put(results, kMain, "limit-get", "limits", "cpu_us", {2});
  const std::vector<TargetRow> rows = JudgeTargets(results);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_DOUBLE_EQ(rows[0].reached, 1.5);
  EXPECT_TRUE(rows[0].is_met());
}

TEST(TargetsTest, RateIsToBeAtLeastItsGoal) {
  Results results;
  Put(results, kDurable, "durable/8", "kvs", "ops_per_s", {100});
  Put(results, kDurable, "durable/8", "raw", "ops_per_s", {100});
  Put(results, kDurable, "durable/32", "kvs", "ops_per_s", {80});
  Put(results, kDurable, "durable/32", "raw", "ops_per_s", {100});
  const std::vector<TargetRow> rows = JudgeTargets(results);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows[0].is_met());
  EXPECT_FALSE(rows[1].is_met());
}

TEST(TargetsTest, OpeningAtScaleHasAGoalOfItsOwn) {
  Results results;
  Put(results, kMain, "reopen clean", "kvs", "wall_ms", {31});
  ASSERT_EQ(JudgeTargets(results).size(), 1U);
  EXPECT_FALSE(JudgeTargets(results)[0].is_met());

  Results scale;
  Put(scale, "100M keys of 100 B", "reopen clean", "kvs", "wall_ms", {31});
  Put(scale, kMain, "get", "kvs", "cpu_us", {1});
  ASSERT_EQ(JudgeTargets(scale).size(), 1U);
  EXPECT_TRUE(JudgeTargets(scale)[0].is_met());
}

TEST(TargetsTest, RunWithoutFiguresHasNoRows) { EXPECT_TRUE(JudgeTargets({}).empty()); }

}  // namespace
}  // namespace kvs::bench
