#include "limit_table.h"

#include <algorithm>

#include "engine.h"
#include "lookup.h"

namespace kvs::bench {
namespace {

struct LimitName {
  const char* workload;  // The limit's.
  const char* words;
  std::string DataSets::*kvs_data_set;
  const char* kvs_workload;  // "": none.
  const char* kvs_words;
};

constexpr LimitName kCosts[] = {
    {"limit-read", "a record at random", &DataSets::main, "", ""},
    {"limit-read16", "16 records at random, prefetched, each", &DataSets::main, "mget16", "get of 16, each"},
    {"limit-sequence", "records in order, each", &DataSets::main, "fullscan compacted", "full scan, compacted"},
    {"limit-get", "two dependent misses and a copy", &DataSets::main, "get", "get"},
    {"limit-copy", "a copy of 64 KiB", &DataSets::huge_values, "get", "get of 64 KiB"},
    {"limit-append", "an append with its checksum", &DataSets::main, "load", "load"}};

constexpr LimitName kRates[] = {
    {"durable", "raw sync, 1 writer", &DataSets::durable, "durable", "durable set"},
    {"durable/8", "raw sync, 8 writers", &DataSets::durable, "durable/8", "durable set"},
    {"durable/32", "raw sync, 32 writers", &DataSets::durable, "durable/32", "durable set"}};

void AddRow(const Results& results, const LimitName& name, const Cell& limit, const std::string& unit,
            std::vector<LimitRow>& rows) {
  const auto* const values = ValuesOf(results, limit);
  if (values == nullptr) return;
  const auto [least, greatest] = std::ranges::minmax(*values);
  const Cell kvs{FindDataSets(results).*name.kvs_data_set, name.kvs_workload, "kvs", limit.figure};
  rows.push_back({name.words, unit, least, Median(*values), greatest, name.kvs_words, MedianOf(results, kvs),
                  RatioOf(results, kvs, limit)});
}

}  // namespace

std::vector<LimitRow> LimitTable(const Results& results) {
  const DataSets sets = FindDataSets(results);
  std::vector<LimitRow> rows;
  for (const LimitName& name : kCosts) {
    AddRow(results, name, {sets.main, name.workload, std::string(kLimitsName), "cpu_us"}, "CPU us", rows);
  }
  for (const LimitName& name : kRates) {
    AddRow(results, name, {sets.durable, name.workload, "raw", "ops_per_s"}, "a second", rows);
  }
  return rows;
}

}  // namespace kvs::bench
