// KeyInterval: the keys that a scan visits, as one interval in key order.
#pragma once

#include <optional>
#include <string>

#include "kvs/engine.h"

namespace kvs::adapters {

struct KeyInterval {
  std::string from;
  std::optional<std::string> to;  // Exclusive; nullopt: no upper bound.

  bool is_empty() const { return to && *to <= from; }
};

// The intersection of `from`, `to` and `prefix` of a range.
KeyInterval IntervalOf(const ScanRange& range);

}  // namespace kvs::adapters
