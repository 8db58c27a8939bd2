#include "server/scan_cursors.h"

#include <algorithm>

#include "base/hash.h"

namespace kvs::server {
namespace {

constexpr std::size_t kPlaceBytes = 128;  // What a place costs beside the bytes of its key, about.

}  // namespace

// Never 0 and never a sweep.
std::uint64_t ScanCursors::HashOf(std::string_view key) {
  return std::max<std::uint64_t>(base::Hash64(key) & (kSweep - 1), 1);
}

// Other bits than those of the table's hash, not that it mattered.
std::uint64_t ScanCursors::SliceOf(std::string_view key) { return base::Hash64(key) >> 58; }
static_assert(ScanCursors::kSlices == std::uint64_t{1} << (64 - 58));

std::uint64_t ScanCursors::CursorBehind(std::string_view key) {
  const std::uint64_t cursor = HashOf(key);
  const sync::MutexLock lock(mutex_);
  if (const auto found = places_.find(cursor); found != places_.end()) {
    kept_bytes_ += key.size();
    kept_bytes_ -= found->second.key.size();
    found->second.key = key;  // Of two keys with one hash the later: as likely as a cursor that somebody guessed.
    oldest_first_.splice(oldest_first_.end(), oldest_first_, found->second.age);
  } else {
    const auto age = oldest_first_.insert(oldest_first_.end(), cursor);
    places_.emplace(cursor, Place{.key = std::string(key), .age = age});
    kept_bytes_ += key.size() + kPlaceBytes;
  }
  while (kept_bytes_ > kKeptBytesMax) {
    const auto oldest = places_.find(oldest_first_.front());
    kept_bytes_ -= oldest->second.key.size() + kPlaceBytes;
    places_.erase(oldest);
    oldest_first_.pop_front();
  }
  return cursor;
}

std::optional<std::string> ScanCursors::KeyOf(std::uint64_t cursor) const {
  const sync::MutexLock lock(mutex_);
  const auto found = places_.find(cursor);
  if (found == places_.end()) return std::nullopt;
  return found->second.key;
}

}  // namespace kvs::server
