// Promised: a constant has the value in the source. Only with a seed it gets a value of its range: the same in each
// process with that seed, and over many seeds both ends of the range.
#include "base/tunable.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <type_traits>

namespace kvs::base {
namespace {

KVS_TUNABLE(std::size_t, kSize, 100, 1, 1'000);
KVS_TUNABLE(std::chrono::milliseconds, kTime, 20, 20, 20);

TEST(Tunable, HasItsTypeAndItsValueWithoutASeed) {
  static_assert(std::is_same_v<decltype(kTime), const std::chrono::milliseconds>);
  EXPECT_EQ(kTime.count(), 20);
  if (::getenv("KVS_TUNE_SEED") == nullptr) {
    EXPECT_EQ(kSize, 100U);
  }
}

#if defined(KVS_PROBES)

// As in a process with these variables.
std::uint64_t Draw(const char* name, std::uint64_t seed, std::uint64_t least, std::uint64_t most,
                   const char* only = nullptr) {
  ::setenv("KVS_TUNE_SEED", std::to_string(seed).c_str(), 1);
  if (only != nullptr) ::setenv("KVS_TUNE_ONLY", only, 1);
  const std::uint64_t drawn = DrawTunable(name, least + (most - least) / 3, least, most);
  ::unsetenv("KVS_TUNE_SEED");
  ::unsetenv("KVS_TUNE_ONLY");
  return drawn;
}

TEST(Tunable, IsDrawnFromItsWholeRangeByTheSeed) {
  std::set<std::uint64_t> drawn;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    const std::uint64_t value = Draw("kOne", seed, 3, 9);
    EXPECT_EQ(value, Draw("kOne", seed, 3, 9));
    drawn.insert(value);
  }
  EXPECT_EQ(drawn, (std::set<std::uint64_t>{3, 4, 5, 6, 7, 8, 9}));
  EXPECT_LE(Draw("kAll", 1, 0, UINT64_MAX), UINT64_MAX);
}

TEST(Tunable, IsDrawnByItselfAndOnlyIfItIsListed) {
  int differing = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    differing += Draw("kOne", seed, 0, 1'000'000) == Draw("kOther", seed, 0, 1'000'000) ? 0 : 1;
    EXPECT_EQ(Draw("kOne", seed, 0, 300, "kOther,kOneMore"), 100U);
    EXPECT_EQ(Draw("kOne", seed, 0, 300, "kOther,kOne"), Draw("kOne", seed, 0, 300));
  }
  EXPECT_GT(differing, 50);
}

#endif

}  // namespace
}  // namespace kvs::base
