#include "base/hash.h"

#include "base/vectors/hash_by_avx2.h"
#include "base/vectors/hash_by_avx512.h"

namespace kvs::base {
namespace {

using Hasher = std::uint64_t (*)(const char* data, std::size_t bytes, std::uint64_t seed);

std::uint64_t HashByAny(const char* data, std::size_t bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(data, bytes, seed);
}

Hasher FastestHasher() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return HashByAvx512;
  if (__builtin_cpu_supports("avx2")) return HashByAvx2;
#endif
  return HashByAny;
}

}  // namespace

std::uint64_t HashLong(std::string_view bytes, std::uint64_t seed) {
  static const Hasher kHasher = FastestHasher();
  return kHasher(bytes.data(), bytes.size(), seed);
}

}  // namespace kvs::base
