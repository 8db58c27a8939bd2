// WorkerProcess: the bench's end of a worker.
//
// Threads     One.
// Ownership   The destructor lets the worker close its store and end, and waits for it.
// Errors      A worker that does not answer in time is killed. Commands to a dead worker answer nothing.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "workloads.h"

namespace kvs::bench {

class WorkerProcess {
 public:
  // `arguments`: after the program's own name.
  explicit WorkerProcess(const std::vector<std::string>& arguments);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  std::optional<std::string> Ask(const std::string& command, double seconds_max);  // nullopt: the worker is gone.
  std::optional<Figures> AskFigures(const std::string& command, double seconds_max);

 private:
  std::optional<std::string> ReadLine(double seconds_max);
  void End();

  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string received_;
};

}  // namespace kvs::bench
