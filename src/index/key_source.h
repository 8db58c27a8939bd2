// KeySource: returns the key at a location. The index stores locations, not keys, and asks its owner through this.
//
// Threads     Pinned readers and the one writer call const members from any thread.
// Lifetime    A location that a pinned caller found in the index stays readable until it unpins. This holds even if the
//             entry is overwritten, moved or erased meanwhile.
// Errors      A record that cannot be trusted is kDamaged or nullopt: never another key, never "absent".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/location.h"

namespace kvs::index {

enum class Match : std::uint8_t { kSame, kOther, kDamaged };

class KeySource {
 public:
  virtual ~KeySource() = default;

  // Whether the record at `location` has `key`. kOther only if the record is intact, so that a damaged key byte is
  // never taken for another key; otherwise kDamaged.
  virtual Match Compare(base::Location location, std::string_view key) const = 0;

  // The key of the record, valid while the caller is pinned or is the writer. nullopt: the record is damaged.
  virtual std::optional<std::string_view> KeyAt(base::Location location) const = 0;

  // Like KeyAt(), but checks only the form of the record: the key may differ from the written one. For a caller that
  // knows the key's hash and its neighbours.
  virtual std::optional<std::string_view> UncheckedKeyAt(base::Location location) const = 0;

  // A hint: the record will be read soon.
  virtual void Prefetch(base::Location location) const = 0;

  // Changes before a location that was given up comes to mean another record. A caller that asks under the pin under
  // which it found a location, and after that, gets the number of the record that it means.
  virtual std::uint64_t Generation() const { return 0; }
};

}  // namespace kvs::index
