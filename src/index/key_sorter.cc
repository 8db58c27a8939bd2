#include "index/key_sorter.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/probe.h"

namespace kvs::index {
namespace {

template <class Number>
using Numbers = std::array<Number, KeySorter::kKeysMax>;  // One for each key.

// Any x86-64 processor compares four signed numbers of 32 bits in one instruction. Longer ones need AVX2.
using Four [[gnu::vector_size(16)]] = std::int32_t;
constexpr std::size_t kLanes = sizeof(Four) / sizeof(std::int32_t);
static_assert(KeySorter::kKeysMax % (2 * kLanes) == 0);

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

// The upper half of a head, as a signed number that orders like it.
std::int32_t SignedHalf(std::uint64_t head) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(head >> 32) ^ std::uint32_t{1} << 31);
}

Four Load(const std::int32_t* numbers) {
  Four loaded;
  std::memcpy(&loaded, numbers, sizeof loaded);
  return loaded;
}

// Returns for each number how many of the first `count` numbers are smaller. Only the first `count` ranks are set.
Numbers<std::int32_t> RanksOf(const Numbers<std::int32_t>& numbers, std::size_t count) {
  Numbers<std::int32_t> ranks;
  for (std::size_t first = 0; first < count; first += 2 * kLanes) {
    const Four some = Load(&numbers[first]);
    const Four more = Load(&numbers[first + kLanes]);
    Four below_some{};
    Four below_more{};
    for (std::size_t j = 0; j < count; ++j) {
      const Four other = numbers[j] - Four{};
      below_some -= other < some;  // True is -1.
      below_more -= other < more;
    }
    std::memcpy(&ranks[first], &below_some, sizeof below_some);
    std::memcpy(&ranks[first + kLanes], &below_more, sizeof below_more);
  }
  return ranks;
}

// For the few leaves whose halves do not suffice.
Numbers<std::int32_t> RanksOf(const Numbers<std::uint64_t>& numbers, std::size_t count) {
  Numbers<std::int32_t> ranks;
  for (std::size_t i = 0; i < count; ++i) {
    ranks[i] = 0;
    for (std::size_t j = 0; j < count; ++j) ranks[i] += numbers[j] < numbers[i] ? 1 : 0;
  }
  return ranks;
}

}  // namespace

std::span<const std::uint8_t> KeySorter::Sort(std::span<const std::string_view> keys, std::size_t shared_bytes) {
  KVS_CHECK(keys.size() <= kKeysMax);
  if (!SortByHeads(keys, shared_bytes)) SortTied(keys, shared_bytes);
  return {places_.data(), count_};
}

// The bits that all heads share are shifted out first, so their upper halves nearly always differ. False: two heads are
// equal.
bool KeySorter::SortByHeads(std::span<const std::string_view> keys, std::size_t shared_bytes) {
  Numbers<std::uint64_t> heads;
  std::uint64_t differing = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    heads[i] = HeadOf(keys[i], shared_bytes);
    differing |= heads[i] ^ heads[0];
  }
  std::fill(heads.begin() + static_cast<std::ptrdiff_t>(keys.size()), heads.end(), 0);  // Compared, but not counted.
  const int shared_bits = std::countl_zero(differing | 1);
  Numbers<std::int32_t> halves;
  for (std::size_t i = 0; i < kKeysMax; ++i) halves[i] = SignedHalf(heads[i] << shared_bits);
  if (PlaceByRanks(RanksOf(halves, keys.size()), keys.size())) return true;
  if (differing == 0) return false;
  KVS_PROBE("keys of a leaf are tied in the halves of their heads");
  return PlaceByRanks(RanksOf(heads, keys.size()), keys.size());
}

// Puts each key at its rank. False: two ranks are equal.
bool KeySorter::PlaceByRanks(const Numbers<std::int32_t>& ranks, std::size_t count) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto rank = static_cast<std::size_t>(ranks[i]);
    places_[rank] = static_cast<std::uint8_t>(i);
    sum += rank;
  }
  count_ = count;
  return sum == count * (count - 1) / 2;  // Equal numbers have equal ranks, and a smaller sum.
}

// Some heads are equal. The first leaf and the last one have no fence on one side, so their keys may share more than
// the caller knows.
void KeySorter::SortTied(std::span<const std::string_view> keys, std::size_t shared_bytes) {
  const std::size_t shared = SharedPrefixBytes(keys);
  if (shared > shared_bytes) {
    Sort(keys, shared);
  } else {
    SortAndUnite(keys, shared);
  }
}

// Compares the full keys.
void KeySorter::SortAndUnite(std::span<const std::string_view> keys, std::size_t shared) {
  KVS_PROBE("keys of a leaf are tied beyond their heads");
  struct Item {
    std::uint64_t head;
    std::uint8_t place;
  };
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
