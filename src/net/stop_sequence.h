// StopSequence: the steps in which a loop ends.
//
//   kServing    Clients are accepted and served. Request() leads to kAnswering.
//   kAnswering  No client is accepted. Requests that have arrived are executed, and their answers sent. The loop ends
//               when the last client is closed. After the timeout comes kClosing.
//   kClosing    All clients are closed, except those in a job, which are closed when they return.
//
// Threads     Request() from any thread and from a signal handler, the other calls from the loop's thread.
// Fences      S1  is_requested_:  release store in Request() -> acquire load in Advance(). A loop that sees it set sees
//                 what the stopping thread did before.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "io/socket.h"

namespace kvs::server {

class StopSequence {
 public:
  enum class Step : std::uint8_t { kServing, kAnswering, kClosing };

  explicit StopSequence(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  void Request() { is_requested_.store(true, std::memory_order_release); }  // S1

  // Takes the steps that are due at `now`.
  Step Advance(io::Deadline now) {
    if (step_ == Step::kServing && is_requested_.load(std::memory_order_acquire)) {  // S1
      step_ = Step::kAnswering;
      deadline_ = now + timeout_;
    }
    if (step_ == Step::kAnswering && now >= deadline_) step_ = Step::kClosing;
    return step_;
  }

  Step step() const { return step_; }
  io::Deadline deadline() const { return deadline_; }  // Of kAnswering.

 private:
  const std::chrono::milliseconds timeout_;
  std::atomic<bool> is_requested_{false};  // S1

  // Of the loop's thread.
  Step step_ = Step::kServing;
  io::Deadline deadline_{};
};

}  // namespace kvs::server
