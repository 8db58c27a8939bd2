#include "apps/signal_watcher.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <latch>
#include <thread>

namespace kvs::apps {
namespace {

// Sends it to the process, and returns when a thread has taken it.
void SendAndWaitTillTaken(int signal) {
  ASSERT_EQ(::kill(::getpid(), signal), 0);
  sigset_t pending;
  do {
    std::this_thread::yield();
    ASSERT_EQ(sigpending(&pending), 0);
  } while (sigismember(&pending, signal) == 1);
}

TEST(SignalWatcherTest, AHangUpIsAnsweredByEachCall) {
  SignalWatcher watcher;
  std::latch first(1);
  watcher.CallOnHangUp([&first] { first.count_down(); });
  SendAndWaitTillTaken(SIGHUP);
  first.wait();
  std::latch second(1);
  watcher.CallOnHangUp([&second] { second.count_down(); });
  SendAndWaitTillTaken(SIGHUP);
  second.wait();
}

TEST(SignalWatcherTest, AHangUpBeforeTheCallIsKnownIsNotLost) {
  SignalWatcher watcher;
  SendAndWaitTillTaken(SIGHUP);
  std::latch reloaded(1);
  watcher.CallOnHangUp([&reloaded] { reloaded.count_down(); });
  reloaded.wait();
}

TEST(SignalWatcherTest, ATerminationBeforeTheCallIsKnownIsNotLost) {
  SignalWatcher watcher;
  SendAndWaitTillTaken(SIGTERM);
  std::latch stopped(1);
  watcher.CallOnSignal([&stopped] { stopped.count_down(); });
  stopped.wait();
}

}  // namespace
}  // namespace kvs::apps
