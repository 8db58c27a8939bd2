// HashByAvx2: XXH3 compiled for processors with AVX2. Callers first check that the processor has it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvs::base {

#if defined(__x86_64__)
std::uint64_t HashByAvx2(const char* data, std::size_t bytes, std::uint64_t seed);
#endif

}  // namespace kvs::base
