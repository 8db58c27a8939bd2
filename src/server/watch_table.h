// WatchTable: who watches which keys, so that a write to one of them ends the transactions that were built on it.
//
// Design      Every write through the server touches its keys here, which is one load while nobody watches. A watcher
//             has a flag, which the touch sets and EXEC reads.
// Threads     Touch() and Forget() under any pass of the gate, or none; Watch() and reading the flags under an
//             exclusive one: so no write is under way that looked before the key was watched, or has not set its flag
//             yet.
//
// Fences      R1  watched_ and the flags: relaxed. The gate orders them, see above.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sync/mutex.h"

namespace kvs::server {

class WatchTable {
 public:
  // A client, as the table sees it. Calls of Watch() and Forget() for it come from its own thread.
  struct Watcher {
    std::atomic<bool> is_touched{false};  // R1
  };

  void Watch(std::string_view key, Watcher* watcher);
  void Forget(std::string_view key, Watcher* watcher);

  // `key` was changed.
  void Touch(std::string_view key) {
    if (watched_.load(std::memory_order_relaxed) == 0) [[likely]]
      return;  // R1
    TouchWatched(key);
  }

  bool is_empty() const { return watched_.load(std::memory_order_relaxed) == 0; }  // R1
  std::vector<std::string> WatchedKeys();

 private:
  static constexpr std::size_t kStripes = 16;
  struct Stripe {
    sync::Mutex mutex;
    std::unordered_map<std::string, std::vector<Watcher*>> watchers KVS_GUARDED_BY(mutex);
  };

  Stripe& StripeOf(std::string_view key);
  void TouchWatched(std::string_view key);

  std::atomic<std::size_t> watched_{0};  // R1. Pairs of key and watcher.
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace kvs::server
