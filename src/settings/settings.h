// Settings: a value for each setting that can be given at the start.
//
// Threads     One thread at a time.
// Errors      Asking for a name that is not in the table ends the process: it is a mistake of the program.
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
  Settings();  // The first values.

  // kInvalidArgument: the value is not one of those that CheckValue() takes.
  Status Set(const Setting& setting, std::string_view value);

  const std::string& Text(std::string_view name) const;
  std::int64_t Number(std::string_view name) const;  // Of kNumber and kMemory; of kMode: the bits.

  using Pair = std::pair<std::string, std::string>;
  const std::vector<Pair>& all() const { return values_; }  // In the order of the table.

 private:
  std::vector<Pair> values_;
};

}  // namespace kvs::settings
