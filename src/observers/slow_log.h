// SlowLog: the commands that took the longest lately, for SLOWLOG.
//
// Threads     Call anything from any thread.
// Limits      kArgumentsMax arguments of kArgumentBytesMax bytes are kept per command, with a word about the rest. The
//             name of a client is cut like an argument.
//
// Fences      R1  the atomics: relaxed. Settings, each for itself.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/mutex.h"

namespace kvs::server {

class SlowLog {
 public:
  static constexpr std::size_t kArgumentsMax = 32;
  static constexpr std::size_t kArgumentBytesMax = 128;

  struct Command {
    std::uint64_t id = 0;
    std::int64_t time_s = 0;  // Since 1970.
    std::int64_t microseconds = 0;
    std::vector<std::string> arguments{};
    std::string peer{};
    std::string client_name{};
  };

  // Negative: nothing is slow.
  std::int64_t slower_than_us() const { return slower_than_us_.load(std::memory_order_relaxed); }  // R1
  bool IsSlow(std::int64_t microseconds) const { return slower_than_us() >= 0 && microseconds >= slower_than_us(); }
  void Configure(std::int64_t slower_than_us, std::size_t length_max) KVS_EXCLUDES(mutex_);

  // `command` without its id, time and arguments.
  void Add(Command command, std::span<const std::string_view> arguments) KVS_EXCLUDES(mutex_);
  std::vector<Command> Newest(std::size_t count) const KVS_EXCLUDES(mutex_);
  std::size_t size() const KVS_EXCLUDES(mutex_);
  void Reset() KVS_EXCLUDES(mutex_);

 private:
  std::atomic<std::int64_t> slower_than_us_{10'000};  // R1
  mutable sync::Mutex mutex_;
  std::size_t length_max_ KVS_GUARDED_BY(mutex_) = 128;
  std::uint64_t next_id_ KVS_GUARDED_BY(mutex_) = 0;
  std::deque<Command> commands_ KVS_GUARDED_BY(mutex_);  // The newest first.
};

}  // namespace kvs::server
