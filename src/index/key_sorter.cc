#include "index/key_sorter.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/probe.h"

namespace kvs::index {
namespace {

constexpr std::uint64_t kPlaceMask = KeySorter::kKeysMax - 1;  // The last bits of a head hold the key's place instead.
static_assert((KeySorter::kKeysMax & kPlaceMask) == 0);

std::size_t SharedPrefixBytes(std::span<const std::string_view> keys) {
  std::string_view shared = keys.empty() ? std::string_view() : keys.front();
  for (const std::string_view key : keys) {
    const auto [end, _] = std::mismatch(shared.begin(), shared.end(), key.begin(), key.end());
    shared = shared.substr(0, static_cast<std::size_t>(end - shared.begin()));
  }
  return shared.size();
}

// Eight bytes of the key as a number in key order, with zeros after the end of the key.
std::uint64_t HeadOf(std::string_view key, std::size_t from) {
  std::uint64_t head = 0;
  if (key.size() < sizeof head) {
    for (std::size_t i = 0; i < sizeof head; ++i) {
      head = head << 8 | (from + i < key.size() ? static_cast<std::uint8_t>(key[from + i]) : 0);
    }
    return head;
  }
  if (from >= key.size()) return 0;
  const std::size_t at = std::min(from, key.size() - sizeof head);
  std::memcpy(&head, key.data() + at, sizeof head);
  return __builtin_bswap64(head) << (8 * (from - at));
}

}  // namespace

std::span<const std::uint8_t> KeySorter::Sort(std::span<const std::string_view> keys, std::size_t shared_bytes) {
  KVS_CHECK(keys.size() <= kKeysMax);
  if (!SortByHeads(keys, shared_bytes)) SortAndUnite(keys);
  return {places_.data(), count_};
}

// Puts each key after as many as have smaller heads. False: two heads are equal.
bool KeySorter::SortByHeads(std::span<const std::string_view> keys, std::size_t shared_bytes) {
  std::array<std::uint64_t, kKeysMax> heads;
  for (std::size_t i = 0; i < keys.size(); ++i) heads[i] = (HeadOf(keys[i], shared_bytes) & ~kPlaceMask) | i;
  std::array<std::uint64_t, kKeysMax> sorted;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::size_t below = 0;
    for (std::size_t j = 0; j < keys.size(); ++j) below += heads[j] < heads[i] ? 1 : 0;
    sorted[below] = heads[i];
  }
  bool are_same = false;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    are_same |= i > 0 && (sorted[i] ^ sorted[i - 1]) <= kPlaceMask;
    places_[i] = static_cast<std::uint8_t>(sorted[i] & kPlaceMask);
  }
  count_ = keys.size();
  return !are_same;
}

// Compares the full keys, because some heads are equal.
void KeySorter::SortAndUnite(std::span<const std::string_view> keys) {
  KVS_PROBE("keys of a leaf are tied beyond their heads");
  struct Item {
    std::uint64_t head;
    std::uint8_t place;
  };
  const std::size_t shared = SharedPrefixBytes(keys);
  std::array<Item, kKeysMax> items;
  for (std::size_t i = 0; i < keys.size(); ++i) items[i] = {HeadOf(keys[i], shared), static_cast<std::uint8_t>(i)};
  const auto end = items.begin() + static_cast<std::ptrdiff_t>(keys.size());
  std::sort(items.begin(), end, [&](const Item& a, const Item& b) {
    if (a.head != b.head) return a.head < b.head;
    const int order = keys[a.place].compare(keys[b.place]);
    return order != 0 ? order < 0 : a.place < b.place;  // Of equal keys, the one read last comes last.
  });
  count_ = 0;
  for (auto item = items.begin(); item != end; ++item) {
    if (count_ > 0 && keys[places_[count_ - 1]] == keys[item->place]) --count_;
    places_[count_++] = item->place;
  }
}

}  // namespace kvs::index
