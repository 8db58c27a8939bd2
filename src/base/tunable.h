// KVS_TUNABLE: a tuning constant that tests may draw at random, so that rare paths are common there.
//
//     KVS_TUNABLE(std::size_t, kKeysPerLock, 16, 2, 64);  // So that writers wait only shortly.
//
// Design      With the CMake option KVS_PROBES and a seed in KVS_TUNE_SEED, half of all constants are drawn. The draw
//             is between the least and the greatest value, and small ones are as likely as large ones. A value depends
//             only on the seed and the constant's name. So a process and its children have the same values, and a seed
//             replays them. KVS_TUNE_ONLY lists the names to draw, with commas between, to find the ones that a failure
//             needs. Without the option or the seed, the constant has its written value.
//             tests/tuned/run.py runs tests with many seeds.
// Threads     Constant before main().
// Limits      For an integral type or a std::chrono::duration, in a class or a namespace. Every value in the range
//             keeps all promises. Array sizes and format constants are not tunable.
#pragma once

#if defined(KVS_PROBES)

#include <cstdint>

namespace kvs::base {

std::uint64_t DrawTunable(const char* name, std::uint64_t value, std::uint64_t least, std::uint64_t most);

}  // namespace kvs::base

#define KVS_TUNABLE(type, name, value, least, most) \
  static inline const type name = static_cast<type>(::kvs::base::DrawTunable(#name, value, least, most))

#else

#define KVS_TUNABLE(type, name, value, least, most) static constexpr type name = static_cast<type>(value)

#endif
