// Prefetch: asks the processor to load memory into its caches, for reads that come soon.
#pragma once

#include <cstddef>

namespace kvs::base {

inline constexpr std::size_t kCacheLineBytes = 64;

// Prefetches the lines that hold [at, at + bytes). Any address will do, because nothing is read. The barrier keeps the
// compiler from removing calls of a function that only prefetches.
inline void Prefetch(const void* at, std::size_t bytes = 1) {
  const char* const begin = static_cast<const char*>(at);
  for (std::size_t offset = 0; offset < bytes; offset += kCacheLineBytes) __builtin_prefetch(begin + offset);
  asm volatile("" ::: "memory");
}

}  // namespace kvs::base
