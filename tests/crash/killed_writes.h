// The writes of the program that is killed. The test that kills it can compute them again.
#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"
#include "kvs/engine.h"

namespace kvs::test {

inline constexpr unsigned kKilledThreads = 2;

inline std::string PrefixOf(unsigned thread) { return "t" + std::to_string(thread) + "/"; }

// The n-th write of a thread, n from 1: some sets and removals in one batch, and the key "last", which holds n. The
// thread's other keys under its prefix follow from n alone.
inline WriteBatch MakeWrite(std::uint64_t seed, unsigned thread, std::uint64_t n) {
  base::Random random(seed ^ (n * kKilledThreads + thread) * 0x9e3779b97f4a7c15);
  const std::string prefix = PrefixOf(thread);
  WriteBatch batch;
  const std::uint64_t changes = 1 + random.Below(3);
  for (std::uint64_t i = 0; i < changes; ++i) {
    const std::string key = prefix + "key" + std::to_string(random.Below(40));
    if (random.OneIn(4)) {
      batch.Remove(key);
    } else {
      const std::uint64_t bytes = random.Below(random.OneIn(10) ? 12'000 : 300);
      batch.Set(key, std::to_string(n) + std::string(bytes, static_cast<char>('a' + n % 26)));
    }
  }
  batch.Set(prefix + "last", std::to_string(n));
  return batch;
}

}  // namespace kvs::test
