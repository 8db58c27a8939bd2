// Victim: a kvs-server in a process of its own, to be killed, stopped and deprived.
//
// Threads     One thread at a time; the process dies with the thread that started it.
// Ownership   A server that still runs at the end is killed.
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kvs/address.h"

namespace kvs::torture {

class Victim {
 public:
  // Its output goes to the end of the file `log`.
  Victim(std::string program, std::filesystem::path log) : program_(std::move(program)), log_(std::move(log)) {}
  ~Victim();
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  // Starts it, on a free port. `descriptors_max`: how many it may have; nullopt: as many as this process.
  void Start(const std::filesystem::path& directory, const std::vector<std::string>& arguments,
             std::optional<rlim_t> descriptors_max = std::nullopt);

  // nullopt: it ended before it listened, or took longer than `patience`.
  std::optional<Address> AwaitAddress(std::chrono::milliseconds patience);

  void Signal(int signal) const;
  void Pause();  // SIGSTOP; returns when all of it has stopped.
  void Continue() const { Signal(SIGCONT); }
  bool HasEnded();
  // How it ended, for people: "exit code 1", "signal 6"; nullopt: it was not done after `patience`.
  std::optional<std::string> AwaitEnd(std::chrono::milliseconds patience);

  // Changes a limit of the running process, but not how far it may be raised again.
  void Limit(__rlimit_resource resource, rlim_t limit) const;
  std::size_t OpenDescriptors() const;

  std::uint64_t LogBytes() const;
  // The last lines of its output since this start.
  std::string LastWords() const;

 private:
  std::string WordsSinceStart() const;
  [[noreturn]] void BecomeServer(int log, std::vector<char*>& arguments, std::optional<rlim_t> descriptors_max) const;

  // Constant after construction.
  const std::string program_;
  const std::filesystem::path log_;

  pid_t pid_ = -1;                  // -1: none was started, or its end was noted.
  std::string ending_ = "nothing";  // How it ended, when pid_ is -1.
  std::uint64_t log_begin_ = 0;     // Of the last start.
};

}  // namespace kvs::torture
