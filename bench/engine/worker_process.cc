#include "worker_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

namespace kvs::bench {
WorkerProcess::WorkerProcess(const std::vector<std::string>& arguments) {
  int to[2];
  int from[2];
  if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) Die("no pipe");
  std::vector<char*> pointers;
  std::string program = "/proc/self/exe";
  pointers.push_back(program.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) Die("no process");
  if (pid_ == 0) {
    ::dup2(to[0], STDIN_FILENO);
    ::dup2(from[1], STDOUT_FILENO);
    ::execv(program.c_str(), pointers.data());
    ::_exit(127);
  }
  ::close(to[0]);
  ::close(from[1]);
  to_ = to[1];
  from_ = from[0];
}

WorkerProcess::~WorkerProcess() { End(); }

std::optional<std::string> WorkerProcess::Ask(const std::string& command, double seconds_max) {
  if (pid_ < 0) return std::nullopt;
  const std::string line = command + "\n";
  if (::write(to_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    End();
    return std::nullopt;
  }
  std::optional<std::string> answer = ReadLine(seconds_max);
  if (!answer) End();
  return answer;
}

std::optional<Figures> WorkerProcess::AskFigures(const std::string& command, double seconds_max) {
  const std::optional<std::string> answer = Ask(command, seconds_max);
  if (!answer) return std::nullopt;
  Figures figures;
  std::istringstream words(*answer);
  std::string word;
  while (words >> word) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) figures[word.substr(0, equals)] = std::strtod(word.c_str() + equals + 1, nullptr);
  }
  return figures;
}

std::optional<std::string> WorkerProcess::ReadLine(double seconds_max) {
  while (true) {
    if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    pollfd readable{from_, POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(seconds_max * 1e3)) <= 0) {
      ::kill(pid_, SIGKILL);
      return std::nullopt;
    }
    char bytes[4'096];
    const ssize_t count = ::read(from_, bytes, sizeof bytes);
    if (count <= 0) return std::nullopt;
    received_.append(bytes, static_cast<std::size_t>(count));
  }
}

void WorkerProcess::End() {
  if (pid_ < 0) return;
  ::close(to_);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  ::close(from_);
  pid_ = -1;
}

}  // namespace kvs::bench
