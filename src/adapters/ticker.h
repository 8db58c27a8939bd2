// Ticker: a thread that calls a function every interval, until it is destroyed.
//
// Threads     The calls come from the ticker's own thread, one at a time, and never after the destructor.
#pragma once

#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include "sync/mutex.h"

namespace kvs::adapters {

class Ticker {
 public:
  Ticker(std::chrono::milliseconds interval, std::function<void()> call)
      : interval_(interval), call_(std::move(call)), thread_([this] { Run(); }) {}
  ~Ticker() {
    {
      const sync::MutexLock lock(mutex_);
      is_ending_ = true;
    }
    ending_.NotifyOne();
    thread_.join();
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void Run() {
    while (!WaitForEnd()) call_();
  }

  // True: the ticker is ending. False: the interval has passed.
  bool WaitForEnd() {
    const auto deadline = std::chrono::steady_clock::now() + interval_;
    const sync::MutexLock lock(mutex_);
    while (!is_ending_ && std::chrono::steady_clock::now() < deadline) ending_.WaitUntil(mutex_, deadline);
    return is_ending_;
  }

  const std::chrono::milliseconds interval_;
  const std::function<void()> call_;
  sync::Mutex mutex_;
  sync::ConditionVariable ending_;
  bool is_ending_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Declared last, because it uses the others.
};

}  // namespace kvs::adapters
