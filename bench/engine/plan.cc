#include "plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "keys.h"
#include "limits.h"

namespace kvs::bench {
namespace {

constexpr std::uint64_t kSmallKeys = 1'000'000;
constexpr std::uint64_t kScaleKeys = 10'000'000;  // That larger data sets are compared with.
constexpr std::uint64_t kSpaceKeys = 2'000'000;
constexpr std::uint64_t kHugeKeys = 10'000;
constexpr std::uint64_t kDurableKeys = 100'000;
constexpr std::size_t kLargeValueBytes = 1'000;
constexpr std::size_t kHugeValueBytes = 65'536;
constexpr std::uint64_t kCrashBytes = 46'000'000;

constexpr unsigned kRoundsMin = 2;
constexpr double kOverwriteSeconds = 45;  // Enough to show the behaviour of an engine.
constexpr double kTailSeconds = 1;

// Rough, to plan with: microseconds of wall time of a set in a load, and milliseconds to open ten million keys.
struct Guess {
  double set_us;
  double open_ms;
};

Guess GuessOf(const std::string& engine) {
  static const std::map<std::string, Guess> guesses = {
      {"kvs", {0.8, 300}}, {"lmdb", {2.2, 1}},   {"rocksdb", {6, 2000}}, {"leveldb", {4, 1200}}, {"sled", {12, 3000}},
      {"redb", {6, 1000}}, {"fjall", {6, 2000}}, {"hash", {0.6, 1}},     {"empty", {0.1, 1}},    {"raw", {120, 1}}};
  const auto at = guesses.find(engine);
  return at == guesses.end() ? Guess{10, 1000} : at->second;
}

struct Point {
  const char* workload;
  unsigned threads;
};

class Planner {
 public:
  explicit Planner(const Options& options) : options_(options) {}

  std::vector<Step> Make() {
    PlanMain();
    if (options_.keys > kScaleKeys) PlanScale();
    if (!options_.is_quick && options_.keys > kSmallKeys) PlanSmall();
    PlanLargeValues();
    PlanHugeValues();
    PlanSpace();
    PlanTail();
    PlanDurable();
    return std::move(steps_);
  }

 private:
  // ------------------------------------------------------------------------------------------------------- pieces

  std::vector<std::string> Engines(bool with_floors, bool with_order = false) const {
    std::vector<std::string> engines;
    for (const std::string& engine : options_.engines) {
      if (engine == "raw" || engine == kLimitsName || (IsFloor(engine) && !with_floors) ||
          (engine == "hash" && with_order))
        continue;
      if (engine == "sled" && data_keys_ > kSmallKeys) continue;  // It needs more memory than there is, and hours.
      engines.push_back(engine);
    }
    return engines;
  }

  bool HasEngine(std::string_view name) const {
    return std::ranges::find(options_.engines, name) != options_.engines.end();
  }

  // Calls `plan` for each round. Steps of rounds after `rounds_min` are spare.
  template <class PlanRound>
  void ForEachRound(PlanRound plan, unsigned rounds_min = kRoundsMin) {
    for (unsigned round = 0; round < options_.rounds; ++round) {
      ++group_;
      is_spare_ = round >= rounds_min;
      plan(round);
    }
    ++group_;
    is_spare_ = false;
  }

  void Begin(std::uint64_t keys, std::size_t value_bytes, const std::string& purpose) {
    data_keys_ = keys;
    value_bytes_ = value_bytes;
    data_set_ = ShortNumber(keys) + " keys of " + ShortNumber(value_bytes) + " B" + purpose;
  }

  Step& Add(Action action, const std::string& engine, unsigned instance = 0) {
    Step& step = steps_.emplace_back();
    step.action = action;
    step.data_set = data_set_;
    step.engine = engine;
    step.slot = data_set_ + "/" + engine + "/" + std::to_string(instance);
    std::string folder = step.slot;
    std::ranges::replace(folder, '/', '-');
    std::ranges::replace(folder, ' ', '-');
    step.settings.directory = options_.directory / folder;
    step.settings.keys = data_keys_;
    step.settings.value_bytes = value_bytes_;
    step.group = group_;
    step.is_spare = is_spare_;
    return step;
  }

  void Start(const std::string& engine, bool is_fresh, unsigned instance = 0, const std::string& record = {}) {
    Step& step = Add(Action::kStart, engine, instance);
    step.is_fresh = is_fresh;
    step.record = record;
    step.expected_seconds = is_fresh ? 0.05 : OpenSeconds(engine);
  }

  void Run(const std::string& engine, const std::string& workload, unsigned threads, double seconds,
           unsigned instance = 0) {
    Step& step = Add(Action::kRun, engine, instance);
    step.command = "run " + workload + " " + std::to_string(threads) + " " + std::to_string(seconds) + " " +
                   std::to_string(options_.operations);
    step.record = threads == 1 ? workload : workload + "/" + std::to_string(threads);
    step.expected_seconds = seconds + 0.2;
  }

  void Load(const std::string& engine, unsigned instance = 0) {
    Run(engine, "load", 1, 0, instance);
    steps_.back().expected_seconds = LoadSeconds(engine);
  }

  void End(const std::string& engine, unsigned instance = 0, bool wipe = true) {
    Add(Action::kEnd, engine, instance).expected_seconds = 0.1;
    if (wipe) Add(Action::kWipe, engine, instance);
  }

  double LoadSeconds(const std::string& engine) const {
    const double per_byte_us = engine == "hash" || engine == "empty" ? 0.0002 : 0.003;
    const double set_us = GuessOf(engine).set_us + per_byte_us * static_cast<double>(value_bytes_);
    return static_cast<double>(data_keys_) * set_us * 1e-6 + 0.4;
  }

  double OpenSeconds(const std::string& engine) const {
    return GuessOf(engine).open_ms * 1e-3 * static_cast<double>(data_keys_) / 1e7 + 0.1;
  }

  void RunAll(const std::vector<Point>& points, const std::vector<std::string>& engines) {
    for (const Point& point : points) {
      if (!options_.Wants(point.workload)) continue;
      for (const std::string& engine : engines) {
        const std::string name = point.workload;
        const bool is_scan = name == "scan100" || name == "fullscan" || name == "ycsb-e";
        if ((is_scan && engine == "hash") || (name == "fullscan" && IsFloor(engine))) continue;
        Run(engine, name, point.threads, options_.seconds);
        if (name == "fullscan") steps_.back().expected_seconds = static_cast<double>(data_keys_) * 2.5e-7;
      }
    }
  }

  bool WantsAny(const std::vector<Point>& points) const {
    return std::ranges::any_of(points, [&](const Point& point) { return options_.Wants(point.workload); });
  }

  // Warms the caches, so that the first round is like the others.
  void Warm(const std::vector<std::string>& engines) {
    for (const std::string& engine : engines) {
      if (IsFloor(engine)) continue;
      Run(engine, "fullscan", 1, 0);
      steps_.back().record.clear();
      Run(engine, "get", 1, options_.seconds);
      steps_.back().record.clear();
    }
  }

  // ------------------------------------------------------------------------------------------------------- data sets

  void PlanMain() {
    const std::vector<Point> reads = {{"get", 1},    {"get", 2},     {"mget16", 1},  {"absent", 1},
                                      {"ycsb-c", 1}, {"scan100", 1}, {"fullscan", 1}};
    const std::vector<Point> writes = {{"ycsb-a", 1}, {"ycsb-a", 2}, {"ycsb-b", 1}, {"ycsb-b", 2},
                                       {"ycsb-d", 1}, {"ycsb-e", 1}, {"ycsb-f", 1}};
    const std::vector<Point> scans = {{"ycsb-e", 1}, {"scan100", 1}, {"fullscan", 1}};
    const bool wants_reopen = options_.Wants("reopen");
    const bool wants_limits = options_.Wants("limits") && HasEngine(kLimitsName);
    if (!options_.Wants("load") && !WantsAny(reads) && !WantsAny(writes) && !wants_reopen && !wants_limits) return;
    Begin(options_.keys, options_.value_bytes, "");
    const std::vector<std::string> engines = Engines(true);
    PlanLoads(engines);
    if (WantsAny(reads) || WantsAny(writes)) Warm(engines);
    if (wants_limits) StartLimits();
    ForEachRound([&](unsigned) {
      RunAll(reads, engines);
      if (wants_limits) RunLimits();
    });
    if (wants_limits) End(std::string(kLimitsName));  // Its file goes before the writes need memory.
    ForEachRound([&](unsigned) { RunAll(writes, engines); });
    if (WantsAny(scans)) PlanClustered(scans);
    for (const std::string& engine : engines) End(engine, 0, !wants_reopen || IsFloor(engine));
    if (wants_reopen) PlanReopen();
  }

  void StartLimits() {
    Start(std::string(kLimitsName), true);
    steps_.back().expected_seconds = static_cast<double>(UserBytes()) / 1e9;
  }

  void RunLimits() {
    for (const std::string_view name : Limits::Names()) {
      Run(std::string(kLimitsName), std::string(name), 1, options_.seconds);
    }
  }

  // Every engine once, then again each one with time left, each time into a new directory.
  void PlanLoads(const std::vector<std::string>& engines) {
    const auto plan = [&](unsigned round) {
      for (const std::string& engine : engines) {
        if (round > 0 && (!options_.Wants("load") || (round + 1) * LoadSeconds(engine) > options_.load_seconds))
          continue;
        Start(engine, true, round);
        if (round == 0) Add(Action::kRun, engine).command = "describe";
        Load(engine, round);
        if (round > 0) End(engine, round);
      }
    };
    ForEachRound(plan, 1);
  }

  // The scans once more, after each store has put its data in order, if it has a call for that.
  void PlanClustered(const std::vector<Point>& scans) {
    const std::vector<std::string> engines = Engines(false, true);
    for (const std::string& engine : engines) {
      Step& step = Add(Action::kRun, engine);
      step.command = "compact";
      step.record = "compact";
      step.expected_seconds = LoadSeconds(engine) / 4;
    }
    const std::size_t first = steps_.size();
    ForEachRound([&](unsigned) { RunAll(scans, engines); });
    for (std::size_t i = first; i < steps_.size(); ++i) steps_[i].record += " compacted";
  }

  void PlanReopen() {
    std::vector<std::string> engines = Engines(false);
    std::erase(engines, "sled");  // 46 MB of sets, each of which waits for a flush.
    ForEachRound([&](unsigned) {
      for (const std::string& engine : engines) {
        Start(engine, false, 0, "reopen clean");
        Step& crash = Add(Action::kCrash, engine);
        crash.command = "crash " + std::to_string(std::min(kCrashBytes, UserBytes() / 4));
        crash.expected_seconds = static_cast<double>(kCrashBytes) / 116 * GuessOf(engine).set_us * 2e-6;
        Start(engine, false, 0, "reopen killed");
        End(engine, 0, false);
        if (engine != "kvs") continue;
        Add(Action::kDropIndex, engine);
        Start(engine, false, 0, "reopen unindexed");
        End(engine, 0, false);
      }
    });
    for (const std::string& engine : Engines(false)) Add(Action::kWipe, engine);
  }

  std::uint64_t UserBytes() const { return data_keys_ * (kKeyBytes + value_bytes_); }

  // One data set whose engines come round by round through a few workloads.
  void PlanSet(const std::vector<Point>& points) {
    if (!WantsAny(points) && !options_.Wants("load")) return;
    const std::vector<std::string> engines = Engines(true);
    for (const std::string& engine : engines) {
      Start(engine, true);
      Load(engine);
    }
    if (WantsAny(points)) Warm(engines);
    ForEachRound([&](unsigned) { RunAll(points, engines); });
    for (const std::string& engine : engines) End(engine);
  }

  void PlanScale() {
    Begin(kScaleKeys, options_.value_bytes, "");
    PlanSet({{"get", 1}, {"mget16", 1}});
  }

  void PlanSmall() {
    if (!options_.workloads.empty()) return;  // A question about few workloads is one about the large data set.
    Begin(kSmallKeys, options_.value_bytes, "");
    const double seconds = std::exchange(options_.seconds, options_.seconds / 2);
    PlanSet({{"get", 1}, {"mget16", 1}, {"ycsb-a", 1}, {"ycsb-b", 1}, {"scan100", 1}, {"fullscan", 1}});
    options_.seconds = seconds;
  }

  void PlanLargeValues() {
    if (!options_.Wants("values")) return;
    Begin(std::min(options_.keys, kSmallKeys) / (options_.is_quick ? 5 : 1), kLargeValueBytes, "");
    PlanValues({{"get", 1}, {"get", 2}, {"ycsb-a", 1}, {"ycsb-a", 2}, {"ycsb-b", 2}});
  }

  void PlanHugeValues() {
    if (!options_.Wants("values") || options_.is_quick) return;
    Begin(std::min(options_.keys, kHugeKeys), kHugeValueBytes, "");
    PlanValues({{"get", 1}, {"ycsb-a", 1}});
  }

  void PlanValues(const std::vector<Point>& points) {
    const Options all = options_;
    options_.workloads.clear();
    options_.seconds /= 2;
    std::erase(options_.engines, "sled");
    PlanSet(points);
    options_ = all;
  }

  // With the settings that the goals are meant for; kvs also as it comes.
  void PlanSpace() {
    if (!options_.Wants("overwrite")) return;
    const std::uint64_t keys = std::min(options_.keys, kSpaceKeys) / (options_.is_quick ? 4 : 1);
    Begin(keys, options_.value_bytes, ", overwritten");
    for (const std::string& engine : Engines(false)) {
      if (engine != "sled") PlanOverwrite(engine, true);
    }
    if (!HasEngine("kvs")) return;
    Begin(keys, options_.value_bytes, ", overwritten, default settings");
    PlanOverwrite("kvs", false);
  }

  void PlanOverwrite(const std::string& engine, bool is_tight) {
    Start(engine, true);
    steps_.back().settings.tight = is_tight;
    if (engine == "kvs") {
      Step& describe = Add(Action::kRun, engine);
      describe.command = "describe";
      describe.record = is_tight ? "overwritten" : "overwritten, default";
    }
    Load(engine);
    Run(engine, "overwrite", 1, kOverwriteSeconds);
    steps_.back().expected_seconds = std::min(kOverwriteSeconds, 4 * LoadSeconds(engine));
    End(engine);
  }

  // The same load with and without compaction, for stores that can be told to leave it. Before the first round each is
  // overwritten once, so that compaction has begun.
  void PlanTail() {
    if (!options_.Wants("tail")) return;
    ForEachTail([&](const std::string& engine, bool compaction) {
      Start(engine, true);
      steps_.back().settings.compaction = compaction;
      Load(engine);
      Run(engine, "overwrite-once", 1, 0);
      steps_.back().expected_seconds = 1.5 * LoadSeconds(engine);
      steps_.back().record.clear();
    });
    ForEachRound(
        [&](unsigned) { ForEachTail([&](const std::string& engine, bool) { Run(engine, "tail", 1, kTailSeconds); }); });
    ForEachTail([&](const std::string& engine, bool) { End(engine); });
  }

  template <class Plan>
  void ForEachTail(Plan plan) {
    const std::uint64_t keys = std::min(options_.keys, kSmallKeys) / (options_.is_quick ? 4 : 1);
    for (const bool compaction : {false, true}) {
      Begin(keys, options_.value_bytes, compaction ? ", under writes" : ", under writes, no compaction");
      for (const std::string& engine : Engines(false)) {
        if (engine == "sled" || (!compaction && engine != "kvs" && engine != "rocksdb")) continue;
        plan(engine, compaction);
      }
    }
  }

  void PlanDurable() {
    if (!options_.Wants("durable")) return;
    Begin(kDurableKeys, options_.value_bytes, ", durable");
    for (const unsigned writers : {1U, 8U, 32U}) {
      ForEachRound([&](unsigned) {
        for (const std::string& engine : options_.engines) {  // The limit is measured next to kvs.
          if ((IsFloor(engine) && engine != "raw") || engine == "sled") continue;
          Start(engine, true, writers);
          steps_.back().settings.durable = true;
          steps_.back().settings.writers = writers;
          Run(engine, "durable", writers, options_.seconds, writers);
          End(engine, writers);
        }
      });
    }
  }

  Options options_;
  std::vector<Step> steps_;
  std::string data_set_;
  std::uint64_t data_keys_ = 0;
  std::size_t value_bytes_ = 0;
  unsigned group_ = 0;
  bool is_spare_ = false;
};

}  // namespace

bool Options::Wants(const std::string& workload) const {
  return workloads.empty() || std::ranges::find(workloads, workload) != workloads.end();
}

std::vector<Step> MakePlan(const Options& options) { return Planner(options).Make(); }

std::string ShortNumber(std::uint64_t number) {
  if (number >= 1'000'000 && number % 1'000'000 == 0) return std::to_string(number / 1'000'000) + "M";
  if (number >= 1'000 && number % 1'000 == 0) return std::to_string(number / 1'000) + "k";
  return std::to_string(number);
}

}  // namespace kvs::bench
