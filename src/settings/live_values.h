// LiveValues: the settings that CONFIG SET changes, as the numbers that a running server reads.
//
// Design      A row of the table names the field that it fills. NumberOf() makes the number.
// Threads     Call anything from any thread.
//
// Fences      R1  all of them: relaxed. Each stands for itself; nothing is reached through it.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvs::settings {

class LiveValue {
 public:
  std::int64_t get() const { return value_.load(std::memory_order_relaxed); }       // R1
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }  // R1
  std::size_t size() const { return static_cast<std::size_t>(get()); }

 private:
  std::atomic<std::int64_t> value_{0};  // R1
};

struct LiveValues {
  LiveValue has_password;
  LiveValue sync_choice;  // The number of the word of appendfsync.
  LiveValue clients_max;
  LiveValue request_bytes_max;
  LiveValue client_memory_max;  // 0: no limit.
  LiveValue output_bytes_max;
  LiveValue idle_timeout_ms;
  LiveValue output_timeout_ms;
  LiveValue slow_log_from_us;
  LiveValue slow_log_length_max;
  LiveValue latency_threshold_ms;
  LiveValue times_durations;
  LiveValue tracked_keys_max;
};

}  // namespace kvs::settings
