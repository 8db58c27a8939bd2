// RoomState: whether the system gives the store what it asks for (room on the disk, descriptors, mappings, memory), and
// what happens next where it does not. It alone decides that.
//
// Design      Three jobs ask the system: taking room ahead of the log, sealing, and compaction. Each goes on in
//             attempts, which have numbers. An attempt that fails makes the job wait, for a millisecond at first and
//             twice as long each time, then it is tried again by the thread of the job. So the store
//               has room    no job is failing
//               is full     a job is failing, and the cause is known; until an attempt of it succeeds.
//             A writer asks for an attempt and keeps its number as a ticket: what counts for the writer is how an
//             attempt ended that began after it asked. A full store is told once, and once that it is over.
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

namespace kvs::store {

class RoomState {
 public:
  using Clock = std::chrono::steady_clock;
  using Ticket = std::uint64_t;
  enum class Job : std::uint8_t { kRoom, kSeal, kCompaction };

  KVS_TUNABLE(std::chrono::milliseconds, kPauseMin, 1, 1, 10);
  KVS_TUNABLE(std::chrono::milliseconds, kPauseMax, 500, 10, 1'000);

  // --- Attempts ---
  Ticket NextAttempt(Job job) const { return Of(job).begun + 1; }
  // Whether the job need not wait; until when it waits.
  bool MayBegin(Job job, Clock::time_point now) const { return !IsFailing(job) || Of(job).retry_at <= now; }
  std::optional<Clock::time_point> RetryAt(Job job) const {
    if (!IsFailing(job)) return std::nullopt;
    return Of(job).retry_at;
  }
  void Begin(Job job) { ++Of(job).begun; }
  void End(Job job, const Status& status, Clock::time_point now);

  // Something was given back: what waits is tried immediately.
  void RetryNow() {
    for (Attempts& attempts : jobs_) attempts.retry_at = Clock::time_point::min();
  }
  void RetryNow(Job job) { Of(job).retry_at = Clock::time_point::min(); }

  // --- Answers ---
  bool IsFailing(Job job) const { return Of(job).failure.has_value(); }
  bool is_full() const {
    return std::any_of(jobs_.begin(), jobs_.end(), [](const Attempts& job) { return job.failure.has_value(); });
  }
  // Why the store is full; only where it is.
  const Error& cause() const {
    return *std::find_if(jobs_.begin(), jobs_.end(), [](const Attempts& job) {
              return job.failure.has_value();
            })->failure;
  }
  // nullptr: no attempt from `ticket` on has failed; or one that came later has succeeded.
  const Error* FailureSince(Job job, Ticket ticket) const {
    const Attempts& attempts = Of(job);
    return attempts.failure && attempts.failed >= ticket ? &*attempts.failure : nullptr;
  }

  // What the log is to be told: once that the store is full, and once that this is over; and what else is added.
  bool has_news() const { return !news_.empty(); }
  void AddNews(std::string line) { news_.push_back(std::move(line)); }
  std::vector<std::string> TakeNews() { return std::exchange(news_, {}); }

 private:
  struct Attempts {
    Ticket begun = 0;
    Ticket failed = 0;             // The last that did.
    std::optional<Error> failure;  // Of the last attempt, if it failed.
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
