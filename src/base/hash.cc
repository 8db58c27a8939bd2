#include "base/hash.h"

#include "base/hash_by_avx2.h"

namespace kvs::base {

std::uint64_t HashLong(std::string_view bytes, std::uint64_t seed) {
#if defined(__x86_64__)
  static const bool kHasAvx2 = __builtin_cpu_supports("avx2") != 0;
  if (kHasAvx2) return HashByAvx2(bytes.data(), bytes.size(), seed);
#endif
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace kvs::base
