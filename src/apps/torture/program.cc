#include "apps/torture/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "base/check.h"
#include "io/unique_fd.h"

namespace kvs::torture {
namespace {

constexpr int kNotStarted = 127;

// -1: it could not be started.
pid_t Start(std::vector<std::string>& words, int output) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = -1;
  if (::posix_spawn(&pid, pointers[0], &actions, nullptr, pointers.data(), environ) != 0) pid = -1;
  ::posix_spawn_file_actions_destroy(&actions);
  return pid;
}

std::string ReadToTheEnd(int fd) {
  std::string text;
  std::array<char, 4096> bytes;
  while (true) {
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got > 0) text.append(bytes.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR)) return text;
  }
}

}  // namespace

Outcome RunProgram(std::vector<std::string> words) {
  int ends[2];
  KVS_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  const io::UniqueFd read_end(ends[0]);
  io::UniqueFd write_end(ends[1]);
  const pid_t pid = Start(words, write_end.get());
  write_end.Close();
  if (pid < 0) return {kNotStarted, words[0] + " cannot be started"};
  std::string output = ReadToTheEnd(read_end.get());
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) KVS_CHECK(errno == EINTR);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), std::move(output)};
}

}  // namespace kvs::torture
