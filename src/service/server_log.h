// ServerLog: the lines of the server's log.
//
// Design      A line that a client can cause has a kind. Each kind is written once per kQuietTime at most, and its next
//             line tells how many were left out. So clients cannot fill the disk.
// Threads     Call anything from any thread. The sink gets one line at a time, and must not call the server.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "sync/mutex.h"

namespace kvs::server {

class ServerLog {
 public:
  using Clock = std::chrono::steady_clock;
  using Sink = std::function<void(const std::string& line)>;

  enum class Kind : std::uint8_t {
    kClientRefused,
    kAcceptPaused,
    kAcceptResumed,
    kAuthFailed,
    kHandshakeFailed,
    kClientDropped,
    kBackgroundFailed
  };
  static constexpr std::chrono::seconds kQuietTime{5};

  // sink: in, gets each line; empty: none does.
  explicit ServerLog(Sink sink = {}) : sink_(std::move(sink)) {}

  void Write(const std::string& line) KVS_EXCLUDES(mutex_);
  void Note(Kind kind, std::string_view line, Clock::time_point now = Clock::now()) KVS_EXCLUDES(mutex_);

 private:
  struct Noted {
    Clock::time_point quiet_until{};
    std::uint64_t left_out = 0;
  };
  static constexpr std::size_t kKinds = 7;

  const Sink sink_;
  sync::Mutex mutex_;  // Held while the sink runs.
  std::array<Noted, kKinds> noted_ KVS_GUARDED_BY(mutex_){};
};

}  // namespace kvs::server
