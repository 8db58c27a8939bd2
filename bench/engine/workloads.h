// Workloads: the operations on an engine, and their figures.
//
// Design      A point workload runs for a time, or for a number of operations; their keys are drawn before the clock
//             starts. After a number of operations all builds of an engine have written the same. After a time, the
//             faster one has written more, and the next row pays for the compaction of it.
//             CPU is that of the whole process. For workloads that write it includes the background work until its
//             end, so that no workload pays for the one before. Every 16th operation is timed.
// Threads     Run() from one thread, which starts the threads of the workload.
// Errors      Values that differ from the written ones are counted in the figure `bad`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine.h"

namespace kvs::bench {

// By name: cpu_us and p50_us, p99_us, p999_us of one operation; ops_per_s; bad; ... report.cc knows their meaning.
using Figures = std::map<std::string, double>;

struct Job {
  std::string workload{};
  unsigned threads = 1;
  double seconds = 1;
  std::uint64_t operations = 0;  // If not 0, of each thread, in place of the time; fewer if one costs more.
};

class Workloads {
 public:
  Workloads(Engine& engine, const Settings& settings, std::uint64_t keys_present);

  // Whether `job.workload` is one of these.
  static bool Knows(const std::string& workload);
  Figures Run(const Job& job);

  // Overwrites pairs at random until so many bytes of keys and values are written.
  void OverwriteBytes(std::uint64_t bytes);

 private:
  struct Shape;
  struct Worker;
  template <class Draw, class Operation>
  Figures Measure(const Job& job, bool writes, const Shape& shape, Draw draw, Operation operation);

  Figures Load();
  Figures LoadInBatches(Session& session, std::size_t batch);
  Figures Get(const Job& job, bool is_zipfian);
  Figures MultiGet(const Job& job);
  Figures Absent(const Job& job);
  Figures Mix(const Job& job, unsigned update_percent);
  Figures ReadLatest(const Job& job);
  Figures ScanMix(const Job& job);
  Figures ReadModifyWrite(const Job& job);
  Figures Scan100(const Job& job);
  Figures FullScan();
  Figures Durable(const Job& job);
  Figures Overwrite(const Job& job, unsigned times);
  Figures Tail(const Job& job);

  Engine& engine_;
  const Settings settings_;
  std::uint64_t keys_;  // Present now: the numbers from 0 on.
  std::uint64_t seed_ = 1;
};

}  // namespace kvs::bench
