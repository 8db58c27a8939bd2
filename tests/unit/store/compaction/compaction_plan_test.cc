// PickInputs and OldestWithDeadPuts on accounts made by hand. Promised: the segments that compaction rewrites, their
// order, and the tombstones that it may drop.
#include "store/compaction/compaction_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>

#include "unit/store/segments_of_nothing.h"

namespace kvs::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kMega = 1'000'000;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

class CompactionPlanTest : public testing::Test {
 protected:
  // A sealed segment of 1 MB. The bytes that are neither live nor dead are its tombstones, of sequence
  // `newest_tombstone`.
  std::uint32_t Add(std::uint64_t made, std::uint64_t live, std::uint64_t dead, std::uint64_t newest_tombstone = 0) {
    const std::uint32_t slot = accounts_.Add(SegmentMadeAt(made), kMega);
    accounts_.AddLive(slot, live);
    accounts_.AddDead(slot, dead);
    if (newest_tombstone != 0) accounts_.AddTombstone(slot, kMega - live - dead, newest_tombstone);
    accounts_.Seal(slot, SegmentMadeAt(made), kMega, 0);
    return slot;
  }

  // A sealed segment of 1 MB without garbage, of run `run`.
  std::uint32_t AddOfRun(std::uint64_t made, std::uint64_t run) {
    const log::SegmentHeader header{.segment_id = made, .created_sequence = made, .run = run};
    const auto segment = std::make_shared<log::Segment>(header, io::Mapping(), 0);
    const std::uint32_t slot = accounts_.Add(segment, kMega);
    accounts_.AddLive(slot, kMega);
    accounts_.Seal(slot, segment, kMega, 0);
    return slot;
  }

  std::vector<std::uint32_t> Pick(std::uint64_t copied_bytes_max = 10 * kMega) const {
    return PickInputs(accounts_, {.copied_bytes_max = copied_bytes_max, .sequence = 1'000});
  }

  std::vector<std::uint32_t> Cluster(std::uint64_t copied_bytes_max, std::uint64_t made_before = kNever) const {
    return PickToCluster(accounts_, {.copied_bytes_max = copied_bytes_max, .made_before = made_before});
  }

  SegmentAccounts accounts_;
};

TEST_F(CompactionPlanTest, NothingIsPickedWithoutGarbage) {
  EXPECT_THAT(Pick(), IsEmpty());
  Add(1, kMega, 0);
  EXPECT_THAT(Pick(), IsEmpty());
}

TEST_F(CompactionPlanTest, GarbageUnderTheWorthwhileShareIsLeft) {
  Add(1, 960'000, 40'000);
  EXPECT_THAT(Pick(), IsEmpty());
  const std::uint32_t worthwhile = Add(2, 940'000, 60'000);
  EXPECT_THAT(Pick(), ElementsAre(worthwhile));
}

TEST_F(CompactionPlanTest, ARunEndsAtItsGainButTakesAllEmptySegments) {
  const std::uint32_t first = Add(1, 100'000, 900'000);
  const std::uint32_t second = Add(2, 200'000, 800'000);
  Add(3, 300'000, 700'000);
  CompactionAim aim{.copied_bytes_max = 10 * kMega, .gained_bytes_max = 1'500'000, .sequence = 1'000};
  EXPECT_THAT(PickInputs(accounts_, aim), ElementsAre(first, second));
  aim.gained_bytes_max = 1;
  EXPECT_THAT(PickInputs(accounts_, aim), ElementsAre(first));
  const std::uint32_t empty = Add(4, 0, kMega);
  const std::uint32_t other = Add(5, 0, kMega);
  EXPECT_THAT(PickInputs(accounts_, aim), UnorderedElementsAre(empty, other));
}

TEST_F(CompactionPlanTest, TheMostGarbageComesFirst) {
  const std::uint32_t some = Add(1, 700'000, 300'000);
  const std::uint32_t most = Add(2, 100'000, 900'000);
  const std::uint32_t half = Add(3, 500'000, 500'000);
  EXPECT_THAT(Pick(), ElementsAre(most, half, some));
}

TEST_F(CompactionPlanTest, InputsTogetherFitOneOutputButOneIsAlwaysTaken) {
  const std::uint32_t half = Add(1, 500'000, 500'000);
  const std::uint32_t most = Add(2, 100'000, 900'000);
  EXPECT_THAT(Pick(600'000), ElementsAre(most, half));
  EXPECT_THAT(Pick(599'999), ElementsAre(most));
  EXPECT_THAT(Pick(1), ElementsAre(most));
}

TEST_F(CompactionPlanTest, OpenAndDamagedSegmentsAreLeft) {
  const std::uint32_t open = accounts_.Add(SegmentMadeAt(1), kMega);
  accounts_.AddDead(open, kMega);
  accounts_.MarkDamaged(Add(2, 0, kMega));
  EXPECT_THAT(Pick(), IsEmpty());
  EXPECT_THAT(Cluster(10 * kMega), IsEmpty());
}

TEST_F(CompactionPlanTest, TheOlderOfEqualGarbageIsWorthMore) {
  const std::uint32_t young = Add(900, 500'000, 500'000);
  const std::uint32_t old = Add(100, 500'000, 500'000);
  const std::uint32_t youngest = Add(999, 400'000, 600'000);
  EXPECT_THAT(Pick(), ElementsAre(old, young, youngest));
}

TEST_F(CompactionPlanTest, OnAFullDiskTheLeastCopiedSegmentIsFirst) {
  const std::uint32_t old = Add(1, 500'000, 500'000);
  const std::uint32_t small = Add(990, 400'000, 600'000);
  const auto pick = [&](Preference preference) {
    return PickInputs(accounts_, {.copied_bytes_max = kMega, .sequence = 1'000, .preference = preference});
  };
  EXPECT_THAT(pick(Preference::kBenefit), ElementsAre(old, small));
  EXPECT_THAT(pick(Preference::kLeastCopied), ElementsAre(small));
}

TEST_F(CompactionPlanTest, ClusteringTakesTheOldestAndNothingNewer) {
  const std::uint32_t second = Add(20, 999'000, 1'000);
  const std::uint32_t first = Add(10, kMega, 0);
  Add(30, 0, kMega);
  EXPECT_THAT(Cluster(10 * kMega, 30), ElementsAre(first, second));
}

TEST_F(CompactionPlanTest, ClusteringTakesFewAndEqualGroups) {
  for (std::uint64_t made = 1; made <= 12; ++made) Add(made, kMega, 0);
  EXPECT_EQ(Cluster(12 * kMega).size(), 12U);
  EXPECT_EQ(Cluster(11 * kMega).size(), 6U);
  EXPECT_EQ(Cluster(5 * kMega).size(), 4U);
  EXPECT_EQ(Cluster(1).size(), 1U);
}

TEST_F(CompactionPlanTest, ClusteredSegmentsStay) {
  for (std::uint64_t made = 1; made <= 4; ++made) AddOfRun(made, 1);
  EXPECT_THAT(Cluster(100 * kMega), IsEmpty()) << "one run, however small";
  for (std::uint64_t made = 5; made <= 8; ++made) AddOfRun(made, 5);
  EXPECT_THAT(Cluster(7 * kMega), IsEmpty()) << "two runs of more than half of what fits";
  EXPECT_EQ(Cluster(8 * kMega).size(), 8U) << "two runs that fit into one";
}

TEST_F(CompactionPlanTest, ARunLosesSegmentsWithGarbageAndKeepsTheRest) {
  for (std::uint64_t made = 1; made <= 4; ++made) AddOfRun(made, 1);
  const std::uint32_t dirty = AddOfRun(5, 1);
  accounts_.LiveToDead(dirty, 1);
  EXPECT_THAT(Cluster(6 * kMega), ElementsAre(dirty));
}

TEST_F(CompactionPlanTest, TombstonesWithoutOlderDeadPutsAreGarbage) {
  const std::uint32_t tombstones = Add(10, 100'000, 0, 15);
  EXPECT_THAT(Pick(), ElementsAre(tombstones));
}

TEST_F(CompactionPlanTest, TheSegmentThatTombstonesGuardIsRewritten) {
  const std::uint32_t guarded = Add(1, 990'000, 10'000);
  const std::uint32_t tombstones = Add(10, 0, 0, 15);
  EXPECT_THAT(Pick(), ElementsAre(guarded));
  EXPECT_EQ(OldestWithDeadPuts(accounts_, {tombstones}), 1U);
  EXPECT_EQ(OldestWithDeadPuts(accounts_, {guarded}), kNever);
}

TEST_F(CompactionPlanTest, OnlyOlderDeadPutsGuardTombstones) {
  const std::uint32_t oldest = Add(1, 100'000, 100'000, 15);
  const std::uint32_t second = Add(5, 0, 100'000, 15);
  const std::uint32_t newest = Add(20, 0, 100'000, 30);
  EXPECT_EQ(OldestWithDeadPuts(accounts_, {oldest}), 5U);
  EXPECT_EQ(OldestWithDeadPuts(accounts_, {second, oldest}), 20U);
  EXPECT_EQ(OldestWithDeadPuts(accounts_, {newest, oldest, second}), kNever);
  EXPECT_THAT(Pick(), UnorderedElementsAre(oldest, second, newest));  // Each gains its dead tenth, and no tombstone.
}

// A plan is made under the append lock. Looking at each pair of so many segments would take minutes.
TEST_F(CompactionPlanTest, AHundredThousandSegmentsArePlanned) {
  constexpr std::uint64_t kSegments = 100'000;
  for (std::uint64_t made = 1; made <= kSegments; ++made) Add(made, 1'000, 100'000, made);
  const std::vector<std::uint32_t> inputs = Pick(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(inputs.size(), kSegments);
  EXPECT_EQ(OldestWithDeadPuts(accounts_, inputs), kNever);
  EXPECT_EQ(Cluster(std::numeric_limits<std::uint64_t>::max()).size(), kSegments);
}

TEST_F(CompactionPlanTest, AnEmptySegmentIsTaken) {
  const std::uint32_t empty = Add(1, 0, 0);
  EXPECT_THAT(Pick(), UnorderedElementsAre(empty));
}

}  // namespace
}  // namespace kvs::store
