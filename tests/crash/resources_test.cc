// Promised: if the system has no threads, descriptors or room left, the store returns an error that names the shortage.
// The process never ends, and the store recovers with the resource. The tests take the resource away in a child
// process, so that no other test is starved.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

#include "kvs/function_ref.h"
#include "kvs/kv_store.h"
#include "support/sanitizers.h"
#include "support/temporary_directory.h"
#include "sync/parallel.h"

namespace kvs::test {
namespace {

constexpr int kAsPromised = 0;

int RunInChild(FunctionRef<int()> body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// No address space holds the stack of another thread.
void TakeThreadsAway() {
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, std::size_t{1} << 47);
  ::pthread_setattr_default_np(&attributes);
}

class ThreadsTest : public testing::Test {
 protected:
  void SetUp() override { KVS_SKIP_UNDER_SANITIZERS(); }  // They start threads of their own.
};

TEST_F(ThreadsTest, OpenWithoutThreadsIsAnError) {
  const TemporaryDirectory directory;
  EXPECT_EQ(RunInChild([&] {
              TakeThreadsAway();
              const auto store = KvStore::Open(directory.path());
              if (store) return 1;
              if (store.error().code != ErrorCode::kNoSpace) return 2;
              return store.error().sys_errno == EAGAIN ? kAsPromised : 3;
            }),
            kAsPromised);
  EXPECT_TRUE(KvStore::Open(directory.path()).has_value()) << "it passes";
}

TEST_F(ThreadsTest, ParallelWorkIsDoneByThreadsThatAreThere) {
  EXPECT_EQ(RunInChild([&] {
              TakeThreadsAway();
              std::atomic<int> calls = 0;
              const Status status = sync::ForEachInParallel(100, [&](std::size_t) {
                calls.fetch_add(1, std::memory_order_relaxed);
                return Ok();
              });
              return status && calls.load(std::memory_order_relaxed) == 100 ? kAsPromised : 1;
            }),
            kAsPromised);
}

}  // namespace
}  // namespace kvs::test
