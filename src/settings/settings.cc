#include "settings/settings.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/try.h"

namespace kvs::settings {

Settings::Settings() {
  for (const Setting& setting : AllSettings()) {
    if (IsGivenAtStart(setting)) values_.emplace_back(setting.name, setting.first_value);
  }
}

Status Settings::Set(const Setting& setting, std::string_view value) {
  KVS_TRY_ASSIGN(std::string checked, CheckValue(setting, value));
  const auto at =
      std::find_if(values_.begin(), values_.end(), [&](const Pair& pair) { return pair.first == setting.name; });
  KVS_CHECK(at != values_.end());
  at->second = std::move(checked);
  return Ok();
}

const std::string& Settings::Text(std::string_view name) const {
  const auto at = std::find_if(values_.begin(), values_.end(), [&](const Pair& pair) { return pair.first == name; });
  KVS_CHECK(at != values_.end());
  return at->second;
}

std::int64_t Settings::Number(std::string_view name) const {
  const std::string& text = Text(name);
  std::int64_t number = 0;
  const int base = FindSetting(name)->form == Form::kMode ? 8 : 10;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  KVS_CHECK(error == std::errc() && end == text.data() + text.size());
  return number;
}

}  // namespace kvs::settings
