// Promised: points in time follow the wall clock as it is. Spans keep their length however it is set, before, during
// and after a restart. Each step is counted. The tests set both clocks.
#include "store/expiry/expiry_clock.h"

#include <gtest/gtest.h>

#include <optional>

namespace kvs::store {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;
constexpr std::int64_t kHour = 3'600'000;

std::int64_t wall_ms;
std::int64_t steady_ms;
std::uint64_t boot;

class ExpiryClockTest : public testing::Test {
 protected:
  ExpiryClockTest() {
    wall_ms = kStart;
    steady_ms = 5'000;
    boot = 1;
    Restart();
  }
  static void Pass(std::int64_t ms) {
    wall_ms += ms;
    steady_ms += ms;
  }
  // As after a stop that saved everything.
  void Restart() {
    std::optional<log::ClockFile> saved;
    if (clock_) saved = clock_->Snapshot();
    Start(saved);
  }
  void Start(const std::optional<log::ClockFile>& saved) {
    clock_.emplace(ExpiryClock::Sources{
        .wall = [] { return wall_ms; }, .steady = [] { return steady_ms; }, .boot = [] { return boot; }});
    clock_->Start(saved);
  }
  void BootAfter(std::int64_t ms) {
    const log::ClockFile saved = clock_->Snapshot();
    ++boot;
    wall_ms += ms;
    steady_ms = 1'000;
    Start(saved);
  }
  // The end of a span from now on, as a record holds it.
  Expiry SpanOf(std::int64_t ms) {
    return clock_->ToStored({clock_->NowMs() + static_cast<std::uint64_t>(ms), ExpiryKind::kSpan});
  }
  std::int64_t LeftOf(Expiry stored) {
    const std::uint64_t now_ms = clock_->NowMs();
    return static_cast<std::int64_t>(clock_->ToShown(stored)) - static_cast<std::int64_t>(now_ms);
  }

  std::optional<ExpiryClock> clock_;
};

TEST_F(ExpiryClockTest, WithoutStepsBothClocksAreTheWallClock) {
  Pass(1'000'000);
  EXPECT_EQ(clock_->NowMs(), static_cast<std::uint64_t>(wall_ms));
  EXPECT_EQ(clock_->Times().span_ms, clock_->Times().point_ms);
  EXPECT_EQ(clock_->steps(), 0U);
}

TEST_F(ExpiryClockTest, PointsFollowTheWallClock) {
  const Expiry point = clock_->ToStored(static_cast<std::uint64_t>(wall_ms + 100'000));
  EXPECT_FALSE(clock_->IsPast(point));
  wall_ms += kHour;
  EXPECT_TRUE(clock_->IsPast(point));
  wall_ms -= 2 * kHour;
  EXPECT_FALSE(clock_->IsPast(point));
  EXPECT_EQ(LeftOf(point), kHour + 100'000);
}

TEST_F(ExpiryClockTest, SpansKeepTheirLengthOverSteps) {
  for (const std::int64_t step : {kHour, -kHour, -24 * kHour, std::int64_t{5'000}}) {
    const Expiry span = SpanOf(100'000);
    Pass(10'000);
    wall_ms += step;
    EXPECT_EQ(LeftOf(span), 90'000) << step;
    Restart();
    EXPECT_EQ(LeftOf(span), 90'000) << step;
    Pass(89'999);
    EXPECT_FALSE(clock_->IsPast(span)) << step;
    Pass(1);
    EXPECT_TRUE(clock_->IsPast(span)) << step;
  }
  EXPECT_EQ(clock_->steps(), 0U);  // Since the last start.
}

TEST_F(ExpiryClockTest, AStepWhileTheStoreIsClosedIsNoticed) {
  const Expiry span = SpanOf(100'000);
  const log::ClockFile saved = clock_->Snapshot();
  Pass(20'000);
  wall_ms -= kHour;
  Start(saved);
  EXPECT_EQ(clock_->steps(), 1U);
  const ExpiryClock::Steps steps = clock_->TakeSteps();
  EXPECT_EQ(steps.sum_ms, -kHour);
  EXPECT_EQ(steps.count, 1U);
  EXPECT_EQ(clock_->TakeSteps().count, 0U);
  EXPECT_EQ(LeftOf(span), 80'000);
  EXPECT_TRUE(clock_->NeedsSaving());
}

TEST_F(ExpiryClockTest, ABootGoesOnByTheWallClock) {
  wall_ms += kHour;  // A step that is known.
  const Expiry span = SpanOf(100'000);
  BootAfter(30'000);
  EXPECT_EQ(LeftOf(span), 70'000);
  EXPECT_EQ(clock_->steps(), 0U);
}

TEST_F(ExpiryClockTest, AClockThatIsSlowAfterABootIsCorrectedLater) {
  const Expiry span = SpanOf(100'000);
  const Expiry longer = SpanOf(2 * kHour);
  BootAfter(-24 * kHour);  // It was not set yet.
  EXPECT_EQ(clock_->steps(), 1U);
  EXPECT_EQ(LeftOf(span), 100'000);
  Pass(10'000);
  EXPECT_EQ(LeftOf(span), 90'000);
  wall_ms += 25 * kHour;  // The machine was off for an hour.
  EXPECT_EQ(LeftOf(longer), kHour - 10'000);
  EXPECT_TRUE(clock_->IsPast(span));
  wall_ms += kHour;  // Any other step is one.
  EXPECT_EQ(LeftOf(longer), kHour - 10'000);
}

TEST_F(ExpiryClockTest, SlowCorrectionsAreNoSteps) {
  const Expiry span = SpanOf(kHour);
  for (int i = 0; i < 1'000; ++i) {
    Pass(1'000);
    wall_ms += 50;
    clock_->Check();
  }
  EXPECT_EQ(clock_->steps(), 0U);
  EXPECT_EQ(LeftOf(span), kHour - 1'000'000);
}

TEST_F(ExpiryClockTest, EachStepIsCountedOnce) {
  wall_ms += kHour;
  clock_->Check();
  clock_->Check();
  wall_ms -= kHour;
  clock_->NowMs();
  wall_ms += 1'000;  // Not worth telling.
  clock_->Check();
  EXPECT_EQ(clock_->steps(), 2U);
}

TEST_F(ExpiryClockTest, AnExpiryThatIsReadAndRewrittenStaysTheSame) {
  Expiry span = SpanOf(100'000);
  const Expiry first = span;
  for (int i = 0; i < 100; ++i) {
    Pass(7);
    wall_ms += i % 3;
    const Expiry shown = clock_->ToShown(span);
    if (i % 10 == 0) wall_ms += kHour;
    clock_->Check();
    span = clock_->ToStored(shown);
    ASSERT_EQ(span, first);
  }
}

TEST_F(ExpiryClockTest, FarTimesAndTimesBefore1970HarmNothing) {
  const Expiry far{~std::uint64_t{0}, ExpiryKind::kSpan};
  EXPECT_EQ(clock_->ToStored(far), far);
  EXPECT_EQ(clock_->ToShown(far), far);
  EXPECT_FALSE(clock_->IsPast(far));
  EXPECT_EQ(clock_->ToStored(kNoExpiry), kNoExpiry);
  wall_ms += kHour;
  EXPECT_NE(clock_->ToStored({1, ExpiryKind::kSpan}), kNoExpiry);
  wall_ms = -1'000;
  EXPECT_EQ(clock_->NowMs(), 0U);
  EXPECT_FALSE(clock_->IsPast(1'000));
}

}  // namespace
}  // namespace kvs::store
