// Put: adds a figure to a made-up run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/runner.h"

namespace kvs::bench {

// values: in, one for each round.
inline void Put(Results& results, const std::string& data_set, const std::string& workload, const std::string& engine,
                const std::string& figure, std::vector<double> values) {
  results.order.emplace_back(data_set, workload);
  results.samples[data_set][workload][engine][figure] = std::move(values);
}

}  // namespace kvs::bench
