// Asks the processor to bring memory near, for reads that come soon.
#pragma once

#include <cstddef>

namespace kvs::base {

inline constexpr std::size_t kCacheLineBytes = 64;

// The lines that hold [at, at + bytes). Any address will do: nothing is read. The barrier keeps the compiler from
// taking a function that only prefetches for one without effect, and its call for one to leave out.
inline void Prefetch(const void* at, std::size_t bytes = 1) {
  const char* const begin = static_cast<const char*>(at);
  for (std::size_t offset = 0; offset < bytes; offset += kCacheLineBytes) __builtin_prefetch(begin + offset);
  asm volatile("" ::: "memory");
}

}  // namespace kvs::base
