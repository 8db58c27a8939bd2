// LeafKeys: the live entries of a leaf with their keys, in key order. For splits, which need the order that a leaf does
// not keep.
//
// Lifetime    The keys are views into the owner's records: use them while pinned, or as the writer.
// Threads     Belongs to one thread.
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
  Entry entry;
  unsigned slot;
};

class LeafKeys {
 public:
  // Asks for the records of `leaf`, which is to be read soon; all together, so that their addresses are found together.
  static void Prefetch(const Leaf& leaf, const KeySource& keys);

  // Reads all entries, with the keys that `key_of` tells; nullopt: the record is damaged, and its location the answer.
  // Every key of the leaf begins with the first `shared_bytes` bytes of every other.
  std::optional<base::Location> Read(const Leaf& leaf, FunctionRef<std::optional<std::string_view>(Entry)> key_of,
                                     std::size_t shared_bytes);

  // Whether `place` is where keys have lately come in ascending order: the entries before it are the last ones of the
  // lines that they are in. Meant for a full leaf; by chance, it is true for one random place in 400.
  bool EndsAscendingRun(std::size_t place) const;

  std::span<const KeyedEntry> sorted() const { return {sorted_.data(), count_}; }

 private:
  std::array<KeyedEntry, Leaf::kSlots> sorted_;
  std::size_t count_ = 0;
};

}  // namespace kvs::index
