// Claim: the claim of one record about its key, while an index is built from all records: location and order of
// writing. The newest claim of a key wins.
//
// Design      Claims are sorted by heads. A head is 7 bytes of the key from the list's depth on, and a last byte for
//             the number of key bytes there. Heads compare as numbers in the order of the keys' bytes, and a key sorts
//             before its extensions. If equal heads end their keys, the keys are equal. Otherwise heads of a greater
//             depth decide, for which the key is read from the record.
// Invariants  I1  All keys of a list agree in the bytes before its depth.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/coding.h"
#include "index/leaf.h"

namespace kvs::index {

inline constexpr std::size_t kHeadKeyBytes = 7;

// The head of a key. key: in, has at least `depth` bytes.
inline std::uint64_t HeadOf(std::string_view key, std::size_t depth) {
  const std::size_t left = key.size() - depth;
  if (left > kHeadKeyBytes) {
    const std::uint64_t bytes = __builtin_bswap64(base::GetFixed64(key.data() + depth));
    return (bytes & ~std::uint64_t{0xff}) | (kHeadKeyBytes + 1);
  }
  std::uint64_t head = left;
  for (std::size_t i = 0; i < left; ++i) {
    head |= std::uint64_t{static_cast<std::uint8_t>(key[depth + i])} << (56 - 8 * i);
  }
  return head;
}

// Whether the key ends within its head. Keys with such a head are equal.
inline bool EndsKey(std::uint64_t head) { return (head & 0xff) <= kHeadKeyBytes; }

// The head of the same key at a depth smaller by common.size(). common: in, the key's bytes before `head`.
inline std::uint64_t PrependToHead(std::string_view common, std::uint64_t head) {
  const std::uint64_t left = std::min<std::uint64_t>((head & 0xff) + common.size(), kHeadKeyBytes + 1);
  if (common.size() > kHeadKeyBytes) return HeadOf(common, 0);
  const std::uint64_t shifted = common.empty() ? head : head >> (8 * common.size());
  return (((HeadOf(common, 0) | shifted) & ~std::uint64_t{0xff})) | left;
}

struct Claim {
  std::uint64_t head;
  LeafEntry entry;      // Empty: superseded by a newer claim or by a removal.
  std::uint64_t order;  // The sequence, then one bit that is set if the record removes its key.

  static constexpr std::uint64_t OrderOf(std::uint64_t sequence, std::uint64_t removes) {
    return sequence << 1 | removes;
  }
  constexpr bool removes() const { return (order & 1) != 0; }
};
static_assert(sizeof(Claim) == 24);

}  // namespace kvs::index
