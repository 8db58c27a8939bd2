#include "keyspace/scan_cursors.h"

#include <algorithm>

#include "base/hash.h"

namespace kvs::server {
namespace {

constexpr std::size_t kPlaceBytes = 128;  // What a place costs beside the bytes of its key, about.
constexpr std::uint64_t kCursorMask = (std::uint64_t{1} << 62) - 1;

}  // namespace

std::uint64_t ScanCursors::CursorAfter(std::string_view key) {
  const std::uint64_t cursor = std::max<std::uint64_t>(base::Hash64(key, seed_) & kCursorMask, 1);
  const sync::MutexLock lock(mutex_);
  if (const auto found = places_.find(cursor); found != places_.end()) {
    kept_bytes_ += key.size();
    kept_bytes_ -= found->second.key.size();
    found->second.key = key;  // Of two keys with one hash the later: as likely as a cursor that somebody guessed.
    first_to_go_.splice(first_to_go_.end(), first_to_go_, found->second.position);
  } else {
    const auto position = first_to_go_.insert(first_to_go_.end(), cursor);
    places_.emplace(cursor, Place{.key = std::string(key), .position = position});
    kept_bytes_ += key.size() + kPlaceBytes;
  }
  Forget();
  return cursor;
}

void ScanCursors::Forget() {
  while (kept_bytes_ > kKeptBytesMax) {
    const auto first = places_.find(first_to_go_.front());
    kept_bytes_ -= first->second.key.size() + kPlaceBytes;
    places_.erase(first);
    first_to_go_.pop_front();
  }
}

std::optional<std::string> ScanCursors::GoOn(std::uint64_t cursor) {
  const sync::MutexLock lock(mutex_);
  const auto found = places_.find(cursor);
  if (found == places_.end()) return std::nullopt;
  first_to_go_.splice(first_to_go_.begin(), first_to_go_, found->second.position);
  return found->second.key;
}

}  // namespace kvs::server
