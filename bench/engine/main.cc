// kvs-bench: compares kvs with other embedded stores, on this machine, in one run.
//
// For each engine and data set it starts itself again as a worker. docs/benchmarks/engine-amd.md explains the
// comparison.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "plan.h"
#include "report.h"
#include "runner.h"
#include "worker.h"

namespace kvs::bench {
namespace {

constexpr unsigned kQuickRounds = 2;
constexpr double kQuickSeconds = 0.15;
constexpr double kQuickLoadSeconds = 5;
constexpr double kQuickMinutes = 3;
constexpr std::uint64_t kScaleKeys = 100'000'000;
constexpr std::uint64_t kQuickKeys = 1'000'000;
constexpr std::uint64_t kKeysMax = 400'000'000;

const std::vector<std::string> kWorkloads = {"load",   "get",    "mget16",    "absent", "ycsb-a",  "ycsb-b",
                                             "ycsb-c", "ycsb-d", "ycsb-e",    "ycsb-f", "scan100", "fullscan",
                                             "reopen", "values", "overwrite", "tail",   "durable", "limits"};

// Whether most of the time of a quick run would be this engine's.
bool IsSlow(const std::string& engine) { return engine == "sled" || engine == "redb" || engine == "fjall"; }

struct CommandLine {
  Options options{};
  Settings worker{};
  std::string worker_engine{};
  bool no_compaction = false;
  bool is_scale = false;
};

// "10M" is ten million, "64k" is 64 thousand.
std::string ReadNumber(std::string& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string unit = text.substr(digits);
  if (digits == 0 || digits > 12 || (unit != "" && unit != "k" && unit != "M")) return "not a number: " + text;
  text = text.substr(0, digits) + (unit == "M" ? "000000" : unit == "k" ? "000" : "");
  return {};
}

void AddOptions(CLI::App& app, CommandLine& line) {
  Options& options = line.options;
  const CLI::Validator number(ReadNumber, "NUMBER[k|M]");
  app.add_flag("--quick", options.is_quick,
               "A million keys, two short rounds, sled, redb and fjall only if --engines names them: three minutes");
  app.add_flag("--scale", line.is_scale,
               "kvs alone, loads, gets and openings, at 100M keys and at 10M: about 15 minutes");
  app.add_option("--engines", options.engines, "Which of: " + CLI::detail::join(EngineNames(), ","))
      ->delimiter(',')
      ->check(CLI::IsMember(EngineNames()));
  app.add_option("--workloads", options.workloads, "Which of: " + CLI::detail::join(kWorkloads, ","))
      ->delimiter(',')
      ->check(CLI::IsMember(kWorkloads));
  app.add_option("--keys", options.keys, "Of the large data set; 10M unless told")->transform(number);
  app.add_option("--value-bytes", options.value_bytes, "Of the large data set; 100 unless told")->transform(number);
  app.add_option("--rounds", options.rounds, "How often each workload is measured")->check(CLI::Range(1, 100));
  app.add_option("--seconds", options.seconds, "Of one workload in one round")->check(CLI::Range(0.01, 600.0));
  app.add_option("--operations", options.operations,
                 "Of each thread of a workload in one round, in place of a time: to compare two builds of kvs")
      ->check(CLI::Range(1'000, 1'000'000));
  app.add_option("--load-seconds", options.load_seconds, "For all loads of the large data set by one engine");
  app.add_option("--minutes", options.minutes, "For all of it: rounds after the second are left out beyond that")
      ->check(CLI::Range(1.0, 1e5));
  app.add_option("--json", options.json, "Where the figures go");
  app.add_option("--dir", options.directory, "Where the data lies; a folder in it is made, and removed");
  app.add_option("--worker", line.worker_engine)->group("");
  app.add_option("--writers", line.worker.writers)->group("");
  app.add_flag("--durable", line.worker.durable)->group("");
  app.add_flag("--no-compaction", line.no_compaction)->group("");
  app.add_flag("--tight", line.worker.tight)->group("");
}

int RunBench(const CLI::App& app, Options options, bool is_scale) {
  if (is_scale) {
    if (app.count("--keys") == 0) options.keys = kScaleKeys;
    if (options.engines.empty()) options.engines = {"kvs"};
    if (options.workloads.empty()) options.workloads = {"load", "get", "reopen"};
  }
  if (options.is_quick) {
    if (app.count("--keys") == 0) options.keys = kQuickKeys;
    if (app.count("--rounds") == 0) options.rounds = kQuickRounds;
    if (app.count("--seconds") == 0) options.seconds = kQuickSeconds;
    if (app.count("--load-seconds") == 0) options.load_seconds = kQuickLoadSeconds;
    if (app.count("--minutes") == 0) options.minutes = kQuickMinutes;
  }
  if (options.engines.empty()) {
    options.engines = EngineNames();
    if (options.is_quick) std::erase_if(options.engines, IsSlow);
  }
  if (options.directory.empty()) options.directory = std::filesystem::current_path();
  options.directory /= "kvs-bench-" + std::to_string(::getpid());
  std::signal(SIGPIPE, SIG_IGN);  // A worker that died is noticed by its missing answer.

  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { StopPlan(); });

  Results results = RunPlan(MakePlan(options), options.minutes * 60);
  results.processor = ReadProcessor();
  std::filesystem::remove_all(options.directory);
  PrintReport(options, results);
  if (!options.json.empty()) WriteJson(options.json, options, results);
  return results.failures.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

int Main(int argc, char** argv) {
  CommandLine line;
  CLI::App app("kvs-bench: kvs beside other embedded stores, in one run", "kvs-bench");
  AddOptions(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  if (line.options.keys == 0 || line.options.keys > kKeysMax) Die("--keys: 1 to 400M");
  if (line.options.value_bytes < 8) Die("--value-bytes: at least 8, which are checked");
  if (line.worker_engine.empty()) return RunBench(app, line.options, line.is_scale);
  line.worker.directory = line.options.directory;
  line.worker.keys = line.options.keys;
  line.worker.value_bytes = line.options.value_bytes;
  line.worker.compaction = !line.no_compaction;
  return RunWorker(line.worker_engine, line.worker);
}

}  // namespace
}  // namespace kvs::bench

int main(int argc, char** argv) { return kvs::bench::Main(argc, argv); }
