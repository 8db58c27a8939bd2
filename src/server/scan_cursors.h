// ScanCursors: from the 64-bit cursor of SCAN to the place where it goes on, without memory for each client.
//
// Design      SCAN walks the keys in order, so the place is a key, and a cursor has no room for one. It is the hash of
//             the last key that was looked at, and this table remembers the keys of the latest cursors. A cursor that
//             the table has forgotten, or that an earlier process gave out, is not an error: the scan then starts over
//             in another order, that of the keys' hashes, in which a number is all it takes to go on. Such a sweep
//             looks at every key in each of its steps, so a step covers a large slice: slow, but it always ends, and
//             gives every key that stays.
// Threads     Call anything from any thread.
// Limits      kKeptBytesMax of keys, the oldest forgotten first.
//
//   cursor := 0                             the beginning, or the end
//           | 0 < n < 2^62                  a walk: 62 bits of the hash of the last key
//           | 2^62 + slice                  a sweep: the next slice of hashes
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
  static constexpr std::uint64_t kSweep = std::uint64_t{1} << 62;
  static constexpr std::uint64_t kSlices = 64;

  // The cursor that goes on behind `key`.
  std::uint64_t CursorBehind(std::string_view key) KVS_EXCLUDES(mutex_);
  // The key that `cursor` goes on behind; nullopt: forgotten.
  std::optional<std::string> KeyOf(std::uint64_t cursor) const KVS_EXCLUDES(mutex_);

  static bool IsSweep(std::uint64_t cursor) { return cursor >= kSweep; }
  static std::uint64_t SliceOf(std::string_view key);  // Below kSlices.

 private:
  static std::uint64_t HashOf(std::string_view key);

  struct Place {
    std::string key;
    std::list<std::uint64_t>::iterator age;
  };
  mutable sync::Mutex mutex_;
  std::unordered_map<std::uint64_t, Place> places_ KVS_GUARDED_BY(mutex_);
  std::list<std::uint64_t> oldest_first_ KVS_GUARDED_BY(mutex_);
  std::size_t kept_bytes_ KVS_GUARDED_BY(mutex_) = 0;
};

}  // namespace kvs::server
