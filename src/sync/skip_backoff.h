// SkipBackoff: how often to skip an attempt that has failed: once after a failure, then twice as often each time.
//
//     if (backoff.TakeSkip()) return;
//     Attempt() ? backoff.NoteSuccess() : backoff.NoteFailure();
//
// Threads     One thread at a time.
// Limits      skips_max in a row. A success begins again with one.
#pragma once

#include <algorithm>
#include <cstdint>

namespace kvs::sync {

class SkipBackoff {
 public:
  explicit SkipBackoff(std::uint32_t skips_max) : skips_max_(skips_max) {}

  // True: skip this attempt. Call it once per attempt.
  bool TakeSkip() {
    if (skips_ == 0) return false;
    --skips_;
    return true;
  }
  void NoteSuccess() { next_skips_ = 1; }
  void NoteFailure() {
    skips_ = next_skips_;
    next_skips_ = std::min(2 * next_skips_, skips_max_);
  }

 private:
  const std::uint32_t skips_max_;
  std::uint32_t skips_ = 0;
  std::uint32_t next_skips_ = 1;  // After the next failure.
};

}  // namespace kvs::sync
