// WatchTable: the watched keys of each client. A write to one of them makes the transactions built on it fail.
//
// Design      Every write through the server touches its keys here, which is one load while nobody watches. A watcher
//             has a flag, which the touch sets and EXEC reads.
// Threads     Touch() and Forget() under any pass of the gate, or none; Watch() and reading the flags under an
//             exclusive one: so no write is under way that looked before the key was watched, or has not set its flag
//             yet.
//
// Fences      R1  the atomics: relaxed. The gate orders them, see above.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/seeded_hash.h"
#include "sync/mutex.h"

namespace kvs::server {

// Hears of every write, while the table is told to tell it. Any thread.
class WriteListener {
 public:
  // `writer`: the client's id; 0: none of RESP.
  virtual void OnWrite(std::string_view key, std::uint64_t expiry_ms, std::uint64_t writer) = 0;
  virtual void OnClear() = 0;

 protected:
  ~WriteListener() = default;
};

class WatchTable {
 public:
  // A client, as the table sees it. Calls of Watch() and Forget() for it come from its own thread.
  struct Watcher {
    std::atomic<bool> is_touched{false};  // R1
  };

  void Watch(std::string_view key, Watcher* watcher);
  void Forget(std::string_view key, Watcher* watcher);

  // `key` was changed, or removed, and expires then; 0: never.
  void Touch(std::string_view key, std::uint64_t expiry_ms = 0, std::uint64_t writer = 0) {
    if (watched_.load(std::memory_order_relaxed) == 0) [[likely]]
      return;  // R1
    TouchWatched(key, expiry_ms, writer);
  }
  // All keys were removed. The caller touches the watched ones that were there.
  void NoteClear() {
    if (is_listened_.load(std::memory_order_relaxed)) listener_->OnClear();  // R1
  }

  // Before the first call of Touch().
  void set_listener(WriteListener* listener) { listener_ = listener; }
  void set_is_listened(bool is_listened);

  bool is_empty() const { return watched_.load(std::memory_order_relaxed) == 0; }  // R1
  std::vector<std::string> WatchedKeys();

 private:
  static constexpr std::size_t kStripes = 16;
  struct Stripe {
    sync::Mutex mutex;
    base::SeededMap<std::set<Watcher*>> watchers KVS_GUARDED_BY(mutex);
  };

  Stripe& StripeOf(std::string_view key);
  void TouchWatched(std::string_view key, std::uint64_t expiry_ms, std::uint64_t writer);

  WriteListener* listener_ = nullptr;
  std::atomic<std::size_t> watched_{0};   // R1. Pairs of key and watcher, and one more for the listener.
  std::atomic<bool> is_listened_{false};  // R1
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace kvs::server
