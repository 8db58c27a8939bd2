// TestSeed: the seed of a random test. It is the environment variable KVS_TEST_SEED, or else the test's default. Put
// the SCOPED_TRACE of SeedTrace() around the test, so that a failure says how to replay it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

namespace kvs::test {

inline std::uint64_t TestSeed(std::uint64_t otherwise) {
  const char* const text = std::getenv("KVS_TEST_SEED");
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

inline std::string SeedTrace(std::uint64_t seed) { return "KVS_TEST_SEED=" + std::to_string(seed); }

}  // namespace kvs::test
