// As hash_by_avx2.cc, with AVX-512.
#include "base/vectors/hash_by_avx512.h"

#if defined(__x86_64__)
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kvs::base {

std::uint64_t HashByAvx512(const char* data, std::size_t bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, bytes, seed);
}

}  // namespace kvs::base
#endif
