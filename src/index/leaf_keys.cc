#include "index/leaf_keys.h"

#include <algorithm>

namespace kvs::index {

namespace {

std::size_t SharedPrefixBytes(std::span<const KeyedEntry> entries) {
  std::string_view shared = entries.empty() ? std::string_view() : entries.front().key;
  for (const KeyedEntry& entry : entries) {
    const auto [end, _] = std::mismatch(shared.begin(), shared.end(), entry.key.begin(), entry.key.end());
    shared = shared.substr(0, static_cast<std::size_t>(end - shared.begin()));
  }
  return shared.size();
}

// Eight bytes of the key as a number in their order; zeros stand where the key has ended.
std::uint64_t HeadOf(std::string_view key, std::size_t from) {
  std::uint64_t head = 0;
  for (std::size_t i = 0; i < sizeof head; ++i) {
    head = head << 8 | (from + i < key.size() ? static_cast<std::uint8_t>(key[from + i]) : 0);
  }
  return head;
}

}  // namespace

std::optional<base::Location> LeafKeys::Read(const Leaf& leaf, const KeySource& keys, const Range& range) {
  Entries read;
  std::size_t live = 0;
  for (unsigned slot = 0; slot < Leaf::kSlots; ++slot) {
    const Entry entry = leaf.Load(slot);
    if (!entry.is_live()) continue;
    keys.Prefetch(entry.location());
    read[live++] = {{}, entry, slot};
  }
  std::size_t in_range = 0;
  for (std::size_t i = 0; i < live; ++i) {
    const auto [_, entry, slot] = read[i];
    const std::optional<std::string_view> key = keys.KeyAt(entry.location());
    if (!key) return entry.location();
    if (*key < range.from || (range.to && *key >= *range.to)) continue;
    read[in_range++] = {*key, entry, slot};
  }
  SortAndUnite({read.data(), in_range});
  return std::nullopt;
}

bool LeafKeys::EndsAscendingRun(std::size_t place) const {
  constexpr std::size_t kRun = 3;
  if (place < kRun) return false;
  std::array<unsigned, Leaf::kLines> youngest;  // Slot of each line that is not in the run yet.
  youngest.fill(Leaf::kLineSlots - 1);
  for (std::size_t i = 1; i <= kRun; ++i) {
    const unsigned slot = sorted_[place - i].slot;
    if (slot % Leaf::kLineSlots != youngest[slot / Leaf::kLineSlots]--) return false;
  }
  return true;
}

// Most pairs differ in the eight bytes behind what all keys share: a number is compared faster than a key.
void LeafKeys::SortAndUnite(std::span<const KeyedEntry> read) {
  struct Item {
    std::uint64_t head;
    std::size_t index;
  };
  const std::size_t shared = SharedPrefixBytes(read);
  std::array<Item, Leaf::kSlots> items;
  for (std::size_t i = 0; i < read.size(); ++i) items[i] = {HeadOf(read[i].key, shared), i};
  const auto end = items.begin() + static_cast<std::ptrdiff_t>(read.size());
  std::sort(items.begin(), end, [&](const Item& a, const Item& b) {
    if (a.head != b.head) return a.head < b.head;
    const int order = read[a.index].key.compare(read[b.index].key);
    return order != 0 ? order < 0 : a.index < b.index;  // Of equal keys the one read last stands last.
  });
  count_ = 0;
  for (auto item = items.begin(); item != end; ++item) {
    const KeyedEntry& entry = read[item->index];
    if (count_ > 0 && sorted_[count_ - 1].key == entry.key) --count_;
    sorted_[count_++] = entry;
  }
}

}  // namespace kvs::index
