// LeafKeys: the live entries of a leaf with their keys, in key order. For splits and scans, which need the order that a
// leaf does not keep.
//
// Lifetime    The keys are views into the owner's records: use them while pinned, or as the writer.
// Threads     Belongs to one thread; the leaf may be written meanwhile. A key that is erased and inserted again during
//             Read() can be met twice: the entry read last is kept.
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
  // Keys at or after `from` and before `to`; nullopt: no end on that side.
  struct Range {
    std::optional<std::string_view> from = std::nullopt;
    std::optional<std::string_view> to = std::nullopt;
  };

  // Asks for the records of `leaf`, which is to be read soon; all at once, so that their addresses are found together.
  static void Prefetch(const Leaf& leaf, const KeySource& keys);

  // Reads the entries of `leaf` whose keys are in `range`. Every key of the leaf begins with the first `shared_bytes`
  // bytes of every other. Returns the location of a record that is damaged, whether or not its key would have been in
  // range: nobody knows.
  std::optional<base::Location> Read(const Leaf& leaf, const KeySource& keys, const Range& range,
                                     std::size_t shared_bytes = 0);

  // Reads all entries, with the keys that `key_of` tells; nullopt: the record is damaged, and its location the answer.
  std::optional<base::Location> Read(const Leaf& leaf, FunctionRef<std::optional<std::string_view>(Entry)> key_of,
                                     std::size_t shared_bytes);

  // Whether `place` is where keys have lately come in ascending order: the entries before it are the last ones of the
  // lines that they stand in. Meant for a full leaf; by chance, it is true for one random place in 400.
  bool EndsAscendingRun(std::size_t place) const;

  std::span<const KeyedEntry> sorted() const { return {sorted_.data(), count_}; }

 private:
  using Entries = std::array<KeyedEntry, Leaf::kSlots>;

  void Sort(std::span<const KeyedEntry> read, std::size_t shared_bytes);
  bool SortByHeads(std::span<const KeyedEntry> read, std::size_t shared_bytes);
  void SortAndUnite(std::span<const KeyedEntry> read);

  Entries sorted_;
  std::size_t count_ = 0;
};

}  // namespace kvs::index
