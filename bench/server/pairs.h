// Pairs: the keys and values of the load, each made from the number of the pair, so that every answer can be checked.
//
// Design      A key is "key:" and twelve digits, as in redis-benchmark, so that both generators use the same keys. A
//             value is bytes of a generator whose seed is the number, so that a value of another pair is noticed.
// Threads     Functions of their arguments alone.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/random.h"

namespace kvs::bench {

inline constexpr std::size_t kPairKeyBytes = 16;
inline constexpr std::uint64_t kPairKeysMax = 1'000'000'000;

inline void AppendKey(std::uint64_t number, std::string* out) {
  std::array<char, kPairKeyBytes> key{'k', 'e', 'y', ':'};
  for (std::size_t at = key.size(); at-- > 4; number /= 10) key[at] = static_cast<char>('0' + number % 10);
  out->append(key.data(), key.size());
}

inline void AppendValue(std::uint64_t number, std::size_t value_bytes, std::string* out) {
  base::Random random(number);
  for (std::size_t left = value_bytes; left > 0;) {
    const std::uint64_t word = random.Next();
    const std::size_t bytes = std::min(left, sizeof word);
    out->append(reinterpret_cast<const char*>(&word), bytes);
    left -= bytes;
  }
}

inline bool IsValueOf(std::uint64_t number, std::string_view value) {
  base::Random random(number);
  while (!value.empty()) {
    const std::uint64_t word = random.Next();
    const std::size_t bytes = std::min(value.size(), sizeof word);
    if (std::memcmp(value.data(), &word, bytes) != 0) return false;
    value.remove_prefix(bytes);
  }
  return true;
}

}  // namespace kvs::bench
