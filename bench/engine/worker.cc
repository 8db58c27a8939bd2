#include "worker.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "keys.h"
#include "limits.h"
#include "process.h"
#include "workloads.h"

namespace kvs::bench {
namespace {

void Answer(const Figures& figures) {
  for (const auto& [name, value] : figures) std::printf("%s=%.9g ", name.c_str(), value);
  std::printf("\n");
  std::fflush(stdout);
}

// The worker of "limits": it has workloads of its own, and no store.
class LimitsWorker {
 public:
  explicit LimitsWorker(const Settings& settings) : settings_(settings) {}

  void Execute(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "open") {
      limits_ = std::make_unique<Limits>(settings_);
      return Answer({});
    }
    if (verb == "close") return Answer({});
    if (verb != "run" || !limits_) Die("worker of limits: " + line);
    Job job;
    words >> job.workload >> job.threads >> job.seconds;
    Answer(limits_->Run(job));
  }

 private:
  const Settings settings_;
  std::unique_ptr<Limits> limits_;
};

class EngineWorker {
 public:
  EngineWorker(std::string engine_name, const Settings& settings)
      : engine_name_(std::move(engine_name)), settings_(settings) {}

  void Execute(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    if (verb == "open") return Open(words);
    if (!engine_) Die("worker: not open: " + line);
    if (verb == "run") return Run(words);
    if (verb == "compact") return Compact();
    if (verb == "describe") return Describe();
    if (verb == "close") return Close();
    if (verb == "crash") return Crash(words);
    Die("worker: unknown: " + line);
  }

 private:
  void Open(std::istream& words) {
    int is_fresh = 0;
    words >> is_fresh;
    const double wall = WallSeconds();
    const double cpu = CpuSeconds();
    engine_ = OpenEngine(engine_name_, settings_);
    if (is_fresh == 0) {
      const Key key(0);
      if (engine_->NewSession()->Get(key.view()).bytes != settings_.value_bytes) Die(engine_name_ + ": lost a key");
    }
    const Figures figures{{"wall_ms", (WallSeconds() - wall) * 1e3}, {"cpu_ms", (CpuSeconds() - cpu) * 1e3}};
    workloads_ = std::make_unique<Workloads>(*engine_, settings_, is_fresh == 0 ? settings_.keys : 0);
    Answer(figures);
  }

  void Run(std::istream& words) {
    Job job;
    words >> job.workload >> job.threads >> job.seconds >> job.operations;
    Answer(workloads_->Run(job));
  }

  void Compact() {
    const double wall = WallSeconds();
    const double cpu = CpuSeconds();
    const bool done = engine_->Compact();
    Settle(0.1);
    Answer({{"done", done ? 1 : 0}, {"seconds", WallSeconds() - wall}, {"cpu_seconds", CpuSeconds() - cpu}});
  }

  void Describe() {
    std::printf("%s\n", engine_->Describe().c_str());
    std::fflush(stdout);
  }

  void Close() {
    const double wall = WallSeconds();
    workloads_.reset();
    engine_.reset();
    Answer({{"wall_ms", (WallSeconds() - wall) * 1e3}});
  }

  void Crash(std::istream& words) {
    std::uint64_t bytes = 0;
    words >> bytes;
    workloads_->OverwriteBytes(bytes);
    std::raise(SIGKILL);
  }

  const std::string engine_name_;
  const Settings settings_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Workloads> workloads_;  // Goes first: it uses the engine.
};

template <class Worker>
int Serve(Worker worker) {
  std::string line;
  while (std::getline(std::cin, line)) worker.Execute(line);
  return EXIT_SUCCESS;
}

}  // namespace

int RunWorker(const std::string& engine_name, const Settings& settings) {
  if (engine_name == kLimitsName) return Serve(LimitsWorker(settings));
  return Serve(EngineWorker(engine_name, settings));
}

}  // namespace kvs::bench
