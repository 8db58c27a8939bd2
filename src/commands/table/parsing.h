// Arguments that many commands read, each with the error that Redis gives for it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "commands/table/command.h"

namespace kvs::server {

// nullopt: `call` has been answered with the error.
std::optional<std::int64_t> ReadInteger(Call& call, std::string_view text);

enum class TimeUnit : std::uint8_t { kSeconds, kMilliseconds };
enum class TimeBase : std::uint8_t { kNow, k1970 };

// A time from now on is a span, one since 1970 a point. `ms` is above 0.
inline Expiry ExpiryAt(std::int64_t ms, TimeBase base) {
  return {static_cast<std::uint64_t>(ms), base == TimeBase::kNow ? ExpiryKind::kSpan : ExpiryKind::kPoint};
}

// "ERR invalid expire time in 'set' command"
void FailExpireTime(Call& call);

// The point in time that `text` says. `allow_past`: also one before now, or before 1970. nullopt: answered.
enum class Past : std::uint8_t { kAllowed, kRefused };
std::optional<std::int64_t> ReadTime(Call& call, std::string_view text, TimeUnit unit, TimeBase base, Past past);

// A point in time as replies and comparisons have it, at most the largest number.
inline std::int64_t SignedTime(std::uint64_t ms) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(ms, std::numeric_limits<std::int64_t>::max()));
}

// Whether a value that long may be stored. False: answered.
bool CheckValueBytes(Call& call, std::uint64_t bytes);

}  // namespace kvs::server
