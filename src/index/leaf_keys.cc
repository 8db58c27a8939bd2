#include "index/leaf_keys.h"

#include "index/key_sorter.h"

namespace kvs::index {

void LeafKeys::Prefetch(const Leaf& leaf, const KeySource& keys) {
  const LiveLocations live(leaf);
  for (const base::Location location : live.all()) keys.Prefetch(location);
}

std::optional<base::Location> LeafKeys::Read(const Leaf& leaf,
                                             FunctionRef<std::optional<std::string_view>(LeafEntry)> key_of,
                                             std::size_t shared_bytes) {
  std::array<KeyedEntry, Leaf::kSlots> read;
  std::array<std::string_view, Leaf::kSlots> keys;
  std::size_t count = 0;
  for (unsigned slot = 0; slot < Leaf::kSlots; ++slot) {
    const LeafEntry entry = leaf.Load(slot);
    if (!entry.is_live()) continue;
    const std::optional<std::string_view> key = key_of(entry);
    if (!key) return entry.location();
    keys[count] = *key;
    read[count++] = {*key, entry, slot};
  }
  KeySorter sorter;
  count_ = 0;
  for (const std::uint8_t place : sorter.Sort({keys.data(), count}, shared_bytes)) sorted_[count_++] = read[place];
  return std::nullopt;
}

bool LeafKeys::EndsAscendingRun(std::size_t place) const {
  constexpr std::size_t kRun = 3;
  if (place < kRun) return false;
  std::array<unsigned, Leaf::kLines> youngest;  // The last slot of each line that is not yet in the run.
  youngest.fill(Leaf::kLineSlots - 1);
  for (std::size_t i = 1; i <= kRun; ++i) {
    const unsigned slot = sorted_[place - i].slot;
    if (slot % Leaf::kLineSlots != youngest[slot / Leaf::kLineSlots]--) return false;
  }
  return true;
}

}  // namespace kvs::index
