// The text of RESP, for code that calls a server: commands, and the ends of replies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"

namespace kvs::test {

inline std::string RespCommand(const std::vector<std::string>& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return bytes;
}

// The bytes of the first whole reply in `input`; nullopt: more are needed.
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

// The text of a reply that is a bulk string.
inline std::string RespText(std::string_view bulk) {
  const std::size_t begin = bulk.find("\r\n") + 2;
  return std::string(bulk.substr(begin, bulk.size() - begin - 2));
}

}  // namespace kvs::test
