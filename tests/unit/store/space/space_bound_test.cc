// Promised by SpaceBound and WritePace: the bytes that a store may still add to the disk, the start of compaction, and
// the delays of writers before they would have to stop.
#include "store/space/space_bound.h"

#include <gtest/gtest.h>

#include "store/space/write_pace.h"

namespace kvs::store {
namespace {

constexpr std::uint64_t kMega = 1'000'000;

SpaceUse Use(std::uint64_t disk_bytes, std::uint64_t live_bytes) {
  return {.disk_bytes = disk_bytes, .live_bytes = live_bytes, .segment_bytes = 64 * kMega, .ahead_bytes = 2 * kMega};
}

TEST(SpaceBound, HeadroomAndUncountedBytesStayWithinTheBound) {
  const SpaceBound bound(0.3, 64 * kMega);
  const SpaceUse use = Use(1'200 * kMega, 1'000 * kMega);
  const double allowed = 1'000e6 / 0.7 + 2 * 64e6;
  const double output_with_hint = 64e6 * 9 / 8;
  const double room = static_cast<double>(bound.Headroom(use)) + 1'200e6 + output_with_hint + 2e6;
  EXPECT_LE(room, allowed);
  EXPECT_GE(room, allowed - 64e6 / 8) << "and not much less";
}

TEST(SpaceBound, ASmallStoreMayHoldItsSizeAgainAndTwoSegments) {
  const SpaceBound bound(0.3, 64 * kMega);
  SpaceUse use = Use(100 * kMega, 100 * kMega);
  use.segment_bytes = 12 * kMega;
  const double uncounted = 12e6 * 9 / 8 + 2e6 + 12e6 / 10;
  EXPECT_NEAR(static_cast<double>(bound.Headroom(use)), 100e6 / 0.7 - 100e6 + 124e6 - uncounted, 1e6);
  use = Use(1'000 * kMega, 1'000 * kMega);
  use.segment_bytes = 12 * kMega;
  EXPECT_NEAR(static_cast<double>(bound.Headroom(use)), 1'000e6 / 0.7 - 1'000e6 + 128e6 - uncounted, 1e6);
  use = Use(1 * kMega, 1 * kMega);
  use.segment_bytes = 4 * kMega;
  EXPECT_LT(bound.Headroom(use), 9 * kMega);
  EXPECT_GT(bound.Headroom(use), 4 * kMega) << "which leave room for garbage even if it is smaller than they are";
}

TEST(SpaceBound, MoreOnTheDiskIsLessHeadroomByteByByte) {
  const SpaceBound bound(0.3, 64 * kMega);
  const std::int64_t before = bound.Headroom(Use(1'200 * kMega, 1'000 * kMega));
  EXPECT_EQ(bound.Headroom(Use(1'200 * kMega + 17, 1'000 * kMega)), before - 17);
  EXPECT_LT(bound.Headroom(Use(2'000 * kMega, 1'000 * kMega)), 0);
}

TEST(SpaceBound, ASmallRunLeavesTheRestOfItsSegmentToWriters) {
  const SpaceBound bound(0.3, 64 * kMega);
  SpaceUse use = Use(1'200 * kMega, 1'000 * kMega);
  const std::int64_t unknown = bound.Headroom(use);
  const std::int64_t head_start = bound.HeadStart(use);
  use.output_bytes = 16 * kMega;
  EXPECT_EQ(bound.Headroom(use), unknown + 48'000'000 * 9 / 8);
  EXPECT_EQ(bound.HeadStart(use), head_start) << "compaction begins where it did";
  use.output_bytes = 500 * kMega;
  EXPECT_EQ(bound.Headroom(use), unknown) << "it writes one segment at a time";
}

TEST(SpaceBound, TheOutputOfARunCountsEvenIfItsRecordsDied) {
  const SpaceBound bound(0.3, 64 * kMega);
  SpaceUse use = Use(20 * kMega, 0);
  const std::int64_t without_run = bound.Headroom(use);
  use.output_bytes = 16 * kMega;
  EXPECT_EQ(bound.Headroom(use), without_run - 16'000'000 * 9 / 8);
}

TEST(SpaceBound, CompactionStartsARunBeforeTheBound) {
  for (const double garbage_ratio_max : {0.05, 0.3, 0.9}) {
    const SpaceBound bound(garbage_ratio_max, 64 * kMega);
    const SpaceUse large = Use(10'000 * kMega, 10'000 * kMega);
    EXPECT_GE(bound.HeadStart(large), 64e6);
    for (const std::uint64_t live_bytes : {0 * kMega, 10 * kMega, 1'000 * kMega}) {
      const SpaceUse use = Use(live_bytes, live_bytes);
      EXPECT_GT(bound.Headroom(use), bound.HeadStart(use)) << live_bytes << " live, " << garbage_ratio_max;
    }
  }
}

class WritePaceTest : public testing::Test {
 protected:
  // The total time that the writer of a megabyte waits at this point of the way.
  WritePace::Clock::duration WaitedAt(double way) {
    WritePace::Clock::time_point now{std::chrono::hours(1)};
    const auto begin = now;
    for (int i = 0; i < 1'000; ++i) {
      const WritePace::Clock::duration delay = pace_.ThrottleDelay(1'000, way, now);
      if (delay == delay.zero()) continue;
      EXPECT_LE(delay, WritePace::kStepMax);
      EXPECT_GE(delay, WritePace::kStepMin);
      now += delay;
    }
    return now - begin;
  }

  WritePace pace_;
};

TEST_F(WritePaceTest, NobodyWaitsFarFromTheBound) {
  EXPECT_EQ(WaitedAt(0), WritePace::Clock::duration::zero());
  EXPECT_EQ(WaitedAt(-3), WritePace::Clock::duration::zero());
}

TEST_F(WritePaceTest, InTheMiddleWritersGoAtThePaceOfCompaction) {
  for (int i = 0; i < 30; ++i) pace_.NoteGain(1'000'000, std::chrono::milliseconds(20));
  const auto waited = WaitedAt(0.5);
  EXPECT_GE(waited, std::chrono::milliseconds(19));
  EXPECT_LE(waited, std::chrono::milliseconds(21));
}

TEST_F(WritePaceTest, WritersWaitLongerNearerTheBound) {
  auto before = WaitedAt(0.1);
  for (const double way : {0.3, 0.6, 0.9, 1.0}) {
    const auto waited = WaitedAt(way);
    EXPECT_GT(waited, before) << way;
    before = waited;
  }
  EXPECT_LT(WaitedAt(7), std::chrono::seconds(1)) << "but never without end";
}

}  // namespace
}  // namespace kvs::store
