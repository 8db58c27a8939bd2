// ProvingValue: a value that proves itself. It names its key and generation, and its other bytes follow from both. A
// reader thus detects a value of another key, a torn value, and a value that was never written.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/random.h"

namespace kvs::test {

// The generation in digits, then filling whose length varies with the generation.
inline std::string ProvingValue(std::string_view key, std::uint64_t generation, std::size_t bytes_max = 200) {
  std::string value = std::to_string(generation) + " ";
  base::Random random(base::Hash64(key, generation));
  const std::size_t bytes = 24 + random.Below(bytes_max);
  while (value.size() < bytes) value += std::to_string(random.Next());
  return value;
}

// The generation of a value of `key`; nullopt: it is none.
inline std::optional<std::uint64_t> GenerationOf(std::string_view key, std::string_view value,
                                                 std::size_t bytes_max = 200) {
  const std::uint64_t generation = std::strtoull(std::string(value.substr(0, 20)).c_str(), nullptr, 10);
  if (value != ProvingValue(key, generation, bytes_max)) return std::nullopt;
  return generation;
}

}  // namespace kvs::test
