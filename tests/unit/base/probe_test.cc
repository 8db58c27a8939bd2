// Promised: a path that a process has reached is recorded, however the process ends, also in a forked child. The name
// identifies the path, and reaching it changes no errno.
//
// Attack: children of this test, with a directory of their own to note probes in, reach probes and die immediately.
#include "base/probe.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "support/temporary_directory.h"

namespace kvs::base {
namespace {

using Names = std::set<std::string>;

// Runs one of the disabled tests below in a new process. Returns the probes that it has noted.
Names ReachedBy(const std::string& test) {
  const test::TemporaryDirectory directory;
  const std::string filter = "--gtest_filter=ProbeChild.DISABLED_" + test;
  const std::string directory_variable = "KVS_PROBE_DIR=" + directory.path().string();
  const pid_t child = ::fork();
  if (child == 0) {
    char program[] = "/proc/self/exe";
    std::string arguments[] = {program, filter, "--gtest_also_run_disabled_tests"};
    char* pointers[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
    char* environment[] = {const_cast<char*>(directory_variable.c_str()), nullptr};
    ::execve(program, pointers, environment);
    ::_exit(127);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
  Names names;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path())) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

TEST(ProbeChild, DISABLED_ReachesTwoAndIsKilled) {
  for (int i = 0; i < 2; ++i) {
    KVS_PROBE("loop is reached");
    KVS_PROBE_IF(i == 1, "second round is reached");
    KVS_PROBE_IF(i == 2, "third round is reached");
  }
  ::kill(::getpid(), SIGKILL);
}

TEST(ProbeChild, DISABLED_ReachesOneWithoutDescriptorsInAFork) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_NOFILE, &none);
  ::setrlimit(RLIMIT_FSIZE, &none);
  if (::fork() == 0) {
    errno = EBADMSG;
    KVS_PROBE("child is reached");
    KVS_PROBE_IF(errno == EBADMSG, "errno is kept");
    ::_exit(0);
  }
  ::wait(nullptr);
  ::kill(::getpid(), SIGKILL);
}

TEST(Probe, IsNotedBeforeTheProcessIsKilled) {
#if defined(KVS_PROBES)
  EXPECT_EQ(ReachedBy("ReachesTwoAndIsKilled"), (Names{"loop is reached", "second round is reached"}));
#else
  EXPECT_EQ(ReachedBy("ReachesTwoAndIsKilled"), Names());
#endif
}

TEST(Probe, IsNotedByAChildThatMayOpenNothing) {
#if defined(KVS_PROBES)
  EXPECT_EQ(ReachedBy("ReachesOneWithoutDescriptorsInAFork"), (Names{"child is reached", "errno is kept"}));
#else
  EXPECT_EQ(ReachedBy("ReachesOneWithoutDescriptorsInAFork"), Names());
#endif
}

}  // namespace
}  // namespace kvs::base
