// Signal: one thread waits until another has sent it.
//
// Threads     Send() and Await() alternate: each Await() takes one Send(). The object lives until Send() has returned.
// Ordering    What happened before Send() is seen after Await().
#pragma once

#include <semaphore>

#include "sync/schedule.h"

namespace kvs::sync {

class Signal {
 public:
  void Send() {
    sent_.release();
    if (Schedule* const schedule = Schedule::OfThisThread()) schedule->WakeAll(this);
  }

  void Await() {
    Schedule* const schedule = Schedule::OfThisThread();
    if (schedule == nullptr) return sent_.acquire();
    while (!sent_.try_acquire()) schedule->Block(this, Schedule::Time::max());
  }

 private:
  std::binary_semaphore sent_{0};
};

}  // namespace kvs::sync
