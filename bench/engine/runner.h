// The runner: goes through a plan, and gathers the figures.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "plan.h"
#include "processor.h"
#include "workloads.h"

namespace kvs::bench {

// Every value of a figure, one for each time that it was measured.
using Samples = std::map<std::string, std::vector<double>>;

struct Results {
  Processor processor{};  // That everything ran on.
  // By data set, workload and engine; `order` has the first two in the order of the plan.
  std::map<std::string, std::map<std::string, std::map<std::string, Samples>>> samples{};
  std::vector<std::pair<std::string, std::string>> order{};
  std::map<std::string, std::string> descriptions{};  // By engine, and by its purpose if there are several.
  std::vector<std::string> failures{};                // The failures, one line each.
  double seconds = 0;
};

// Once it is foreseen to take longer than `seconds_max`, spare rounds are left out.
Results RunPlan(const std::vector<Step>& plan, double seconds_max);

// From a signal handler: the plan ends after the step it is at, as a failure.
void StopPlan();

}  // namespace kvs::bench
