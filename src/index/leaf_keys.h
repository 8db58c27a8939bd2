// LeafKeys: the live entries of a leaf with their keys, in key order. Splits need this order, which a leaf does not
// keep.
//
// Lifetime    The keys are views into the owner's records. Use them while pinned, or as the writer.
// Threads     One thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/location.h"
#include "index/key_source.h"
#include "index/leaf.h"
#include "kvs/function_ref.h"

namespace kvs::index {

struct KeyedEntry {
  std::string_view key;
  LeafEntry entry;
  unsigned slot;
};

class LeafKeys {
 public:
  // Prefetches the records of `leaf`, which will be read soon. One call for all, so that their addresses are translated
  // together.
  static void Prefetch(const Leaf& leaf, const KeySource& keys);

  // Reads all entries. Returns the location of a damaged record.
  // key_of: in, returns the key of an entry; nullopt: the record is damaged.
  // shared_bytes: in, all keys agree in their first bytes up to this number.
  std::optional<base::Location> Read(const Leaf& leaf, FunctionRef<std::optional<std::string_view>(LeafEntry)> key_of,
                                     std::size_t shared_bytes);

  // Whether keys have recently arrived in ascending order at `place`: the entries before it are the last ones of their
  // lines. Meant for a full leaf. It is true by chance for one random place in 400.
  bool EndsAscendingRun(std::size_t place) const;

  std::span<const KeyedEntry> sorted() const { return {sorted_.data(), count_}; }

 private:
  std::array<KeyedEntry, Leaf::kSlots> sorted_;
  std::size_t count_ = 0;
};

}  // namespace kvs::index
