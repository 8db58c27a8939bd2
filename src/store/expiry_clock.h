// ExpiryClock: the clock by which pairs expire: the wall clock's time at the monotonic clock's pace.
//
// Design      Between two calls it goes on by what a clock that nobody sets has measured, the time of a suspended
//             machine included. Where it differs from the wall clock it drifts towards it, by a tenth of the elapsed
//             time at most. So a wall clock that is set forward by a day does not expire at once all that has a day to
//             live, and a time to live that was counted from now keeps its length. One that is set back never brings a
//             pair back.
// Threads     Call anything from any thread.
// Limits      It begins at the wall clock, so one that is set back while the store is closed prolongs lives by as much.
//
// Fences      R1  last_, offset_, corrected_at_: relaxed. Numbers that nothing is reached through; last_ only grows.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvs::store {

class ExpiryClock {
 public:
  // Both in milliseconds; tests put their own in place.
  struct Sources {
    std::int64_t (*wall)();
    std::int64_t (*steady)();
  };
  static Sources SystemSources();

  explicit ExpiryClock(const Sources& sources = SystemSources());

  // Milliseconds since 1970; never less than it answered before.
  std::uint64_t NowMs();

 private:
  void Correct(std::int64_t steady);

  const Sources sources_;                   // Constant after construction.
  std::atomic<std::int64_t> offset_;        // R1. From the steady clock to this one.
  std::atomic<std::int64_t> corrected_at_;  // R1. By the steady clock.
  std::atomic<std::int64_t> last_;          // R1
};

}  // namespace kvs::store
