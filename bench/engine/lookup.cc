#include "lookup.h"

#include <algorithm>
#include <functional>

namespace kvs::bench {
namespace {

constexpr std::string_view kScaleBase = "10M keys of 100 B";

void AssignIfEndsWith(std::string& to, const std::string& data_set, std::string_view end) {
  if (data_set.ends_with(end)) to = data_set;
}

}  // namespace

DataSets FindDataSets(const Results& results) {
  DataSets sets;
  for (const auto& [data_set, workload] : results.order) {
    if (sets.main.empty() && data_set.find(',') == std::string::npos) sets.main = data_set;
    if (data_set == kScaleBase && sets.main != kScaleBase) sets.scale_base = data_set;
    AssignIfEndsWith(sets.large_values, data_set, " keys of 1k B");
    AssignIfEndsWith(sets.huge_values, data_set, " keys of 65536 B");
    AssignIfEndsWith(sets.overwritten, data_set, ", overwritten");
    AssignIfEndsWith(sets.durable, data_set, ", durable");
    AssignIfEndsWith(sets.under_writes, data_set, ", under writes");
    AssignIfEndsWith(sets.under_writes_plain, data_set, ", under writes, no compaction");
  }
  (sets.scale_base.empty() ? sets.usual : sets.scale) = sets.main;
  return sets;
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

const std::vector<double>* ValuesOf(const Results& results, const Cell& cell) {
  const auto set = results.samples.find(cell.data_set);
  if (set == results.samples.end()) return nullptr;
  const auto at = set->second.find(cell.workload);
  if (at == set->second.end()) return nullptr;
  const auto samples = at->second.find(cell.engine);
  if (samples == at->second.end()) return nullptr;
  const auto values = samples->second.find(cell.figure);
  return values == samples->second.end() || values->second.empty() ? nullptr : &values->second;
}

std::optional<double> MedianOf(const Results& results, const Cell& cell) {
  const auto* const values = ValuesOf(results, cell);
  return values == nullptr ? std::nullopt : std::optional(Median(*values));
}

std::optional<double> RatioOf(const Results& results, const Cell& cell, const Cell& other) {
  const auto* const own = ValuesOf(results, cell);
  const auto* const others = ValuesOf(results, other);
  if (own == nullptr || others == nullptr) return std::nullopt;
  if (own->size() != others->size() || cell.data_set != other.data_set) return Median(*own) / Median(*others);
  std::vector<double> ratios(own->size());
  std::ranges::transform(*own, *others, ratios.begin(), std::divides<>());
  return Median(std::move(ratios));
}

}  // namespace kvs::bench
