#include "targets.h"

#include <optional>

#include "lookup.h"

namespace kvs::bench {
namespace {

// A figure of one engine for one workload.
struct Place {
  std::string DataSets::*data_set = nullptr;
  std::string_view workload{};
  std::string_view engine = "kvs";
};

// With an AMD and with an Intel processor. One number is for both.
struct Goal {
  constexpr Goal(double both) : amd(both), intel(both) {}
  constexpr Goal(double of_amd, double of_intel) : amd(of_amd), intel(of_intel) {}

  double amd;
  double intel;
};

// The figure of kvs at `own`, as a ratio to that at `other` if there is one.
struct Target {
  const char* what;
  const char* measure;
  Goal goal;
  const char* figure;
  Place own;
  Place other{};
  bool at_least = false;  // Otherwise at most.
};

using Sets = DataSets;

constexpr Target OfLmdb(const char* what, Goal goal, std::string Sets::*data_set, std::string_view workload) {
  return {what, "of lmdb", goal, "cpu_us", {data_set, workload}, {data_set, workload, "lmdb"}};
}

constexpr Target OfLimit(const char* what, Goal goal, std::string_view workload, std::string_view limit,
                         const char* measure) {
  return {what, measure, goal, "cpu_us", {&Sets::main, workload}, {&Sets::main, limit, kLimitsName}};
}

constexpr Target OfRawSync(const char* what, Goal goal, std::string_view workload) {
  return {what, "of the raw limit", goal, "ops_per_s", {&Sets::durable, workload}, {&Sets::durable, workload, "raw"},
          true};
}

constexpr Target OfTenMillion(const char* what, Goal goal, std::string_view workload) {
  return {what, "of that at 10M keys", goal, "cpu_us", {&Sets::scale, workload}, {&Sets::scale_base, workload}};
}

constexpr Target kTargets[] = {
    OfLmdb("load, CPU", 0.33, &Sets::main, "load"),
    OfLmdb("get, CPU", {0.5, 0.65}, &Sets::main, "get"),
    OfLmdb("get, 2 threads, CPU", {0.5, 0.65}, &Sets::main, "get/2"),
    OfLimit("get, CPU", 1.6, "get", "limit-get", "of two dependent misses and a copy"),
    OfLimit("get of 16, CPU per key", 1.8, "mget16", "limit-read16", "of 16 records read together"),
    OfLmdb("YCSB A, CPU", 0.28, &Sets::main, "ycsb-a"),
    OfLmdb("YCSB A, 2 threads, CPU", 0.18, &Sets::main, "ycsb-a/2"),
    OfLmdb("YCSB B, CPU", 0.37, &Sets::main, "ycsb-b"),
    OfLmdb("YCSB E, fresh log, CPU", {0.9, 1.3}, &Sets::main, "ycsb-e"),
    OfLmdb("scan of 100, fresh log, CPU", {0.75, 1.3}, &Sets::main, "scan100"),
    OfLmdb("full scan, fresh log, CPU", {0.7, 1.3}, &Sets::main, "fullscan"),
    OfLmdb("YCSB E, after compaction, CPU", {0.6, 1.0}, &Sets::main, "ycsb-e compacted"),
    OfLmdb("scan of 100, after compaction, CPU", {0.6, 1.0}, &Sets::main, "scan100 compacted"),
    OfLmdb("full scan, after compaction, CPU", {0.6, 1.0}, &Sets::main, "fullscan compacted"),
    OfLmdb("1 kB values: load, CPU", 0.4, &Sets::large_values, "load"),
    OfLmdb("1 kB values: get, CPU", 0.7, &Sets::large_values, "get"),
    OfLmdb("1 kB values: YCSB A, CPU", 0.35, &Sets::large_values, "ycsb-a"),
    OfLmdb("64 KiB values: load, CPU", 1.5, &Sets::huge_values, "load"),
    OfLmdb("64 KiB values: get, CPU", 1.3, &Sets::huge_values, "get"),
    OfLmdb("64 KiB values: YCSB A, CPU", 3, &Sets::huge_values, "ycsb-a"),
    OfRawSync("durable set, 1 writer, rate", 0.95, "durable"),
    OfRawSync("durable set, 8 writers, rate", 1.0, "durable/8"),
    OfRawSync("durable set, 32 writers, rate", 0.9, "durable/32"),
    {"opening after a clean stop", "ms", 30, "wall_ms", {&Sets::usual, "reopen clean"}},
    {"opening after a clean stop, scale", "ms", 250, "wall_ms", {&Sets::scale, "reopen clean"}},
    {"opening after SIGKILL, 46 MB written", "ms", 140, "wall_ms", {&Sets::usual, "reopen killed"}},
    {"index memory", "bytes a key", 16, "index_per_key", {&Sets::main, "load"}},
    {"disk while overwriting, peak", "of user bytes", 1.43, "disk_peak_per_user", {&Sets::overwritten, "overwrite"}},
    {"written while overwriting", "of user bytes", 2.5, "written_per_user", {&Sets::overwritten, "overwrite"}},
    {"p99.9 of get under writes, compacting",
     "of that without",
     2,
     "p999_us",
     {&Sets::under_writes, "tail"},
     {&Sets::under_writes_plain, "tail"}},
    OfTenMillion("get, CPU", 1.6, "get"),
    OfTenMillion("load, CPU", 1.3, "load"),
};

Cell CellOf(const DataSets& sets, const Place& place, const char* figure) {
  return {sets.*place.data_set, std::string(place.workload), std::string(place.engine), figure};
}

}  // namespace

std::vector<TargetRow> JudgeTargets(const Results& results) {
  const DataSets sets = FindDataSets(results);
  const bool is_intel = results.processor.kind == ProcessorKind::kIntel;
  std::vector<TargetRow> rows;
  for (const Target& target : kTargets) {
    const Cell own = CellOf(sets, target.own, target.figure);
    const std::optional<double> reached = target.other.data_set == nullptr
                                              ? MedianOf(results, own)
                                              : RatioOf(results, own, CellOf(sets, target.other, target.figure));
    if (!reached) continue;
    const double goal = is_intel ? target.goal.intel : target.goal.amd;
    rows.push_back({target.what, target.measure, goal, target.at_least, *reached});
  }
  return rows;
}

}  // namespace kvs::bench
