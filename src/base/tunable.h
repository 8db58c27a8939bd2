// KVS_TUNABLE: a tuning constant whose value tests may draw at random, so that rare paths are common there.
//
//     KVS_TUNABLE(std::size_t, kKeysPerLock, 16, 2, 64);  // So that writers wait only shortly.
//
// Design      With the CMake option KVS_PROBES, and a seed in KVS_TUNE_SEED, half of all constants are drawn between
//             their least and their greatest value, small ones as often as large ones. A value follows from the seed
//             and the constant's name alone: a process and its children have the same values, and a seed replays
//             them. KVS_TUNE_ONLY, a list of names with commas between, leaves all others as they are: so it is found
//             which of them a failure needs. Without the option or the seed the value is the one that is written.
//             tests/tuned/run.py runs tests with many seeds.
// Threads     Constant before main().
// Limits      For an integral type or a std::chrono::duration, in a class or a namespace. Every value in the range
//             keeps all promises; sizes of arrays and formats are not for drawing.
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
