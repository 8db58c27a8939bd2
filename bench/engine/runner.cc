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
  return arguments;
}

class Runner {
 public:
  explicit Runner(const std::vector<Step>& plan) : plan_(plan) {
    for (const Step& step : plan) seconds_left_ += step.expected_seconds;
  }

  Results Run() {
    const double begin = WallSeconds();
    ShowPlan();
    for (const Step& step : plan_) {
      if (stops.load(std::memory_order_relaxed)) {
        results_.failures.emplace_back("stopped by a signal");
        break;
      }
      ShowProgress(WallSeconds() - begin, step);
      const double step_begin = WallSeconds();
      Execute(step);
      seconds_expected_ += step.expected_seconds;
      seconds_used_ += WallSeconds() - step_begin;
      seconds_left_ -= step.expected_seconds;
    }
    workers_.clear();
    results_.seconds = WallSeconds() - begin;
    std::fprintf(stderr, "%s%.0f s in all\n", is_terminal_ ? "\r\033[K" : "", results_.seconds);
    return std::move(results_);
  }

 private:
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
  static double SecondsMax(const Step& step) { return 180 + 10 * step.expected_seconds; }

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
      results_.descriptions[step.engine] = worker->Ask("describe", SecondsMax(step)).value_or("?");
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

  // Null where it has failed before: the engine is then missing from the rest.
  WorkerProcess* WorkerOf(const Step& step) {
    const auto at = workers_.find(step.slot);
    return at == workers_.end() ? nullptr : at->second.get();
  }

  void Fail(const Step& step, const std::string& what) {
    results_.failures.push_back(step.data_set + ", " + step.engine + ": " + what);
    std::fprintf(stderr, "\nFAILED: %s\n", results_.failures.back().c_str());
  }

  void ShowPlan() const {
    std::vector<std::pair<std::string, double>> parts;
    for (const Step& step : plan_) {
      const auto at = std::ranges::find(parts, step.data_set, &std::pair<std::string, double>::first);
      if (at == parts.end()) {
        parts.emplace_back(step.data_set, step.expected_seconds);
      } else {
        at->second += step.expected_seconds;
      }
    }
    for (const auto& [data_set, seconds] : parts) std::fprintf(stderr, "%6.0f s  %s\n", seconds, data_set.c_str());
    std::fprintf(stderr, "%6.0f s  in all, as far as one can guess\n", seconds_left_);
  }

  // What is left is the guess, times how much longer than guessed the steps so far have taken.
  void ShowProgress(double elapsed, const Step& step) {
    constexpr double kTrusted = 20;  // Seconds, before which the guess counts for more than what was seen.
    const double pace = (seconds_used_ + kTrusted) / (seconds_expected_ + kTrusted);
    if (!is_terminal_ && elapsed < shown_ + 15) return;
    shown_ = elapsed;
    std::fprintf(stderr, "%s[%4.0f s, %4.0f s to go] %s: %s %s%s", is_terminal_ ? "\r\033[K" : "", elapsed,
                 seconds_left_ * pace, step.data_set.c_str(), step.engine.c_str(), step.command.c_str(),
                 is_terminal_ ? "" : "\n");
  }

  const std::vector<Step>& plan_;
  const bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
  std::map<std::string, std::unique_ptr<WorkerProcess>> workers_;
  std::set<std::pair<std::string, std::string>> seen_;
  Results results_;
  double seconds_left_ = 0;
  double seconds_used_ = 0;
  double seconds_expected_ = 0;
  double shown_ = -15;
};

}  // namespace

void StopPlan() { stops.store(true, std::memory_order_relaxed); }

Results RunPlan(const std::vector<Step>& plan) { return Runner(plan).Run(); }

}  // namespace kvs::bench
