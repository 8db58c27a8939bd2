// Promised: if the system has no thread left, creating a pool is an error, and the threads that did start end. The
// naive pool then runs the job itself. The tests take away the address space that another stack would need. They do so
// in a child process, so that no other test is starved.
#include "pool/thread_starter.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>
#include <string>
#include <thread>

#include "kvs/thread_pool.h"
#include "support/address_space.h"

namespace kvs {
namespace {

enum ChildExit : int { kAsPromised = 0, kNoLimit, kCreatedAnyway, kOtherError, kThreadsLeft, kJobNotRun };

// Leaves room for a few threads' stacks, not for a thousand.
bool LimitAddressSpace() {
  std::ifstream statm("/proc/self/statm");
  rlim_t pages = 0;
  statm >> pages;
  const rlim_t bytes = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + (rlim_t{256} << 20);
  const rlimit limit{bytes, bytes};
  return pages > 0 && ::setrlimit(RLIMIT_AS, &limit) == 0;
}

int CountThreads() {
  int count = 0;
  DIR* const tasks = ::opendir("/proc/self/task");
  while (const dirent* entry = ::readdir(tasks)) count += entry->d_name[0] != '.';
  ::closedir(tasks);
  return count;
}

int RunInChild(int (*body)()) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

template <class Pool>
int CreateTooMany() {
  if (!LimitAddressSpace()) return kNoLimit;
  const auto pool = Pool::Create(pool::kThreadsMax);
  if (pool) return kCreatedAnyway;
  if (pool.error().code != ErrorCode::kNoSpace || pool.error().sys_errno != EAGAIN) return kOtherError;
  return CountThreads() == 1 ? kAsPromised : kThreadsLeft;
}

int SpawnTooMany() {
  if (!LimitAddressSpace()) return kNoLimit;
  const auto pool = NaiveThreadPool::Create(1);
  if (!pool) return kOtherError;
  std::atomic<bool> release{false};
  std::atomic<bool> ran_here{false};
  const auto spawner = std::this_thread::get_id();
  for (unsigned i = 0; i < pool::kThreadsMax && !ran_here.load(std::memory_order_acquire); ++i) {
    (*pool)->Spawn([&] {
      if (std::this_thread::get_id() == spawner) return ran_here.store(true, std::memory_order_release);
      release.wait(false, std::memory_order_acquire);
    });
  }
  release.store(true, std::memory_order_release);
  release.notify_all();
  return ran_here.load(std::memory_order_acquire) ? kAsPromised : kJobNotRun;
}

class ThreadStarterTest : public testing::Test {
 protected:
  void SetUp() override { KVS_SKIP_UNDER_SANITIZERS(); }
};

TEST_F(ThreadStarterTest, ASharedQueuePoolThatCannotStartEndsItsThreads) {
  EXPECT_EQ(RunInChild(CreateTooMany<SharedQueueThreadPool>), kAsPromised);
}

TEST_F(ThreadStarterTest, AWorkStealingPoolThatCannotStartEndsItsThreads) {
  EXPECT_EQ(RunInChild(CreateTooMany<WorkStealingThreadPool>), kAsPromised);
}

TEST_F(ThreadStarterTest, TheNaivePoolRunsAJobItselfIfNoThreadIsLeft) {
  EXPECT_EQ(RunInChild(SpawnTooMany), kAsPromised);
}

}  // namespace
}  // namespace kvs
