#include "server/glob.h"

#include <optional>

#include "server/letters.h"

namespace kvs::server {
namespace {

char Fold(char c, Case letters) { return letters == Case::kInsensitive ? ToLower(c) : c; }

// Whether `c` is in the class that begins behind its '[' at `*at`; steps behind the ']'. As in Redis, a class that is
// not closed ends with the pattern, and a range may be written backwards.
bool ClassMatches(std::string_view pattern, std::size_t* at, char c, Case letters) {
  const bool is_negated = *at < pattern.size() && pattern[*at] == '^';
  if (is_negated) ++*at;
  const auto byte = static_cast<unsigned char>(Fold(c, letters));
  bool is_in = false;
  while (*at < pattern.size() && pattern[*at] != ']') {
    const std::string_view rest = pattern.substr(*at);
    if (rest.size() >= 2 && rest[0] == '\\') {
      is_in = is_in || Fold(rest[1], letters) == Fold(c, letters);
      *at += 2;
    } else if (rest.size() >= 3 && rest[1] == '-') {
      auto low = static_cast<unsigned char>(Fold(rest[0], letters));
      auto high = static_cast<unsigned char>(Fold(rest[2], letters));
      if (low > high) std::swap(low, high);
      is_in = is_in || (low <= byte && byte <= high);
      *at += 3;
    } else {
      is_in = is_in || Fold(rest[0], letters) == Fold(c, letters);
      ++*at;
    }
  }
  if (*at < pattern.size()) ++*at;
  return is_in != is_negated;
}

// Whether the one-byte element at `*at` of the pattern matches `c`; steps over the element if so.
bool ElementMatches(std::string_view pattern, std::size_t* at, char c, Case letters) {
  std::size_t next = *at + 1;
  bool matches = false;
  switch (pattern[*at]) {
    case '?': matches = true; break;
    case '[': matches = ClassMatches(pattern, &next, c, letters); break;
    case '\\':
      if (next < pattern.size()) ++next;
      matches = Fold(pattern[next - 1], letters) == Fold(c, letters);
      break;
    default: matches = Fold(pattern[*at], letters) == Fold(c, letters);
  }
  if (matches) *at = next;
  return matches;
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view text, Case letters) {
  struct Return {
    std::size_t pattern_at;  // Behind the star.
    std::size_t text_at;     // Where what follows the star is tried next.
  };
  std::optional<Return> star;
  std::size_t pattern_at = 0;
  std::size_t text_at = 0;
  while (text_at < text.size()) {
    if (pattern_at < pattern.size() && pattern[pattern_at] == '*') {
      star = {.pattern_at = ++pattern_at, .text_at = text_at};
    } else if (pattern_at < pattern.size() && ElementMatches(pattern, &pattern_at, text[text_at], letters)) {
      ++text_at;
    } else if (star) {
      pattern_at = star->pattern_at;
      text_at = ++star->text_at;
    } else {
      return false;
    }
  }
  while (pattern_at < pattern.size() && pattern[pattern_at] == '*') ++pattern_at;
  return pattern_at == pattern.size();
}

std::string GlobPrefix(std::string_view pattern) {
  std::string prefix;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char c = pattern[at];
    if (c == '*' || c == '?' || c == '[') break;
    if (c == '\\' && at + 1 < pattern.size()) ++at;
    prefix += pattern[at];
  }
  return prefix;
}

}  // namespace kvs::server
