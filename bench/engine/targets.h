// The targets of kvs, as ratios to peers that were measured in the same run.
#pragma once

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

// The rows for which this run has the figures.
std::vector<TargetRow> JudgeTargets(const Results& results);

}  // namespace kvs::bench
