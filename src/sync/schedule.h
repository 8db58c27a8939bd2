// Schedule: decides which thread runs next, so that a test can replay an interleaving. In production there is none.
//
// Design      The threads of a schedule run one at a time. What may wait or be waited for asks the schedule of the
//             calling thread before it asks the system: Mutex, ConditionVariable, Signal, StartThread(), Join(),
//             Yield(), SleepUntil() and SteadyClock. A thread that a thread of the schedule starts belongs to it as
//             well. In production no thread has one, which costs a look at a thread_local pointer.
// Threads     All but construction and destruction: called by the thread of the schedule that runs.
// Limits      A lock or a Signal is used by the threads of one schedule, or by none of them. Between two of the calls
//             above a thread is not interrupted: what atomics do to each other is left to the tests under TSan.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace kvs::sync {

class Schedule {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static Schedule* OfThisThread() { return of_this_thread_; }  // nullptr: it has none.

  virtual ~Schedule() = default;

  // Others may go on before this returns.
  virtual void Pause() = 0;
  // Returns after Wake() of the same object, or at the deadline. May return earlier.
  virtual void Block(const void* object, Time deadline) = 0;
  virtual void WakeOne(const void* object) = 0;
  virtual void WakeAll(const void* object) = 0;

  // Never goes back. Goes on while threads run, and jumps to the next deadline when all of them wait.
  virtual Time Now() = 0;

  // The body of a thread that belongs to the schedule. The thread may not exist yet.
  virtual std::function<void()> BodyOf(std::function<void()> body) = 0;
  // The thread for the last body. No thread: the system refused it.
  virtual void NoteStarted(std::thread::id thread) = 0;
  virtual void AwaitEnd(std::thread::id thread) = 0;

 protected:
  static inline constinit thread_local Schedule* of_this_thread_ = nullptr;
};

// std::chrono::steady_clock, or the clock of the schedule.
struct SteadyClock {
  using duration = std::chrono::steady_clock::duration;
  using rep = std::chrono::steady_clock::rep;
  using period = std::chrono::steady_clock::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;

  static time_point now() {
    Schedule* const schedule = Schedule::OfThisThread();
    return schedule != nullptr ? schedule->Now() : std::chrono::steady_clock::now();
  }
};

// Lets another thread go on.
inline void Yield() {
  Schedule* const schedule = Schedule::OfThisThread();
  schedule != nullptr ? schedule->Pause() : std::this_thread::yield();
}

inline void SleepUntil(SteadyClock::time_point time) {
  Schedule* const schedule = Schedule::OfThisThread();
  if (schedule == nullptr) return std::this_thread::sleep_until(time);  // tidy-allow(sleep): for callers with a reason.
  while (schedule->Now() < time) schedule->Block(nullptr, time);
}

}  // namespace kvs::sync
