// GlobMatches: the patterns of KEYS, SCAN and CONFIG GET: * ? [a-z] [^a-z] and \x for x itself, over any bytes.
//
// Design      Iterative, with one place to come back to: the last star. A later star makes the earlier ones irrelevant,
//             so the time is at most pattern bytes times text bytes, whatever the pattern.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvs::server {

enum class Case : std::uint8_t { kSensitive, kInsensitive };

bool GlobMatches(std::string_view pattern, std::string_view text, Case letters = Case::kSensitive);

// The bytes that every match begins with.
std::string GlobPrefix(std::string_view pattern);

}  // namespace kvs::server
