// SignalWatcher: turns the first SIGINT or SIGTERM into a call, and the second into the end of the process; and each
// SIGHUP into a call of another kind.
//
// Design      The constructor blocks the signals in this thread, hence in all that are started later, and a thread of
//             the watcher waits for them. So the call happens in an ordinary thread, where everything is allowed.
// Threads     Make it before any other thread is started.
#pragma once

#include <functional>
#include <thread>

#include "sync/mutex.h"

namespace kvs::apps {

class SignalWatcher {
 public:
  SignalWatcher();
  ~SignalWatcher();  // From here on the signals wait for the end of the process.
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  // Calls `stop` on the first signal, immediately if it has come already. An empty function ends that.
  void CallOnSignal(std::function<void()> stop) KVS_EXCLUDES(mutex_);
  // Calls `reload` on each SIGHUP, once immediately if any came while there was none. An empty function ends that.
  void CallOnHangUp(std::function<void()> reload) KVS_EXCLUDES(mutex_);

 private:
  void Watch() KVS_EXCLUDES(mutex_);
  void OnSignal() KVS_REQUIRES(mutex_);
  void OnHangUp() KVS_REQUIRES(mutex_);

  sync::Mutex mutex_;
  std::function<void()> stop_ KVS_GUARDED_BY(mutex_);
  std::function<void()> reload_ KVS_GUARDED_BY(mutex_);
  bool was_signalled_ KVS_GUARDED_BY(mutex_) = false;
  bool was_hung_up_ KVS_GUARDED_BY(mutex_) = false;  // By a SIGHUP that nobody has answered yet.
  bool is_ending_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Constant after construction.
};

}  // namespace kvs::apps
