// Pace: how far a long reading is, and how fast it may go on.
//
// Threads     One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/try.h"
#include "kvs/backup.h"
#include "kvs/result.h"
#include "sync/schedule.h"

namespace kvs::store {

class Pace {
 public:
  Pace(const BackupOptions& options, std::uint64_t total_bytes) : options_(options), progress_{0, total_bytes} {}

  // Notes that bytes were read, and sleeps until as many may have been read since the beginning. kCancelled.
  Status Read(std::uint64_t bytes) {
    read_bytes_ += bytes;
    KVS_TRY(Pass(bytes));
    if (options_.bytes_per_second == 0) return Ok();
    const Seconds taken(static_cast<double>(read_bytes_) / static_cast<double>(options_.bytes_per_second));
    const auto due = begin_ + std::chrono::duration_cast<Clock::duration>(taken);
    while (Clock::now() < due) {
      // tidy-allow(sleep): it waits for the time itself.
      sync::SleepUntil(std::min(due, Clock::now() + kAskAgain));
      KVS_TRY(Pass(0));
    }
    return Ok();
  }
  // Notes bytes that need not be read. kCancelled.
  Status Pass(std::uint64_t bytes) {
    progress_.done_bytes += bytes;
    if (!options_.progress || options_.progress(progress_)) return Ok();
    return Error{.code = ErrorCode::kCancelled, .context = "the caller ended it"};
  }

 private:
  using Clock = sync::SteadyClock;
  using Seconds = std::chrono::duration<double>;
  static constexpr auto kAskAgain = std::chrono::milliseconds(100);  // Whether to go on.

  const BackupOptions& options_;
  const Clock::time_point begin_ = Clock::now();
  BackupProgress progress_;
  std::uint64_t read_bytes_ = 0;
};

}  // namespace kvs::store
