// RoomState: whether the system gives the store the resources that it asks for: disk space, descriptors, mappings and
// memory. It alone decides when the store asks again.
//
// Design      Three jobs ask the system: taking room ahead of the log, sealing, and compaction. Each works in attempts,
//             which have numbers. After a failed attempt the job waits, for a millisecond at first and twice as long
//             each time. Then the thread of the job tries again. So the store
//               has room    if no job is failing
//               is full     if a job is failing, until an attempt of it succeeds. The cause is known.
//             A writer asks for an attempt, and keeps its number as a ticket. Only that attempt or a later one decides
//             about the writer. The log gets one line when the store becomes full, and one when that is over.
// Threads     None of its own: the SpaceGovernor guards it with the append lock.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/tunable.h"
#include "kvs/result.h"
#include "sync/schedule.h"

namespace kvs::store {

class RoomState {
 public:
  using Clock = sync::SteadyClock;
  using Ticket = std::uint64_t;
  enum class Job : std::uint8_t { kRoom, kSeal, kCompaction };

  KVS_TUNABLE(std::chrono::milliseconds, kPauseMin, 1, 1, 10);
  KVS_TUNABLE(std::chrono::milliseconds, kPauseMax, 500, 10, 1'000);

  // --- Attempts ---
  Ticket NextAttempt(Job job) const { return Of(job).begun + 1; }
  // MayBegin(): whether the job may try now. RetryAt(): when it may try again; nullopt: it is not failing.
  bool MayBegin(Job job, Clock::time_point now) const { return !IsFailing(job) || Of(job).retry_at <= now; }
  std::optional<Clock::time_point> RetryAt(Job job) const {
    if (!IsFailing(job)) return std::nullopt;
    return Of(job).retry_at;
  }
  void Begin(Job job) { ++Of(job).begun; }
  void End(Job job, const Status& status, Clock::time_point now);

  // Something was freed, so failing jobs may try again immediately.
  void RetryNow() {
    for (Attempts& attempts : jobs_) attempts.retry_at = Clock::time_point::min();
  }
  void RetryNow(Job job) { Of(job).retry_at = Clock::time_point::min(); }

  // --- Answers ---
  bool IsFailing(Job job) const { return Of(job).failure.has_value(); }
  bool is_full() const {
    return std::any_of(jobs_.begin(), jobs_.end(), [](const Attempts& job) { return job.failure.has_value(); });
  }
  // Why the store is full. Call it only if is_full().
  const Error& cause() const {
    return *std::find_if(jobs_.begin(), jobs_.end(), [](const Attempts& job) {
              return job.failure.has_value();
            })->failure;
  }
  // The error of the last attempt, if its number is at least `ticket`; nullptr: it succeeded, or none failed since
  // then.
  const Error* FailureSince(Job job, Ticket ticket) const {
    const Attempts& attempts = Of(job);
    return attempts.failure && attempts.failed >= ticket ? &*attempts.failure : nullptr;
  }

  // Lines for the log: that the store became full, that this is over, and those of AddNews().
  bool has_news() const { return !news_.empty(); }
  void AddNews(std::string line) { news_.push_back(std::move(line)); }
  std::vector<std::string> TakeNews() { return std::exchange(news_, {}); }

 private:
  struct Attempts {
    Ticket begun = 0;              // The number of the last attempt.
    Ticket failed = 0;             // The number of the last one that failed.
    std::optional<Error> failure;  // The error of the last attempt, if it failed.
    Clock::time_point retry_at{};
    std::chrono::milliseconds pause{0};
  };

  Attempts& Of(Job job) { return jobs_[static_cast<std::size_t>(job)]; }
  const Attempts& Of(Job job) const { return jobs_[static_cast<std::size_t>(job)]; }
  void NoteFullness(Clock::time_point now);

  std::array<Attempts, 3> jobs_;
  Clock::time_point full_since_{};
  std::vector<std::string> news_;
};

inline void RoomState::End(Job job, const Status& status, Clock::time_point now) {
  const bool was_full = is_full();
  Attempts& attempts = Of(job);
  if (status) {
    attempts.failure.reset();
    attempts.pause = std::chrono::milliseconds{0};
  } else {
    attempts.failure = status.error();
    attempts.failed = attempts.begun;
    attempts.pause = std::clamp(2 * attempts.pause, kPauseMin, kPauseMax);
    attempts.retry_at = now + attempts.pause;
  }
  if (is_full() != was_full) NoteFullness(now);
}

// The store has become full, or is no longer full.
inline void RoomState::NoteFullness(Clock::time_point now) {
  if (is_full()) {
    full_since_ = now;
    news_.push_back("full: " + cause().ToString() + "; writes that need more are refused until it is had");
    return;
  }
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(now - full_since_);
  news_.push_back("no longer full, after " + std::to_string(lasted.count()) + " ms: writes go on");
}

}  // namespace kvs::store
