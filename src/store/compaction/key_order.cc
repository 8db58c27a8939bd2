#include "store/compaction/key_order.h"

#include <algorithm>
#include <cstring>

#include "base/probe.h"
#include "base/tunable.h"

namespace kvs::store {
namespace {

constexpr std::size_t kHeadBytes = 8;
KVS_TUNABLE(std::size_t, kFewLocations, 16, 1, 64);  // Up to this many are sorted by whole keys.

using index::KeySource;

struct Group {
  std::span<KeyedLocation> locations;
  std::size_t depth;  // The heads begin at this byte of the keys. The keys are equal before it.
};

// Empty if the record has become unreadable.
std::string_view KeyAt(const KeySource& keys, const KeyedLocation& at) {
  return keys.UncheckedKeyAt(at.location).value_or(std::string_view());
}

// Calls `look` with each location and its key.
template <class Look>
void ForEachKey(const KeySource& keys, std::span<KeyedLocation> locations, const Look& look) {
  PrefetchGroup(keys, locations, 0);
  for (std::size_t i = 0; i < locations.size(); ++i) {
    if (i % kFetchTogether == 0) PrefetchGroup(keys, locations, i + kFetchTogether);
    look(locations[i], KeyAt(keys, locations[i]));
  }
}

// Keys of unreadable records may change between two comparisons. Then std::sort() would write outside the array; a heap
// gives some order.
void SortByWholeKeys(const KeySource& keys, std::span<KeyedLocation> locations) {
  std::partial_sort(locations.begin(), locations.end(), locations.end(),
                    [&](const KeyedLocation& a, const KeyedLocation& b) {
                      const int order = KeyAt(keys, a).compare(KeyAt(keys, b));
                      return order != 0 ? order < 0 : a.location.bits() < b.location.bits();
                    });
}

// The length of the common beginning of all keys.
std::size_t CommonBytes(const KeySource& keys, std::span<KeyedLocation> locations) {
  const std::string_view first = KeyAt(keys, locations.front());
  std::size_t common = first.size();
  ForEachKey(keys, locations, [&](const KeyedLocation&, std::string_view key) {
    common = std::min(common, key.size());
    const auto end = first.begin() + static_cast<std::ptrdiff_t>(common);
    common = static_cast<std::size_t>(std::mismatch(first.begin(), end, key.begin()).first - first.begin());
  });
  return common;
}

// Sorts keys with equal heads immediately, or adds them to `rest` with the heads that follow.
void SortEqualHeads(const KeySource& keys, const Group& equal, std::vector<Group>* rest) {
  if (equal.locations.size() <= kFewLocations) return SortByWholeKeys(keys, equal.locations);
  const std::size_t common = CommonBytes(keys, equal.locations);
  KVS_PROBE_IF(common < equal.depth + kHeadBytes, "many keys are equal up to where one ends");
  if (common < equal.depth + kHeadBytes) return SortByWholeKeys(keys, equal.locations);  // A key ends in its head.
  ForEachKey(keys, equal.locations,
             [&](KeyedLocation& location, std::string_view key) { location.head = KeyHead(key, common); });
  rest->push_back({equal.locations, common});
}

// Locations with equal heads stay in the order of the log, so that their keys are read one after another. If many keys
// begin alike, the locations are in that order already.
void SortByHeads(std::span<KeyedLocation> locations) {
  const auto is_before = [](const KeyedLocation& a, const KeyedLocation& b) {
    return a.head != b.head ? a.head < b.head : a.location.bits() < b.location.bits();
  };
  if (std::is_sorted(locations.begin(), locations.end(), is_before)) return;
  std::sort(locations.begin(), locations.end(), is_before);
}

}  // namespace

std::uint64_t KeyHead(std::string_view key, std::size_t depth) {
  std::uint64_t head = 0;
  if (depth < key.size()) std::memcpy(&head, key.data() + depth, std::min(kHeadBytes, key.size() - depth));
  return __builtin_bswap64(head);
}

void PrefetchGroup(const KeySource& keys, std::span<const KeyedLocation> locations, std::size_t begin) {
  const std::size_t end = std::min(locations.size(), begin + kFetchTogether);
  for (std::size_t i = begin; i < end; ++i) keys.Prefetch(locations[i].location);
}

void SortByKey(std::vector<KeyedLocation>* locations, const KeySource& keys) {
  std::vector<Group> rest{{*locations, 0}};
  while (!rest.empty()) {
    const Group group = rest.back();
    rest.pop_back();
    SortByHeads(group.locations);
    for (std::size_t begin = 0, end = 0; begin < group.locations.size(); begin = end) {
      end = begin + 1;
      while (end < group.locations.size() && group.locations[end].head == group.locations[begin].head) ++end;
      if (end - begin > 1) SortEqualHeads(keys, {group.locations.subspan(begin, end - begin), group.depth}, &rest);
    }
  }
}

}  // namespace kvs::store
