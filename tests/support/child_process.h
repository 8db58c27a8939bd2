// ChildProcess: a program started for a test, with its output and error output in pipes and nothing on its input.
//
// Threads     One thread at a time.
// Ownership   A child that still runs at the end is killed.
// Limits      Nothing waits longer than kPatience; after that the child is killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvs::test {

inline constexpr std::chrono::seconds kPatience{60};

class ChildProcess {
 public:
  // Starts the program at the path arguments[0].
  explicit ChildProcess(std::vector<std::string> arguments);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Reads until the output, or the error output, holds `text`. False: it ended before, or took too long.
  bool WaitForOutput(std::string_view text) { return WaitFor(output_, text); }
  bool WaitForErrorOutput(std::string_view text) { return WaitFor(error_output_, text); }

  // Reads until the error output is longer than it was. False as above.
  bool WaitForMoreErrorOutput();

  // Reads until the output has at least `bytes` bytes. False as above.
  bool WaitForOutputBytes(std::size_t bytes);

  void Signal(int signal);

  // Waits until it has ended and returns its exit code; 128 + N if signal N ended it; -1 if it took too long.
  int Wait();

  const std::string& output() const { return output_.text; }              // The bytes read so far.
  const std::string& error_output() const { return error_output_.text; }  // After Wait(): all.
  pid_t pid() const { return pid_; }

 private:
  struct Stream {
    int fd = -1;  // -1: at its end.
    std::string text{};
  };
  using Deadline = std::chrono::steady_clock::time_point;

  bool WaitFor(const Stream& stream, std::string_view text);
  bool ReadSome(Deadline deadline);  // False: both streams are at their end, or it took too long.
  static void ReadFrom(Stream& stream);

  pid_t pid_ = -1;  // -1: has ended.
  Stream output_;
  Stream error_output_;
};

// The result of a program that ran to its end.
struct Outcome {
  int exit_code;
  std::string output;
  std::string error_output;
};
Outcome RunProgram(std::vector<std::string> arguments);

}  // namespace kvs::test
