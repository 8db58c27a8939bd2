// ExpiryClock promises to go on at the pace of the steady clock, never back, and to come back to the wall clock by a
// tenth of the time that has passed.
#include "store/expiry_clock.h"

#include <gtest/gtest.h>

#include <optional>

namespace kvs::store {
namespace {

std::int64_t wall_ms;
std::int64_t steady_ms;

class ExpiryClockTest : public testing::Test {
 protected:
  static constexpr std::int64_t kStart = 1'700'000'000'000;

  ExpiryClockTest() {
    wall_ms = kStart;
    steady_ms = 5'000;
  }

  static void Pass(std::int64_t ms) {
    wall_ms += ms;
    steady_ms += ms;
  }
  std::int64_t Now() { return static_cast<std::int64_t>(clock_->NowMs()); }

 private:
  void SetUp() override {
    clock_.emplace(ExpiryClock::Sources{.wall = [] { return wall_ms; }, .steady = [] { return steady_ms; }});
  }
  std::optional<ExpiryClock> clock_;
};

TEST_F(ExpiryClockTest, ItIsTheWallClockWhileNobodySetsThat) {
  EXPECT_EQ(Now(), kStart);
  Pass(1);
  EXPECT_EQ(Now(), kStart + 1);
  Pass(1'000'000);
  EXPECT_EQ(Now(), kStart + 1'000'001);
}

TEST_F(ExpiryClockTest, AClockThatIsSetBackBringsNothingBack) {
  EXPECT_EQ(Now(), kStart);
  wall_ms -= 3'600'000;
  std::int64_t last = Now();
  EXPECT_EQ(last, kStart);
  for (int i = 0; i < 10'000; ++i) {
    Pass(50);
    const std::int64_t now = Now();
    ASSERT_GE(now, last);
    ASSERT_LE(now - last, 50);
    last = now;
  }
  EXPECT_EQ(last - kStart, 500'000 - 50'000);  // It has waited for the wall clock a tenth of the time.
}

TEST_F(ExpiryClockTest, AClockThatIsSetForwardExpiresNothingAtOnce) {
  EXPECT_EQ(Now(), kStart);
  wall_ms += 3'600'000;
  Pass(1'000);
  EXPECT_EQ(Now(), kStart + 1'100);
  for (int i = 0; i < 40'000; ++i) {
    Pass(1'000);
    Now();
  }
  EXPECT_EQ(Now(), wall_ms);  // It has caught up.
}

}  // namespace
}  // namespace kvs::store
