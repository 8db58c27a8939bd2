// Promised: the mean rate of about the last second and a half, whether the loops were awake all the time or asleep. The
// tests pass the time.
#include "service/rates.h"

#include <gtest/gtest.h>

namespace kvs::server {
namespace {

using std::chrono::milliseconds;

class RatesTest : public testing::Test {
 protected:
  const Rates::Clock::time_point start_ = Rates::Clock::now();
  Rates rates_;
};

TEST_F(RatesTest, NothingIsKnownAtFirst) { EXPECT_EQ(rates_.Of(start_, {.commands = 7}).commands, 0); }

TEST_F(RatesTest, ASteadyLoadHasItsRate) {
  for (int i = 0; i <= 100; ++i) {
    const auto at = start_ + i * Rates::kBetweenSamples;
    ASSERT_TRUE(rates_.IsDue(at));
    const auto count = static_cast<std::uint64_t>(i);
    rates_.Sample(at, {.commands = count * 100, .input_bytes = count * 2'000, .output_bytes = count * 50});
    EXPECT_FALSE(rates_.IsDue(at + milliseconds(99)));
  }
  const auto rate =
      rates_.Of(start_ + milliseconds(10'100), {.commands = 10'100, .input_bytes = 202'000, .output_bytes = 5'050});
  EXPECT_NEAR(rate.commands, 1'000, 1);
  EXPECT_NEAR(rate.input_bytes, 20'000, 20);
  EXPECT_NEAR(rate.output_bytes, 500, 1);
}

TEST_F(RatesTest, AnEndedLoadIsForgotten) {
  rates_.Sample(start_, {});
  rates_.Sample(start_ + milliseconds(100), {.commands = 5'000});
  EXPECT_NEAR(rates_.Of(start_ + milliseconds(200), {.commands = 5'000}).commands, 25'000, 1);
  EXPECT_EQ(rates_.Of(start_ + milliseconds(5'000), {.commands = 5'000}).commands, 0);
}

}  // namespace
}  // namespace kvs::server
