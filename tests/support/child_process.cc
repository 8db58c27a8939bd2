#include "support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/check.h"

namespace kvs::test {
namespace {

struct Pipe {
  int read_end;
  int write_end;
};

Pipe OpenPipe() {
  int ends[2];
  KVS_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  return {ends[0], ends[1]};
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
  const Pipe output = OpenPipe();
  const Pipe error_output = OpenPipe();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output.write_end, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, error_output.write_end, STDERR_FILENO);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  KVS_CHECK(::posix_spawn(&pid_, pointers[0], &actions, nullptr, pointers.data(), environ) == 0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(output.write_end);
  ::close(error_output.write_end);
  output_.fd = output.read_end;
  error_output_.fd = error_output.read_end;
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  for (const Stream* stream : {&output_, &error_output_}) {
    if (stream->fd >= 0) ::close(stream->fd);
  }
}

bool ChildProcess::WaitFor(const Stream& stream, std::string_view text) {
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  while (stream.text.find(text) == std::string::npos) {
    if (!ReadSome(deadline)) return false;
  }
  return true;
}

bool ChildProcess::WaitForMoreErrorOutput() {
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  for (const std::size_t bytes = error_output_.text.size(); error_output_.text.size() == bytes;) {
    if (!ReadSome(deadline)) return false;
  }
  return true;
}

bool ChildProcess::WaitForOutputBytes(std::size_t bytes) {
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  while (output_.text.size() < bytes) {
    if (!ReadSome(deadline)) return false;
  }
  return true;
}

void ChildProcess::Signal(int signal) {
  if (pid_ > 0) ::kill(pid_, signal);
}

int ChildProcess::Wait() {
  KVS_CHECK(pid_ > 0);
  const Deadline deadline = std::chrono::steady_clock::now() + kPatience;
  while (ReadSome(deadline)) {
  }
  const bool took_too_long = output_.fd >= 0 || error_output_.fd >= 0;
  if (took_too_long) Signal(SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) KVS_CHECK(errno == EINTR);
  pid_ = -1;
  if (took_too_long) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool ChildProcess::ReadSome(Deadline deadline) {
  if (output_.fd < 0 && error_output_.fd < 0) return false;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  if (left.count() <= 0) return false;
  std::array<pollfd, 2> polled = {pollfd{output_.fd, POLLIN, 0}, pollfd{error_output_.fd, POLLIN, 0}};
  const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
  KVS_CHECK(ready >= 0 || errno == EINTR);
  if (ready <= 0) return true;
  if (polled[0].revents != 0) ReadFrom(output_);
  if (polled[1].revents != 0) ReadFrom(error_output_);
  return true;
}

void ChildProcess::ReadFrom(Stream& stream) {
  std::array<char, 65'536> buffer;
  const ssize_t got = ::read(stream.fd, buffer.data(), buffer.size());
  if (got > 0) {
    stream.text.append(buffer.data(), static_cast<std::size_t>(got));
  } else if (got == 0 || errno != EINTR) {
    ::close(std::exchange(stream.fd, -1));
  }
}

Outcome RunProgram(std::vector<std::string> arguments) {
  ChildProcess child(std::move(arguments));
  const int exit_code = child.Wait();
  return {exit_code, child.output(), child.error_output()};
}

}  // namespace kvs::test
