#include "settings/settings.h"

#include <algorithm>

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
  const Setting* const setting = FindSetting(name);
  KVS_CHECK(setting != nullptr);
  return NumberOf(*setting, Text(name));
}

}  // namespace kvs::settings
