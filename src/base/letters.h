// ASCII letters without a locale, for names of commands, options and parameters, which ignore case.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace kvs::base {

constexpr char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr char ToUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

inline std::string Lowered(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), ToLower);
  return lowered;
}

inline std::string Uppered(std::string_view text) {
  std::string uppered(text);
  std::transform(uppered.begin(), uppered.end(), uppered.begin(), ToUpper);
  return uppered;
}

// The part of a client's text that Redis would show in an error: it prints C strings.
inline std::string_view UpToZero(std::string_view text) { return text.substr(0, text.find('\0')); }

// word: in, in lower case.
inline bool IsWord(std::string_view text, std::string_view word) {
  return text.size() == word.size() &&
         std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) { return ToLower(a) == b; });
}

}  // namespace kvs::base
