#include "commands/table/parsing.h"

#include <limits>
#include <string>

#include "base/decimal.h"

namespace kvs::server {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

}  // namespace

std::optional<std::int64_t> ReadInteger(Call& call, std::string_view text) {
  const auto number = base::ParseDecimal(text);
  if (!number) call.FailNotInteger();
  return number;
}

void FailExpireTime(Call& call) {
  call.Fail("ERR invalid expire time in '" + std::string(call.spec.full_name) + "' command");
}

std::optional<std::int64_t> ReadTime(Call& call, std::string_view text, TimeUnit unit, TimeBase base, Past past) {
  const auto number = ReadInteger(call, text);
  if (!number) return std::nullopt;
  std::int64_t time = *number;
  const std::int64_t now = base == TimeBase::kNow ? SignedTime(call.keys.NowMs()) : 0;
  const bool is_refused = past == Past::kRefused && time <= 0;
  const bool fits_unit = unit == TimeUnit::kMilliseconds || (time <= kMax / 1'000 && time >= kMin / 1'000);
  if (!is_refused && fits_unit) {
    if (unit == TimeUnit::kSeconds) time *= 1'000;
    if (time <= kMax - now) return time + now;
  }
  FailExpireTime(call);
  return std::nullopt;
}

bool CheckValueBytes(Call& call, std::uint64_t bytes) {
  if (bytes <= kValueBytesMax) return true;
  call.Fail("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
  return false;
}

}  // namespace kvs::server
