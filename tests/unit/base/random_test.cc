// Promised: a seed names one sequence for good, so that a failing test can be run again. The test pins the published
// values of SplitMix64.
#include "base/random.h"

#include <gtest/gtest.h>

#include <array>

namespace kvs::base {
namespace {

TEST(RandomTest, SequencesArePinned) {
  Random zero(0);
  EXPECT_EQ(zero.Next(), 0xe220a8397b1dcdafU);
  EXPECT_EQ(zero.Next(), 0x6e789e6aa1b965f4U);
  Random other(1'234'567);
  EXPECT_EQ(other.Next(), 6'457'827'717'110'365'317U);
  EXPECT_EQ(other.Next(), 3'203'168'211'198'807'973U);
}

TEST(RandomTest, BelowStaysBelowAndReachesEveryNumber) {
  Random random(7);
  std::array<int, 10> counts{};
  for (int i = 0; i < 10'000; ++i) ++counts.at(random.Below(counts.size()));
  for (const int count : counts) EXPECT_GT(count, 800);
}

TEST(RandomTest, OneInOneIsAlways) {
  Random random(7);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(random.OneIn(1));
}

}  // namespace
}  // namespace kvs::base
