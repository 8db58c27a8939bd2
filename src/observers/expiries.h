// Expiries: the points in time at which keys expire, while a client wants to be told.
//
// Design      The engine lets a pair be absent from a moment on, and removes it some time later. A client with CLIENT
//             TRACKING is told at that moment. While there is one, keys that are written with an expiry and keys that
//             it reads are noted here, and the loops look for those that are due.
// Threads     Call anything from any thread.
// Limits      kKeysMax: beyond it the latest are forgotten.
//
// Fences      R1  next_ms_: relaxed. A hint for when to look.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/seeded_hash.h"
#include "sync/mutex.h"

namespace kvs::server {

class Expiries {
 public:
  static constexpr std::size_t kKeysMax = std::size_t{1} << 22;
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  // `key` now expires then; kNoExpiry: never.
  void Note(std::string_view key, std::uint64_t expiry_ms) KVS_EXCLUDES(mutex_);
  void Clear() KVS_EXCLUDES(mutex_);

  std::uint64_t next_ms() const { return next_ms_.load(std::memory_order_relaxed); }  // R1. kNever: nothing is noted.
  // Up to `keys_max` of the keys that have expired by then, each told once.
  std::vector<std::string> TakeDue(std::uint64_t now_ms, std::size_t keys_max) KVS_EXCLUDES(mutex_);

 private:
  void Forget(const std::string& key) KVS_REQUIRES(mutex_);
  void Look() KVS_REQUIRES(mutex_);

  std::atomic<std::uint64_t> next_ms_{kNever};  // R1
  sync::Mutex mutex_;
  base::SeededMap<std::uint64_t> by_key_ KVS_GUARDED_BY(mutex_);
  std::set<std::pair<std::uint64_t, std::string>> by_time_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
