// The figures of a run by their names, and the ratios of two.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner.h"

namespace kvs::bench {

// One figure of one engine for one workload.
struct Cell {
  std::string data_set{};
  std::string workload{};
  std::string engine{};
  std::string figure{};
};

// The data sets of a run by their purpose; empty: the run has none.
struct DataSets {
  std::string main{};   // The largest of plain pairs.
  std::string scale{};  // That, if a smaller one is measured beside it: `scale_base`, of ten million keys.
  std::string scale_base{};
  std::string usual{};  // The largest otherwise.
  std::string large_values{};
  std::string huge_values{};
  std::string overwritten{};
  std::string durable{};
  std::string under_writes{};
  std::string under_writes_plain{};  // The same with no compaction.
};

DataSets FindDataSets(const Results& results);

double Median(std::vector<double> values);

// Null if it was not measured.
const std::vector<double>* ValuesOf(const Results& results, const Cell& cell);
std::optional<double> MedianOf(const Results& results, const Cell& cell);

// The median of the ratios of the rounds, so that what slows a whole round down does not count. If the two were not
// measured equally often, or for different data sets, it is the ratio of the medians.
std::optional<double> RatioOf(const Results& results, const Cell& cell, const Cell& other);

}  // namespace kvs::bench
