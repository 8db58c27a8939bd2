#include "figures/figure.h"

#include <cstdio>

#include "base/check.h"

namespace kvs::figures {

std::string FigureValue::Text() const {
  if (const auto* text = std::get_if<std::string>(&value_)) return *text;
  if (const auto* number = std::get_if<std::uint64_t>(&value_)) return std::to_string(*number);
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return std::to_string(*number);
  const auto* const decimal = std::get_if<Decimal>(&value_);
  if (decimal == nullptr) return "";
  char text[64];
  const int characters = std::snprintf(text, sizeof text, "%.*f", decimal->decimals, decimal->number);
  return {text, static_cast<std::size_t>(characters)};
}

std::uint64_t FigureValue::Integer() const {
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return static_cast<std::uint64_t>(*number);
  const auto* const number = std::get_if<std::uint64_t>(&value_);
  KVS_CHECK(number != nullptr);
  return *number;
}

}  // namespace kvs::figures
