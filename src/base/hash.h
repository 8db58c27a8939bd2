// XXH3 (libxxhash), for checksums at rest and hash tables in memory.
//
// Design      Short inputs are hashed inline. Long ones go to a function that uses AVX-512 or AVX2 if the processor has
//             it, which is at least twice as fast and gives the same hash.
//
// The hash of an input never changes between versions of the library, so it may be written to disk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kvs::base {

inline constexpr std::size_t kHashLongBytesMin = 1024;

std::uint64_t HashLong(std::string_view bytes, std::uint64_t seed);

inline std::uint64_t Hash64(std::string_view bytes, std::uint64_t seed = 0) {
  if (bytes.size() >= kHashLongBytesMin) return HashLong(bytes, seed);
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// The low half of Hash64(), used as the checksum in files.
inline std::uint32_t Checksum32(std::string_view bytes, std::uint64_t seed = 0) {
  return static_cast<std::uint32_t>(Hash64(bytes, seed));
}

}  // namespace kvs::base
