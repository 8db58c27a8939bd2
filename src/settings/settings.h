// Settings: the values of all settings that can be given at the start.
//
// Threads     One thread at a time.
// Errors      A name that is not in the table ends the process, because it is a bug of the program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvs/result.h"
#include "settings/setting.h"

namespace kvs::settings {

class Settings {
 public:
  Settings();  // With the defaults.

  // kInvalidArgument: CheckValue() refuses the value.
  Status Set(const Setting& setting, std::string_view value);

  const std::string& Text(std::string_view name) const;
  std::int64_t Number(std::string_view name) const;  // As NumberOf().

  using Pair = std::pair<std::string, std::string>;
  const std::vector<Pair>& all() const { return values_; }  // In the order of the table.

 private:
  std::vector<Pair> values_;
};

}  // namespace kvs::settings
