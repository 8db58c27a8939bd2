#include "index/leaf_keys.h"

#include <algorithm>

namespace kvs::index {

std::optional<base::Location> LeafKeys::Read(const Leaf& leaf, const KeySource& keys, const Range& range) {
  std::array<Entry, Leaf::kSlots> live;
  std::size_t live_count = 0;
  for (unsigned slot = 0; slot < Leaf::kSlots; ++slot) {
    const Entry entry = leaf.Load(slot);
    if (!entry.is_live()) continue;
    keys.Prefetch(entry.location());
    live[live_count++] = entry;
  }
  count_ = 0;
  for (std::size_t i = 0; i < live_count; ++i) {
    const std::optional<std::string_view> key = keys.KeyAt(live[i].location());
    if (!key) return live[i].location();
    if (*key < range.from || (range.to && *key >= *range.to)) continue;
    entries_[count_++] = {*key, live[i]};
  }
  SortAndUnite();
  return std::nullopt;
}

void LeafKeys::SortAndUnite() {
  const auto begin = entries_.begin();
  const auto end = begin + static_cast<std::ptrdiff_t>(count_);
  // Insertion by binary search is stable, so that of equal keys the one read last stands last.
  for (auto next = begin; next != end; ++next) {
    const auto place =
        std::upper_bound(begin, next, next->key, [](std::string_view key, const KeyedEntry& e) { return key < e.key; });
    std::rotate(place, next, next + 1);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count_; ++i) {
    if (kept > 0 && entries_[kept - 1].key == entries_[i].key) --kept;
    entries_[kept++] = entries_[i];
  }
  count_ = kept;
}

}  // namespace kvs::index
