#include "apps/torture/victim.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <utility>

#include "apps/torture/load/patience.h"
#include "base/check.h"
#include "io/unique_fd.h"

namespace kvs::torture {
namespace {

constexpr std::size_t kLastWordsBytes = 600;

std::string DescribeEnding(int status) {
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Victim::~Victim() {
  Signal(SIGKILL);
  AwaitEnd(std::chrono::minutes(1));
}

void Victim::Start(const std::filesystem::path& directory, const std::vector<std::string>& arguments,
                   std::optional<rlim_t> descriptors_max) {
  KVS_CHECK(pid_ == -1);
  std::vector<std::string> words = {program_, "--addr", "127.0.0.1:0", "--dir", directory.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const io::UniqueFd log(::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  KVS_CHECK(log.is_open());
  log_begin_ = static_cast<std::uint64_t>(::lseek(log.get(), 0, SEEK_END));
  pid_ = ::fork();
  KVS_CHECK(pid_ >= 0);
  if (pid_ == 0) BecomeServer(log.get(), pointers, descriptors_max);
}

// In the child of a process with threads: system calls only.
void Victim::BecomeServer(int log, std::vector<char*>& arguments, std::optional<rlim_t> descriptors_max) const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);  // Ctrl-C is for the torture alone.
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  const rlimit limit{descriptors_max.value_or(0), descriptors_max.value_or(0)};
  if (descriptors_max && ::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::_exit(126);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

std::optional<Address> Victim::AwaitAddress(std::chrono::milliseconds patience) {
  const std::string words = "listening on ";
  std::optional<Address> address;
  const auto is_decided = [&] {
    const bool has_ended = HasEnded();
    const std::string said = WordsSinceStart();
    const std::size_t found = said.find(words);
    const std::size_t end = found == std::string::npos ? found : said.find('\n', found);
    if (end == std::string::npos) return has_ended;
    const auto parsed = Address::Parse(said.substr(found + words.size(), end - found - words.size()));
    if (parsed) address = *parsed;
    return true;
  };
  Await(is_decided, patience);
  return address;
}

void Victim::Signal(int signal) const {
  if (pid_ > 0) ::kill(pid_, signal);
}

void Victim::Pause() {
  Signal(SIGSTOP);
  int status = 0;
  if (pid_ > 0 && ::waitpid(pid_, &status, WUNTRACED) == pid_ && !WIFSTOPPED(status)) {
    ending_ = DescribeEnding(status);
    pid_ = -1;
  }
}

bool Victim::HasEnded() {
  int status = 0;
  if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) {
    ending_ = DescribeEnding(status);
    pid_ = -1;
  }
  return pid_ == -1;
}

std::optional<std::string> Victim::AwaitEnd(std::chrono::milliseconds patience) {
  if (!Await([&] { return HasEnded(); }, patience)) return std::nullopt;
  return ending_;
}

void Victim::Limit(__rlimit_resource resource, rlim_t limit) const {
  rlimit limits{};
  if (pid_ <= 0 || ::prlimit(pid_, resource, nullptr, &limits) != 0) return;
  limits.rlim_cur = std::min(limit, limits.rlim_max);
  ::prlimit(pid_, resource, &limits, nullptr);
}

std::size_t Victim::OpenDescriptors() const {
  std::error_code error;
  const std::filesystem::directory_iterator begin("/proc/" + std::to_string(pid_) + "/fd", error);
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator{}));
}

std::string Victim::WordsSinceStart() const {
  std::ifstream log(log_);
  log.seekg(static_cast<std::streamoff>(log_begin_));
  return {std::istreambuf_iterator<char>(log), {}};
}

std::uint64_t Victim::LogBytes() const {
  std::error_code error;
  const std::uint64_t bytes = std::filesystem::file_size(log_, error);
  return error ? 0 : bytes;
}

std::string Victim::LastWords() const {
  const std::string said = WordsSinceStart();
  return said.size() <= kLastWordsBytes ? said : "..." + said.substr(said.size() - kLastWordsBytes);
}

}  // namespace kvs::torture
