// This whole file is compiled with AVX2. So it includes nothing with inline functions that other files use: the linker
// might take those from here, and they would run on processors without AVX2.
#include "base/vectors/hash_by_avx2.h"

#if defined(__x86_64__)
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kvs::base {

std::uint64_t HashByAvx2(const char* data, std::size_t bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, bytes, seed);
}

}  // namespace kvs::base
#endif
