// KeySource: the owner's answer to "which key is at this location?". The index keeps locations, not keys.
//
// Threads     Const members are called from any thread, by readers that are pinned and by the one writer.
// Lifetime    A location that the caller found in the index while pinned stays readable until the caller unpins, also
//             when its entry is overwritten, moved or erased meanwhile.
// Errors      A record that cannot be trusted is kDamaged, or nullopt: never another key, never "absent".
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

  // Whether the record at `location` is one of `key`. kOther only if the record there is intact, so that a damaged key
  // byte is never taken for another key; else kDamaged.
  virtual Match Compare(base::Location location, std::string_view key) const = 0;

  // The key of the record there, valid while the caller is pinned or is the writer; nullopt: the record is damaged.
  virtual std::optional<std::string_view> KeyAt(base::Location location) const = 0;

  // The same without a check of more than the record's form: the key may be another than the one that was written.
  // For a caller who knows the key's hash and its neighbours.
  virtual std::optional<std::string_view> UncheckedKeyAt(base::Location location) const = 0;

  // A hint: the record will be asked for soon.
  virtual void Prefetch(base::Location location) const = 0;
};

}  // namespace kvs::index
