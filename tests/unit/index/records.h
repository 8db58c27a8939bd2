// Records: an owner of keys for tests of the index. A location is the number of a record; any record can be damaged.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/location.h"
#include "index/key_source.h"

namespace kvs::index {

class Records final : public KeySource {
 public:
  base::Location Add(std::string key) {
    keys_.push_back(std::move(key));
    return base::Location::FromBits(keys_.size());
  }
  void Damage(base::Location location) { damaged_.insert(location.bits()); }
  void Repair(base::Location location) { damaged_.erase(location.bits()); }
  int reads() const { return reads_; }

  Match Compare(base::Location location, std::string_view key) const override {
    const auto own = KeyAt(location);
    if (!own) return Match::kDamaged;
    return *own == key ? Match::kSame : Match::kOther;
  }
  std::optional<std::string_view> KeyAt(base::Location location) const override {
    ++reads_;
    if (damaged_.contains(location.bits())) return std::nullopt;
    return keys_.at(location.bits() - 1);
  }
  void Prefetch(base::Location) const override {}

 private:
  std::deque<std::string> keys_;  // Which does not move its elements.
  std::set<std::uint64_t> damaged_;
  mutable int reads_ = 0;
};

}  // namespace kvs::index
