// Observers: one word that tells which observers of commands are on: keyspace events, tracking, MONITOR and their like.
// While it is 0 a command pays for none of them.
//
// Threads     Call anything from any thread.
//
// Fences      R1  bits_: relaxed. A turn of a connection reads it under its pass of the server's gate; what has to be
//                 seen by every later command is set under an exclusive pass, and the gate orders the two.
#pragma once

#include <atomic>
#include <cstdint>

namespace kvs::server {

class Observers {
 public:
  static constexpr std::uint32_t kEvents = 1U << 0;
  static constexpr std::uint32_t kTracking = 1U << 1;
  static constexpr std::uint32_t kMonitors = 1U << 2;
  static constexpr std::uint32_t kPause = 1U << 3;
  static constexpr std::uint32_t kTiming = 1U << 4;    // Every command is timed to the microsecond.
  static constexpr std::uint32_t kExpiries = 1U << 5;  // A client waits for keys to expire.
  static constexpr std::uint32_t kAlarms = 1U << 6;    // A connection waits for a point in time.
  // The bits that a single command looks at.
  static constexpr std::uint32_t kOfCommands = kEvents | kTracking | kMonitors | kPause | kTiming;

  std::uint32_t bits() const { return bits_.load(std::memory_order_relaxed); }  // R1
  bool has(std::uint32_t bit) const { return (bits() & bit) != 0; }
  void Set(std::uint32_t bit, bool is_on) {
    if (is_on) {
      bits_.fetch_or(bit, std::memory_order_relaxed);  // R1
    } else {
      bits_.fetch_and(~bit, std::memory_order_relaxed);  // R1
    }
  }

 private:
  std::atomic<std::uint32_t> bits_{0};  // R1
};

}  // namespace kvs::server
