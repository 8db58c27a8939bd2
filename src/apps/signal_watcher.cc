#include "apps/signal_watcher.h"

#include <signal.h>

#include <cstdlib>
#include <utility>

#include "apps/exit_codes.h"
#include "base/check.h"

namespace kvs::apps {
namespace {

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGHUP);
  return signals;
}

}  // namespace

SignalWatcher::SignalWatcher() {
  const sigset_t signals = WatchedSignals();
  KVS_CHECK(::pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  thread_ = std::thread([this] { Watch(); });
}

SignalWatcher::~SignalWatcher() {
  {
    const sync::MutexLock lock(mutex_);
    is_ending_ = true;
  }
  // Wakes the thread: the signal is blocked in every thread, and its sigwait() takes it.
  ::pthread_kill(thread_.native_handle(), SIGTERM);  // NOLINT(bugprone-bad-signal-to-kill-thread)
  thread_.join();
}

void SignalWatcher::CallOnSignal(std::function<void()> stop) {
  const sync::MutexLock lock(mutex_);
  stop_ = std::move(stop);
  if (was_signalled_ && stop_) stop_();
}

void SignalWatcher::CallOnHangUp(std::function<void()> reload) {
  const sync::MutexLock lock(mutex_);
  reload_ = std::move(reload);
  if (reload_ && std::exchange(was_hung_up_, false)) reload_();
}

void SignalWatcher::Watch() {
  const sigset_t signals = WatchedSignals();
  while (true) {
    int signal = 0;
    KVS_CHECK(::sigwait(&signals, &signal) == 0);
    const sync::MutexLock lock(mutex_);
    if (is_ending_) return;
    if (signal == SIGHUP) {
      OnHangUp();
    } else {
      OnSignal();
    }
  }
}

void SignalWatcher::OnSignal() {
  // The second signal: the user does not want to wait any longer.
  if (std::exchange(was_signalled_, true)) std::_Exit(kExitError);
  if (stop_) stop_();
}

void SignalWatcher::OnHangUp() {
  if (reload_) {
    reload_();
  } else {
    was_hung_up_ = true;
  }
}

}  // namespace kvs::apps
