// SeededHash: a hash with a secret seed, for tables whose keys clients choose. No client can aim at one bucket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/hash.h"

namespace kvs::base {

// The same for the whole life of the process, and hard to guess.
inline std::uint64_t SecretSeed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
  }();
  return seed;
}

struct SeededHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view bytes) const { return Hash64(bytes, SecretSeed()); }
};

template <typename Value>
using SeededMap = std::unordered_map<std::string, Value, SeededHash, std::equal_to<>>;

}  // namespace kvs::base
