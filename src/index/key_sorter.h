// KeySorter: sorts the keys of one leaf.
//
// Design      Eight bytes after the common prefix nearly always distinguish the keys. They are compared as numbers,
//             each with each, without a branch to mispredict. Four bytes from their first difference on suffice for
//             most leaves, and four such numbers are compared at a time. Whole keys are compared only if eight bytes
//             are equal.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "index/leaf.h"

namespace kvs::index {

class KeySorter {
 public:
  static constexpr std::size_t kKeysMax = Leaf::kSlots;

  // Returns places in `keys`, in key order; for equal keys, the last one. The result is valid until the next call.
  // shared_bytes: in, all keys agree in their first bytes up to this number.
  std::span<const std::uint8_t> Sort(std::span<const std::string_view> keys, std::size_t shared_bytes);

 private:
  bool SortByHeads(std::span<const std::string_view> keys, std::size_t shared_bytes);
  bool PlaceByRanks(const std::array<std::int32_t, kKeysMax>& ranks, std::size_t count);
  void SortTied(std::span<const std::string_view> keys, std::size_t shared_bytes);
  void SortAndUnite(std::span<const std::string_view> keys, std::size_t shared);

  std::array<std::uint8_t, kKeysMax> places_;
  std::size_t count_ = 0;
};

}  // namespace kvs::index
