// SignalWatcher: calls a function on the first SIGINT or SIGTERM, and ends the process on the second. Calls another
// function on each SIGHUP.
//
// Design      The constructor blocks the signals in this thread, and so in all threads started later. A thread of the
//             watcher waits for them. So the calls run in an ordinary thread, which may do anything.
// Threads     Create it before any other thread starts.
#pragma once

#include <functional>
#include <thread>

#include "sync/mutex.h"

namespace kvs::apps {

class SignalWatcher {
 public:
  SignalWatcher();
  ~SignalWatcher();  // From here on the signals stay pending until the process ends.
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  // Calls `stop` on the first signal, or immediately if that has already come. An empty function ends this.
  void CallOnSignal(std::function<void()> stop) KVS_EXCLUDES(mutex_);
  // Calls `reload` on each SIGHUP, and once immediately if one came before. An empty function ends this.
  void CallOnHangUp(std::function<void()> reload) KVS_EXCLUDES(mutex_);

 private:
  void Watch() KVS_EXCLUDES(mutex_);
  void OnSignal() KVS_REQUIRES(mutex_);
  void OnHangUp() KVS_REQUIRES(mutex_);

  sync::Mutex mutex_;
  std::function<void()> stop_ KVS_GUARDED_BY(mutex_);
  std::function<void()> reload_ KVS_GUARDED_BY(mutex_);
  bool was_signalled_ KVS_GUARDED_BY(mutex_) = false;
  bool was_hung_up_ KVS_GUARDED_BY(mutex_) = false;  // A SIGHUP has come that was not yet handled.
  bool is_ending_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Constant after construction.
};

}  // namespace kvs::apps
