#include "report.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <thread>

#include "kvs/version.h"
#include "limit_table.h"
#include "lookup.h"
#include "targets.h"

namespace kvs::bench {
namespace {

// The figures of a row other than CPU time, in the order of the columns.
struct Column {
  const char* figure;
  const char* title;
  int digits;
};

constexpr Column kColumns[] = {
    {"ops_per_s", "ops/s", 0},
    {"p50_us", "p50 us", 2},
    {"p99_us", "p99 us", 2},
    {"p999_us", "p99.9 us", 2},
    {"written_per_op", "written B/op", 0},
    {"wall_ms", "wall ms", 2},
    {"cpu_ms", "cpu ms", 2},
    {"disk_per_user", "disk/user", 3},
    {"disk_peak_per_user", "peak disk/user", 3},
    {"written_per_user", "written/user", 3},
    {"anonymous_per_key", "private B/key", 1},
    {"index_per_key", "index B/key", 1},
    {"sets_per_s", "sets/s", 0},
    {"written_per_set", "written B/set", 0},
    {"times", "times over", 2},
    {"seconds", "wall s", 3},
};

bool IsLimit(const std::string& workload) { return workload.starts_with("limit-"); }  // They have their own table.
bool IsDurable(const std::string& workload) { return workload.starts_with("durable"); }

// The best figure of a peer: the least, or the greatest rate. 0: no peer was measured.
double BestOfPeers(const Results& results, const std::string& data_set, const std::string& workload,
                   const std::string& figure) {
  double best = 0;
  for (const std::string& engine : EngineNames()) {
    if (engine == "kvs" || IsFloor(engine)) continue;
    const auto value = MedianOf(results, {data_set, workload, engine, figure});
    if (!value) continue;
    const bool is_rate = figure == "ops_per_s";
    if (best == 0 || (is_rate ? *value > best : *value < best)) best = *value;
  }
  return best;
}

// The figure that judges a workload.
std::string PrimaryFigure(const std::string& workload) {
  if (IsDurable(workload)) return "ops_per_s";
  if (workload.starts_with("reopen")) return "wall_ms";
  return workload == "compact" ? "seconds" : "cpu_us";
}

void PrintRow(const Results& results, const std::string& data_set, const std::string& workload,
              const std::string& engine) {
  const std::string primary = PrimaryFigure(workload);
  const auto value = MedianOf(results, {data_set, workload, engine, primary});
  if (!value) return;
  const double best = BestOfPeers(results, data_set, workload, primary);
  std::printf("  %-8s %12.3f", engine.c_str(), *value);
  if (best > 0) {
    std::printf(" %6.2fx", *value / best);
  } else {
    std::printf(" %7s", "-");
  }
  const auto& samples = results.samples.at(data_set).at(workload).at(engine);
  const auto [least, greatest] = std::ranges::minmax(samples.at(primary));
  std::printf("  [%.3f..%.3f x%zu]", least, greatest, samples.at(primary).size());
  for (const Column& column : kColumns) {
    if (column.figure == primary) continue;
    if (const auto extra = MedianOf(results, {data_set, workload, engine, column.figure})) {
      std::printf("  %s %.*f", column.title, column.digits, *extra);
    }
  }
  std::printf("\n");
}

void PrintLimits(const Results& results) {
  const std::vector<LimitRow> rows = LimitTable(results);
  if (rows.empty()) return;
  std::printf("\nlimits: the machine without a store, and kvs\n");
  for (const LimitRow& row : rows) {
    std::printf("  %-38s %10.3f %-8s  [%.3f..%.3f]", row.limit.c_str(), row.median, row.unit.c_str(), row.least,
                row.greatest);
    if (row.ratio) std::printf("  %s %.3f, %.2f of the limit", row.workload.c_str(), *row.kvs, *row.ratio);
    std::printf("\n");
  }
}

void PrintTargets(const Results& results) {
  const std::vector<TargetRow> rows = JudgeTargets(results);
  if (rows.empty()) return;
  std::printf("\ntargets\n");
  for (const TargetRow& row : rows) {
    std::printf("  %-42s %-28s %s %8.2f  reached %8.3f  %s\n", row.what.c_str(), row.measure.c_str(),
                row.at_least ? "at least" : "at most ", row.goal, row.reached, row.is_met() ? "met" : "MISSED");
  }
}

// ------------------------------------------------------------------------------------------------------------- JSON

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

template <class Items, class Print>
void PrintList(std::ostream& out, char open, char close, const Items& items, Print print) {
  out << open;
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) out << ",\n";
    is_first = false;
    print(item);
  }
  out << close;
}

void PrintProcessor(std::ostream& out, const Processor& processor) {
  const auto print = [&](const std::string& word) { out << Quoted(word); };
  out << "{\"kind\": " << Quoted(processor.kind_name()) << ", \"name\": " << Quoted(processor.name)
      << ", \"family\": " << processor.family << ", \"model\": " << processor.model << ", \"flags\": ";
  PrintList(out, '[', ']', processor.flags, print);
  out << ", \"caches\": ";
  PrintList(out, '[', ']', processor.caches, print);
  out << "}";
}

void PrintSamples(std::ostream& out, const Samples& samples) {
  PrintList(out, '{', '}', samples, [&](const auto& figure) {
    out << Quoted(figure.first) << ": ";
    PrintList(out, '[', ']', figure.second, [&](double value) { out << value; });
  });
}

}  // namespace

void PrintReport(const Options& options, const Results& results) {
  std::printf("\nprocessor: %s; %u cores\n", results.processor.Describe().c_str(), std::thread::hardware_concurrency());
  std::printf("\nsettings\n");
  for (const auto& [engine, description] : results.descriptions) {
    std::printf("  %-20s %s\n", engine.c_str(), description.c_str());
  }
  std::printf("\nMedians of up to %u rounds; x: of the best peer; [least..greatest, times measured].\n",
              options.rounds);
  for (const auto& [data_set, workload] : results.order) {
    const std::string primary = PrimaryFigure(workload);
    const char* const unit = primary == "cpu_us"      ? "CPU us per operation"
                             : primary == "ops_per_s" ? "sets a second"
                             : primary == "wall_ms"   ? "ms of wall time"
                                                      : "seconds of wall time";
    if (!results.samples.at(data_set).contains(workload) || IsLimit(workload)) continue;
    std::printf("\n%s: %s, %s\n", data_set.c_str(), workload.c_str(), unit);
    for (const std::string& engine : EngineNames()) PrintRow(results, data_set, workload, engine);
  }
  PrintLimits(results);
  PrintTargets(results);
  for (const std::string& failure : results.failures) std::printf("FAILED: %s\n", failure.c_str());
}

void WriteJson(const std::filesystem::path& path, const Options& options, const Results& results) {
  std::ofstream out(path);
  out.precision(9);
  out << "{\"version\": " << Quoted(kVersion) << ", \"keys\": " << options.keys
      << ", \"value_bytes\": " << options.value_bytes << ", \"rounds\": " << options.rounds
      << ", \"seconds\": " << results.seconds << ", \"cores\": " << std::thread::hardware_concurrency()
      << ",\n\"processor\": ";
  PrintProcessor(out, results.processor);
  out << ",\n\"settings\": ";
  PrintList(out, '{', '}', results.descriptions,
            [&](const auto& item) { out << Quoted(item.first) << ": " << Quoted(item.second); });
  out << ",\n\"results\": ";
  PrintList(out, '[', ']', results.order, [&](const auto& key) {
    out << "{\"data_set\": " << Quoted(key.first) << ", \"workload\": " << Quoted(key.second)
        << ", \"primary\": " << Quoted(PrimaryFigure(key.second)) << ", \"engines\": ";
    PrintList(out, '{', '}', results.samples.at(key.first).at(key.second), [&](const auto& engine) {
      out << Quoted(engine.first) << ": ";
      PrintSamples(out, engine.second);
    });
    out << "}";
  });
  out << ",\n\"limits\": ";
  PrintList(out, '[', ']', LimitTable(results), [&](const LimitRow& row) {
    out << "{\"limit\": " << Quoted(row.limit) << ", \"unit\": " << Quoted(row.unit) << ", \"least\": " << row.least
        << ", \"median\": " << row.median << ", \"greatest\": " << row.greatest;
    if (row.ratio) {
      out << ", \"workload\": " << Quoted(row.workload) << ", \"kvs\": " << *row.kvs << ", \"ratio\": " << *row.ratio;
    }
    out << "}";
  });
  out << ",\n\"targets\": ";
  PrintList(out, '[', ']', JudgeTargets(results), [&](const TargetRow& row) {
    out << "{\"what\": " << Quoted(row.what) << ", \"measure\": " << Quoted(row.measure) << ", \"goal\": " << row.goal
        << ", \"at_least\": " << (row.at_least ? "true" : "false") << ", \"reached\": " << row.reached
        << ", \"met\": " << (row.is_met() ? "true" : "false") << "}";
  });
  out << ",\n\"failures\": ";
  PrintList(out, '[', ']', results.failures, [&](const std::string& failure) { out << Quoted(failure); });
  out << "}\n";
  if (!out.flush()) Die("cannot write " + path.string());
}

}  // namespace kvs::bench
