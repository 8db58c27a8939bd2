// ParseDecimal: parses an integer as protocols write it. It is strict, so each number has one spelling.
//
// "0", "-7" and "42" are numbers. "", "+7", "007", "-0", " 7" and values beyond 64 bits are not.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kvs::base {

inline constexpr std::size_t kDecimalCharactersMax = 20;  // Of a 64-bit number, sign included.

namespace decimal_internal {

template <class Number>
std::optional<Number> Parse(std::string_view text) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits.front() < '0' || digits.front() > '9') return std::nullopt;
  if (digits.front() == '0' && text.size() > 1) return std::nullopt;
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace decimal_internal

inline std::optional<std::int64_t> ParseDecimal(std::string_view text) {
  return decimal_internal::Parse<std::int64_t>(text);
}

inline std::optional<std::uint64_t> ParseUnsignedDecimal(std::string_view text) {
  if (text.starts_with('-')) return std::nullopt;
  return decimal_internal::Parse<std::uint64_t>(text);
}

// The spelling of a number, without an allocation.
class DecimalText {
 public:
  explicit DecimalText(std::int64_t number) : end_(std::to_chars(text_, text_ + sizeof text_, number).ptr) {}
  explicit DecimalText(std::uint64_t number) : end_(std::to_chars(text_, text_ + sizeof text_, number).ptr) {}
  DecimalText(const DecimalText&) = delete;
  DecimalText& operator=(const DecimalText&) = delete;

  std::string_view view() const { return {text_, static_cast<std::size_t>(end_ - text_)}; }

 private:
  char text_[kDecimalCharactersMax];
  char* end_;
};

}  // namespace kvs::base
