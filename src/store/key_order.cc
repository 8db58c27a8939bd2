#include "store/key_order.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace kvs::store {
namespace {

constexpr std::size_t kHeadBytes = 8;
constexpr std::size_t kFewLocations = 16;  // Are sorted by whole keys.

using KeyAt = FunctionRef<std::string_view(base::Location)>;

struct Group {
  std::span<KeyedLocation> locations;
  std::size_t depth;  // Where the heads of the locations begin; the keys are equal before it.
};

void SortByWholeKeys(std::span<KeyedLocation> locations, KeyAt key_at) {
  std::sort(locations.begin(), locations.end(), [&](const KeyedLocation& a, const KeyedLocation& b) {
    const int order = key_at(a.location).compare(key_at(b.location));
    return order != 0 ? order < 0 : a.location.bits() < b.location.bits();
  });
}

// How many bytes all keys begin with in common.
std::size_t CommonBytes(std::span<const KeyedLocation> locations, KeyAt key_at) {
  const std::string_view first = key_at(locations.front().location);
  std::size_t common = first.size();
  for (const KeyedLocation& location : locations.subspan(1)) {
    const std::string_view key = key_at(location.location);
    common = std::min(common, key.size());
    common = static_cast<std::size_t>(
        std::mismatch(first.begin(), first.begin() + static_cast<std::ptrdiff_t>(common), key.begin()).first -
        first.begin());
  }
  return common;
}

// What has equal heads is sorted at once, or put aside to be sorted by what follows the heads.
void SortEqualHeads(std::span<KeyedLocation> locations, std::size_t depth, KeyAt key_at, std::vector<Group>* rest) {
  if (locations.size() <= kFewLocations) return SortByWholeKeys(locations, key_at);
  const std::size_t common = CommonBytes(locations, key_at);
  if (common < depth + kHeadBytes) return SortByWholeKeys(locations, key_at);  // A key ends within its head.
  for (KeyedLocation& location : locations) location.head = KeyHead(key_at(location.location), common);
  rest->push_back({locations, common});
}

// By heads; what is equal stays in the order of the log, so that its keys are read one behind the other. Where many
// keys begin alike, that is what the locations are in.
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

void SortByKey(std::vector<KeyedLocation>* locations, KeyAt key_at) {
  std::vector<Group> rest{{*locations, 0}};
  while (!rest.empty()) {
    const Group group = rest.back();
    rest.pop_back();
    SortByHeads(group.locations);
    for (std::size_t begin = 0, end = 0; begin < group.locations.size(); begin = end) {
      end = begin + 1;
      while (end < group.locations.size() && group.locations[end].head == group.locations[begin].head) ++end;
      if (end - begin > 1) SortEqualHeads(group.locations.subspan(begin, end - begin), group.depth, key_at, &rest);
    }
  }
}

}  // namespace kvs::store
