// KeySorter: the order of the keys of one leaf.
//
// Design      Nearly always eight bytes behind what all the keys share tell them apart. They are compared as numbers,
//             each with each: that has no branch to mispredict. Only where two are the same whole keys are compared.
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

  // Places in `keys`, in the order of the keys; of equal keys, the one that stands last. Every key begins with the
  // first `shared_bytes` bytes of every other. The answer is valid until the next call.
  std::span<const std::uint8_t> Sort(std::span<const std::string_view> keys, std::size_t shared_bytes);

 private:
  bool SortByHeads(std::span<const std::string_view> keys, std::size_t shared_bytes);
  void SortAndUnite(std::span<const std::string_view> keys);

  std::array<std::uint8_t, kKeysMax> places_;
  std::size_t count_ = 0;
};

}  // namespace kvs::index
