// Compiled with AVX2 as a whole. So it includes nothing with inline functions that others share: the linker might take
// those from here, for processors without AVX2 as well.
#include "base/hash_by_avx2.h"

#if defined(__x86_64__)
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace kvs::base {

std::uint64_t HashByAvx2(const char* data, std::size_t bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, bytes, seed);
}

}  // namespace kvs::base
#endif
