// XXH3 (libxxhash), in the two uses kvs has for it: checksums at rest and hash tables in memory.
//
// The value for a given input never changes between versions of the library, so it may be written to disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kvs::base {

inline std::uint64_t Hash64(std::string_view bytes, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// The low half of Hash64(): what files carry as a checksum.
inline std::uint32_t Checksum32(std::string_view bytes, std::uint64_t seed = 0) {
  return static_cast<std::uint32_t>(Hash64(bytes, seed));
}

}  // namespace kvs::base
