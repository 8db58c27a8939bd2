// The targets of kvs: ratios to peers and to limits that were measured in the same run, and a few figures of its own.
//
// Design      Some ratios depend on the kind of processor, and so do their goals. Intel's are for Intel's processors,
//             AMD's for all others.
#pragma once

#include <string>
#include <vector>

#include "runner.h"

namespace kvs::bench {

struct TargetRow {
  std::string what{};
  std::string measure{};  // The compared quantity: "of lmdb", "bytes a key".
  double goal = 0;
  bool at_least = false;  // Otherwise at most.
  double reached = 0;

  bool is_met() const { return at_least ? reached >= goal : reached <= goal; }
};

// The rows for which this run has the figures.
std::vector<TargetRow> JudgeTargets(const Results& results);

}  // namespace kvs::bench
