#include "index/leaf_keys.h"

#include <algorithm>
#include <cstring>

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
  if (from + sizeof head <= key.size()) {
    std::memcpy(&head, key.data() + from, sizeof head);
    return __builtin_bswap64(head);
  }
  for (std::size_t i = 0; i < sizeof head; ++i) {
    head = head << 8 | (from + i < key.size() ? static_cast<std::uint8_t>(key[from + i]) : 0);
  }
  return head;
}

// The live entries of a leaf as they stand at one moment, each for itself.
struct LiveEntries {
  explicit LiveEntries(const Leaf& leaf) {
    for (unsigned slot = 0; slot < Leaf::kSlots; ++slot) {
      entries[count] = {{}, leaf.Load(slot), slot};
      count += entries[count].entry.is_live() ? 1 : 0;
    }
  }

  std::array<KeyedEntry, Leaf::kSlots> entries;
  std::size_t count = 0;
};

bool IsInRange(std::string_view key, const LeafKeys::Range& range) {
  return (!range.from || key >= *range.from) && (!range.to || key < *range.to);
}

}  // namespace

void LeafKeys::Prefetch(const Leaf& leaf, const KeySource& keys) {
  const LiveEntries live(leaf);
  for (std::size_t i = 0; i < live.count; ++i) keys.Prefetch(live.entries[i].entry.location());
}

std::optional<base::Location> LeafKeys::Read(const Leaf& leaf, const KeySource& keys, const Range& range,
                                             std::size_t shared_bytes) {
  LiveEntries live(leaf);
  std::size_t in_range = 0;
  for (std::size_t i = 0; i < live.count; ++i) {
    KeyedEntry& read = live.entries[i];
    const std::optional<std::string_view> key = keys.KeyAt(read.entry.location());
    if (!key) return read.entry.location();
    if (!IsInRange(*key, range)) continue;
    live.entries[in_range++] = {*key, read.entry, read.slot};
  }
  Sort({live.entries.data(), in_range}, shared_bytes);
  return std::nullopt;
}

std::optional<base::Location> LeafKeys::Read(const Leaf& leaf,
                                             FunctionRef<std::optional<std::string_view>(Entry)> key_of,
                                             std::size_t shared_bytes) {
  LiveEntries live(leaf);
  for (std::size_t i = 0; i < live.count; ++i) {
    const std::optional<std::string_view> key = key_of(live.entries[i].entry);
    if (!key) return live.entries[i].entry.location();
    live.entries[i].key = *key;
  }
  Sort({live.entries.data(), live.count}, shared_bytes);
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

void LeafKeys::Sort(std::span<const KeyedEntry> read, std::size_t shared_bytes) {
  if (!SortByHeads(read, shared_bytes)) SortAndUnite(read);
}

// Puts each entry behind as many as have smaller heads: all pairs are compared, which takes less time than a branch
// that is mispredicted for each. False: two heads are the same.
bool LeafKeys::SortByHeads(std::span<const KeyedEntry> read, std::size_t shared_bytes) {
  std::array<std::uint64_t, Leaf::kSlots> heads;
  for (std::size_t i = 0; i < read.size(); ++i) heads[i] = HeadOf(read[i].key, shared_bytes);
  std::uint64_t places = 0;
  for (std::size_t i = 0; i < read.size(); ++i) {
    std::size_t below = 0;
    for (std::size_t j = 0; j < read.size(); ++j) below += heads[j] < heads[i] ? 1 : 0;
    places |= std::uint64_t{1} << below;
    sorted_[below] = read[i];
  }
  count_ = read.size();
  return places == (std::uint64_t{1} << read.size()) - 1;
}

// The full keys decide where heads do not.
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
