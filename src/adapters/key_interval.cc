#include "adapters/key_interval.h"

#include <algorithm>
#include <utility>

namespace kvs::adapters {
namespace {

// The least string greater than every string with this prefix; nullopt: there is none.
std::optional<std::string> EndOfPrefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

KeyInterval IntervalOf(const ScanRange& range) {
  KeyInterval interval{.from = std::max(range.from, range.prefix), .to = EndOfPrefix(range.prefix)};
  if (range.to && (!interval.to || *range.to < *interval.to)) interval.to = range.to;
  return interval;
}

}  // namespace kvs::adapters
