#include "apps/signal_watcher.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "sync/latch.h"

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
  sync::Latch first(1);
  watcher.CallOnHangUp([&first] { first.CountDown(); });
  SendAndWaitTillTaken(SIGHUP);
  first.Wait();
  sync::Latch second(1);
  watcher.CallOnHangUp([&second] { second.CountDown(); });
  SendAndWaitTillTaken(SIGHUP);
  second.Wait();
}

TEST(SignalWatcherTest, AHangUpBeforeTheCallIsKnownIsNotLost) {
  SignalWatcher watcher;
  SendAndWaitTillTaken(SIGHUP);
  sync::Latch reloaded(1);
  watcher.CallOnHangUp([&reloaded] { reloaded.CountDown(); });
  reloaded.Wait();
}

TEST(SignalWatcherTest, ATerminationBeforeTheCallIsKnownIsNotLost) {
  SignalWatcher watcher;
  SendAndWaitTillTaken(SIGTERM);
  sync::Latch stopped(1);
  watcher.CallOnSignal([&stopped] { stopped.CountDown(); });
  stopped.Wait();
}

}  // namespace
}  // namespace kvs::apps
