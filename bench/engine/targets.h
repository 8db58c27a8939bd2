// The targets of kvs, as ratios to peers that were measured in the same run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner.h"

namespace kvs::bench {

struct TargetRow {
  std::string what{};
  std::string measure{};  // The compared quantity: "CPU of LMDB's", "bytes a key".
  double goal = 0;
  bool at_least = false;  // Otherwise at most.
  double reached = 0;

  bool is_met() const { return at_least ? reached >= goal : reached <= goal; }
};

// The rows for which this run has the figures. A ratio is the median of the ratios of the rounds, so that what slows a
// whole round down does not count. If the two were not measured equally often, it is that of the medians.
std::vector<TargetRow> JudgeTargets(const Results& results);

double Median(std::vector<double> values);
// Null if it was not measured.
const std::vector<double>* ValuesOf(const Results& results, const std::string& data_set, const std::string& workload,
                                    const std::string& engine, const std::string& figure);
std::optional<double> MedianOf(const Results& results, const std::string& data_set, const std::string& workload,
                               const std::string& engine, const std::string& figure);

}  // namespace kvs::bench
