// KeyInterval: the keys that a scan visits, as one stretch of the order.
#pragma once

#include <optional>
#include <string>

#include "kvs/engine.h"

namespace kvs::adapters {

struct KeyInterval {
  std::string from;
  std::optional<std::string> to;  // Exclusive; nullopt: to the last key.

  bool is_empty() const { return to && *to <= from; }
};

// Where `from`, `to` and `prefix` of a range meet.
KeyInterval IntervalOf(const ScanRange& range);

}  // namespace kvs::adapters
