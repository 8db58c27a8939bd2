// Promise: the plan measures the limits in the same rounds as the stores, and gives their file back before the writes.
// The tests look at the steps of small plans.
#include "engine/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kvs::bench {
namespace {

Options OptionsOf(std::vector<std::string> engines) {
  Options options;
  options.engines = std::move(engines);
  options.keys = 1'000;
  options.rounds = 3;
  return options;
}

// The numbers of the steps of `engine` that record `workload` for the large data set.
std::vector<std::size_t> StepsOf(const std::vector<Step>& plan, const std::string& engine,
                                 const std::string& workload) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const bool is_main = plan[i].data_set == plan.front().data_set;
    if (is_main && plan[i].engine == engine && plan[i].record == workload) found.push_back(i);
  }
  return found;
}

TEST(PlanTest, LimitsAreMeasuredInEachRoundOfReads) {
  const std::vector<Step> plan = MakePlan(OptionsOf({"kvs", "limits"}));
  const auto gets = StepsOf(plan, "kvs", "get");
  const auto limits = StepsOf(plan, "limits", "limit-get");
  ASSERT_EQ(gets.size(), 3U);
  ASSERT_EQ(limits.size(), 3U);
  for (std::size_t round = 0; round < 3; ++round) EXPECT_EQ(plan[gets[round]].group, plan[limits[round]].group);
}

TEST(PlanTest, LimitsEndBeforeTheWritesBegin) {
  const std::vector<Step> plan = MakePlan(OptionsOf({"kvs", "limits"}));
  const auto wipe = std::ranges::find_if(
      plan, [](const Step& step) { return step.engine == "limits" && step.action == Action::kWipe; });
  ASSERT_NE(wipe, plan.end());
  const auto writes = StepsOf(plan, "kvs", "ycsb-a");
  ASSERT_FALSE(writes.empty());
  EXPECT_LT(static_cast<std::size_t>(wipe - plan.begin()), writes.front());
}

TEST(PlanTest, LimitsRunNoWorkloadOfStores) {
  for (const Step& step : MakePlan(OptionsOf({"kvs", "limits", "raw"}))) {
    if (step.engine != "limits" || step.record.empty()) continue;
    EXPECT_TRUE(step.record.starts_with("limit-")) << step.record;
  }
}

TEST(PlanTest, LimitsCanBeLeftOut) {
  Options options = OptionsOf({"kvs", "limits"});
  options.workloads = {"get"};
  EXPECT_TRUE(StepsOf(MakePlan(options), "limits", "limit-get").empty());
  EXPECT_TRUE(StepsOf(MakePlan(OptionsOf({"kvs"})), "limits", "limit-get").empty());
}

}  // namespace
}  // namespace kvs::bench
