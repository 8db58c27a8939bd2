#include "runner.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <set>

#include "process.h"
#include "worker_process.h"

namespace kvs::bench {
namespace {

std::atomic<bool> stops{false};  // Relaxed: nothing is reached through it.

std::vector<std::string> WorkerArguments(const Step& step) {
  const Settings& settings = step.settings;
  std::vector<std::string> arguments = {"--worker",      step.engine,
                                        "--dir",         settings.directory.string(),
                                        "--keys",        std::to_string(settings.keys),
                                        "--value-bytes", std::to_string(settings.value_bytes),
                                        "--writers",     std::to_string(settings.writers)};
  if (settings.durable) arguments.emplace_back("--durable");
  if (!settings.compaction) arguments.emplace_back("--no-compaction");
  if (settings.tight) arguments.emplace_back("--tight");
  return arguments;
}

class Runner {
 public:
  Runner(const std::vector<Step>& plan, double seconds_max) : plan_(plan), seconds_max_(seconds_max) {
    for (const Step& step : plan) (step.is_spare ? spare_seconds_left_ : needed_seconds_left_) += step.expected_seconds;
  }

  Results Run() {
    const double begin = WallSeconds();
    ShowPlan();
    for (const Step& step : plan_) {
      if (stops.load(std::memory_order_relaxed)) {
        results_.failures.emplace_back("stopped by a signal");
        break;
      }
      const double step_begin = WallSeconds();
      DecideOn(step, step_begin - begin);
      (step.is_spare ? spare_seconds_left_ : needed_seconds_left_) -= step.expected_seconds;
      if (is_left_out_) continue;
      ShowProgress(step_begin - begin, step);
      Execute(step);
      seconds_expected_ += step.expected_seconds;
      const double seconds = WallSeconds() - step_begin;
      seconds_used_ += seconds;
      PartOf(step).seconds += seconds;
    }
    workers_.clear();
    results_.seconds = WallSeconds() - begin;
    ShowEnd();
    return std::move(results_);
  }

 private:
  // The time of one engine for one data set.
  struct Part {
    std::string data_set;
    std::string engine;
    double expected_seconds;
    double seconds;
  };

  // How much longer than guessed the steps so far have taken.
  double Pace() const {
    constexpr double kTrusted = 20;  // Seconds, before which the estimate counts for more than the measurement.
    return (seconds_used_ + kTrusted) / (seconds_expected_ + kTrusted);
  }

  // At the beginning of a group. Later groups are to have half of their spare rounds as well.
  void DecideOn(const Step& step, double elapsed) {
    if (step.group == group_) return;
    group_ = step.group;
    const double seconds_to_come = (needed_seconds_left_ + spare_seconds_left_ / 2) * Pace();
    is_left_out_ = step.is_spare && elapsed + seconds_to_come > seconds_max_;
    groups_left_out_ += is_left_out_ ? 1 : 0;
  }

  Part& PartOf(const Step& step) {
    const auto at = std::ranges::find_if(
        parts_, [&](const Part& part) { return part.data_set == step.data_set && part.engine == step.engine; });
    return at == parts_.end() ? parts_.emplace_back(Part{step.data_set, step.engine, 0, 0}) : *at;
  }

  void Execute(const Step& step) {
    switch (step.action) {
      case Action::kStart: return Start(step);
      case Action::kRun: return RunCommand(step);
      case Action::kEnd: return End(step);
      case Action::kCrash: return Crash(step);
      case Action::kDropIndex: return DropIndex(step);
      case Action::kWipe: std::filesystem::remove_all(step.settings.directory); return;
    }
  }

  // Far more than any store needs, far less than anybody would wait.
  static double SecondsMax(const Step& step) { return 120 + 6 * step.expected_seconds; }

  void Start(const Step& step) {
    const std::filesystem::path& directory = step.settings.directory;
    if (step.is_fresh) std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    workers_[step.slot] = std::make_unique<WorkerProcess>(WorkerArguments(step));
    Ask(step, step.is_fresh ? "open 1" : "open 0");
  }

  void RunCommand(const Step& step) {
    if (step.command != "describe") return Ask(step, step.command);
    if (WorkerProcess* const worker = WorkerOf(step))
      results_.descriptions[step.engine + (step.record.empty() ? "" : ", ") + step.record] =
          worker->Ask("describe", SecondsMax(step)).value_or("?");
  }

  void End(const Step& step) {
    WorkerProcess* const worker = WorkerOf(step);
    if (worker == nullptr) return;
    if (!worker->AskFigures("close", SecondsMax(step))) Fail(step, "died while it closed");
    workers_.erase(step.slot);
  }

  void Crash(const Step& step) {
    WorkerProcess* const worker = WorkerOf(step);
    if (worker == nullptr) return;
    if (worker->Ask(step.command, SecondsMax(step))) Fail(step, "survived its death");
    workers_.erase(step.slot);
  }

  static void DropIndex(const Step& step) {
    for (const auto& entry : std::filesystem::directory_iterator(step.settings.directory)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("INDEX") || name.ends_with(".hint")) std::filesystem::remove(entry.path());
    }
  }

  void Ask(const Step& step, const std::string& command) {
    WorkerProcess* const worker = WorkerOf(step);
    if (worker == nullptr) return;
    const std::optional<Figures> figures = worker->AskFigures(command, SecondsMax(step));
    if (!figures) {
      workers_.erase(step.slot);
      return Fail(step, "died or took too long: " + command);
    }
    const auto bad = figures->find("bad");
    if (bad != figures->end() && bad->second > 0) Fail(step, "read wrong values: " + command);
    if (step.record.empty()) return;
    if (seen_.emplace(step.data_set, step.record).second) results_.order.emplace_back(step.data_set, step.record);
    Samples& samples = results_.samples[step.data_set][step.record][step.engine];
    for (const auto& [name, value] : *figures) samples[name].push_back(value);
  }

  // Null if it has failed before: the engine is then missing from the rest.
  WorkerProcess* WorkerOf(const Step& step) {
    const auto at = workers_.find(step.slot);
    return at == workers_.end() ? nullptr : at->second.get();
  }

  void Fail(const Step& step, const std::string& what) {
    results_.failures.push_back(step.data_set + ", " + step.engine + ": " + what);
    std::fprintf(stderr, "\nFAILED: %s\n", results_.failures.back().c_str());
  }

  void ShowPlan() {
    for (const Step& step : plan_) PartOf(step).expected_seconds += step.expected_seconds;
    for (std::size_t i = 0; i < parts_.size();) {
      const std::string& data_set = parts_[i].data_set;
      double seconds = 0;
      for (; i < parts_.size() && parts_[i].data_set == data_set; ++i) seconds += parts_[i].expected_seconds;
      std::fprintf(stderr, "%6.0f s  %s\n", seconds, data_set.c_str());
    }
    std::fprintf(stderr, "%6.0f s  in all, as far as one can guess; spare rounds are left out beyond %.0f s\n",
                 needed_seconds_left_ + spare_seconds_left_, seconds_max_);
  }

  void ShowProgress(double elapsed, const Step& step) {
    if (!is_terminal_ && elapsed < shown_ + 15) return;
    shown_ = elapsed;
    std::fprintf(stderr, "%s[%4.0f s, %4.0f s to go] %s: %s %s%s", is_terminal_ ? "\r\033[K" : "", elapsed,
                 (needed_seconds_left_ + spare_seconds_left_) * Pace(), step.data_set.c_str(), step.engine.c_str(),
                 step.command.c_str(), is_terminal_ ? "" : "\n");
  }

  void ShowEnd() const {
    std::fprintf(stderr, "%s%.0f s in all, %u rounds left out\n", is_terminal_ ? "\r\033[K" : "", results_.seconds,
                 groups_left_out_);
    for (const Part& part : parts_) {
      std::fprintf(stderr, "%6.0f s, guessed %5.0f s  %s: %s\n", part.seconds, part.expected_seconds,
                   part.data_set.c_str(), part.engine.c_str());
    }
  }

  const std::vector<Step>& plan_;
  const bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
  std::map<std::string, std::unique_ptr<WorkerProcess>> workers_;
  std::set<std::pair<std::string, std::string>> seen_;
  Results results_;
  std::vector<Part> parts_;
  const double seconds_max_;
  double needed_seconds_left_ = 0;
  double spare_seconds_left_ = 0;
  unsigned group_ = 0;
  unsigned groups_left_out_ = 0;
  bool is_left_out_ = false;
  double seconds_used_ = 0;
  double seconds_expected_ = 0;
  double shown_ = -15;
};

}  // namespace

void StopPlan() { stops.store(true, std::memory_order_relaxed); }

Results RunPlan(const std::vector<Step>& plan, double seconds_max) { return Runner(plan, seconds_max).Run(); }

}  // namespace kvs::bench
