// Records: an owner of keys for tests of the index. A location is the number of a record; any record can be damaged.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
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
  // A damaged record is not readable. If a key is given, the record looks like one of that key until it is checked.
  void Damage(base::Location location) { damaged_[location.bits()] = std::nullopt; }
  void Damage(base::Location location, std::string key) { damaged_[location.bits()] = std::move(key); }
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
  std::optional<std::string_view> UncheckedKeyAt(base::Location location) const override {
    const auto damaged = damaged_.find(location.bits());
    return damaged == damaged_.end() ? KeyAt(location) : damaged->second;
  }
  void Prefetch(base::Location) const override {}
  std::uint64_t Generation() const override { return generation_; }

  // A location that the index no longer has gets another key.
  void Reuse(base::Location location, std::string key) {
    keys_.at(location.bits() - 1) = std::move(key);
    ++generation_;
  }

 private:
  std::deque<std::string> keys_;  // Which does not move its elements.
  std::map<std::uint64_t, std::optional<std::string>> damaged_;
  mutable int reads_ = 0;
  std::uint64_t generation_ = 0;
};

}  // namespace kvs::index
