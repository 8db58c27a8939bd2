// The table of limits: what the machine takes without a store, and how near kvs comes to it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner.h"

namespace kvs::bench {

struct LimitRow {
  std::string limit{};  // In words.
  std::string unit{};
  double least = 0;
  double median = 0;
  double greatest = 0;
  std::string workload{};         // Of kvs, in words: what has this limit. Empty: nothing has it alone.
  std::optional<double> kvs{};    // The median of that.
  std::optional<double> ratio{};  // Of kvs to the limit.
};

// The rows for which this run has the limit.
std::vector<LimitRow> LimitTable(const Results& results);

}  // namespace kvs::bench
