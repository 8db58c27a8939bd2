// ScanCursors: finds the key after which a SCAN continues, from its 64-bit cursor, without memory per client.
//
// Design      SCAN walks the keys in order, so the place is a key, and a cursor has no room for one. It is the hash of
//             the last key that was looked at, and this table remembers the keys of the latest cursors. A cursor that
//             the table does not know is not an error: its scan starts over. If a scan has gone on from a
//             place, only a client that asks again needs it. Such places are forgotten first, so that a scan in
//             progress keeps its place.
// Threads     Call anything from any thread.
// Limits      kKeptBytesMax of keys. Finding a place costs the same, whatever the cursor.
//
//   cursor := 0                             the beginning, or the end
//           | 0 < n < 2^62                  62 bits of the hash of the last key, with a seed that clients do not know
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sync/mutex.h"

namespace kvs::server {

class ScanCursors {
 public:
  static constexpr std::size_t kKeptBytesMax = std::size_t{4} << 20;

  // `seed`: of the hash; hard to guess.
  explicit ScanCursors(std::uint64_t seed) : seed_(seed) {}

  // The cursor that continues after `key`.
  std::uint64_t CursorAfter(std::string_view key) KVS_EXCLUDES(mutex_);
  // The key after which the scan of `cursor` continues; nullopt: not known.
  std::optional<std::string> GoOn(std::uint64_t cursor) KVS_EXCLUDES(mutex_);

 private:
  struct Place {
    std::string key;
    std::list<std::uint64_t>::iterator position;  // In first_to_go_.
  };

  void Forget() KVS_REQUIRES(mutex_);

  const std::uint64_t seed_;
  sync::Mutex mutex_;
  std::unordered_map<std::uint64_t, Place> places_ KVS_GUARDED_BY(mutex_);
  std::list<std::uint64_t> first_to_go_ KVS_GUARDED_BY(mutex_);
  std::size_t kept_bytes_ KVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace kvs::server
