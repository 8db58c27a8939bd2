// RespReplyBytes: where the first reply of RESP 2 or 3 ends, for clients that take replies as their bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/decimal.h"

namespace kvs::protocol {

// The bytes of the first whole reply in `input`, with all that is nested in it; nullopt: more are needed. The server is
// trusted: a number that is none counts as 0.
inline std::optional<std::size_t> RespReplyBytes(std::string_view input) {
  std::size_t at = 0;
  for (std::int64_t left = 1; left > 0; --left) {
    const std::size_t end = input.find("\r\n", at);
    if (end == std::string_view::npos) return std::nullopt;
    const char kind = input[at];
    const std::int64_t number = base::ParseDecimal(input.substr(at + 1, end - at - 1)).value_or(0);
    at = end + 2;
    if ((kind == '$' || kind == '=') && number >= 0) at += static_cast<std::size_t>(number) + 2;
    if (kind == '*' || kind == '~' || kind == '>') left += std::max<std::int64_t>(number, 0);
    if (kind == '%') left += 2 * number;
    if (at > input.size()) return std::nullopt;
  }
  return at;
}

}  // namespace kvs::protocol
