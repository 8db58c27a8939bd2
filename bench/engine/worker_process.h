// WorkerProcess: the bench's end of a worker.
//
// Threads     One.
// Ownership   The destructor lets the worker close its store and end, and waits for it.
// Errors      A worker that dies, or does not answer in time, is gone: its commands answer nothing any more.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "workloads.h"

namespace kvs::bench {

class WorkerProcess {
 public:
  // `arguments`: behind the program's own name.
  explicit WorkerProcess(const std::vector<std::string>& arguments);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  std::optional<std::string> Ask(const std::string& command);  // One line; nullopt: the worker is gone.
  std::optional<Figures> AskFigures(const std::string& command);

 private:
  std::optional<std::string> ReadLine();
  void End();

  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string received_;
};

}  // namespace kvs::bench
