// PickInputs and OldestWithDeadPuts on accounts made by hand: which segments compaction rewrites, in which order, and
// which tombstones it may drop.
#include "store/compaction_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "segments_of_nothing.h"

namespace kvs::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kMega = 1'000'000;
constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

class CompactionPlanTest : public testing::Test {
 protected:
  // A sealed segment of 1 MB. What is neither live nor dead are its tombstones, of sequence `newest_tombstone`.
  std::uint32_t Add(std::uint64_t made, std::uint64_t live, std::uint64_t dead, std::uint64_t newest_tombstone = 0) {
    const std::uint32_t slot = accounts_.Add(SegmentMadeAt(made), kMega);
    accounts_.AddLive(slot, live);
    accounts_.AddDead(slot, dead);
    if (newest_tombstone != 0) accounts_.AddTombstone(slot, kMega - live - dead, newest_tombstone);
    accounts_.Seal(slot, SegmentMadeAt(made), kMega, 0);
    return slot;
  }

  std::vector<std::uint32_t> Pick(std::uint64_t copied_bytes_max = 10 * kMega, std::uint64_t made_before = 0) const {
    return PickInputs(accounts_, {.copied_bytes_max = copied_bytes_max, .made_before = made_before});
  }

  SegmentAccounts accounts_;
};

TEST_F(CompactionPlanTest, NothingIsPickedWhereNothingIsToBeGained) {
  EXPECT_THAT(Pick(), IsEmpty());
  Add(1, kMega, 0);
  EXPECT_THAT(Pick(), IsEmpty());
  EXPECT_THAT(Pick(10 * kMega, kNever), IsEmpty());
}

TEST_F(CompactionPlanTest, LessThanTheWorthwhileShareIsLeft) {
  Add(1, 960'000, 40'000);
  EXPECT_THAT(Pick(), IsEmpty());
  const std::uint32_t worthwhile = Add(2, 940'000, 60'000);
  EXPECT_THAT(Pick(), ElementsAre(worthwhile));
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
  EXPECT_THAT(Pick(10 * kMega, kNever), IsEmpty());
}

TEST_F(CompactionPlanTest, AskedForAllItTakesTheOldestFirstAndNoneThatIsNewer) {
  const std::uint32_t second = Add(20, 999'000, 1'000);
  const std::uint32_t first = Add(10, 998'000, 2'000);
  Add(30, 0, kMega);
  EXPECT_THAT(Pick(10 * kMega, 30), ElementsAre(first, second));
}

TEST_F(CompactionPlanTest, TombstonesAreGarbageWhereNoOlderSegmentHasDeadPuts) {
  const std::uint32_t tombstones = Add(10, 100'000, 0, 15);
  EXPECT_THAT(Pick(), ElementsAre(tombstones));
}

TEST_F(CompactionPlanTest, WhereTombstonesAreAllThatIsLeftToGainTheOldestSegmentIsRewritten) {
  const std::uint32_t guarded = Add(1, 990'000, 10'000);
  const std::uint32_t tombstones = Add(10, 0, 0, 15);
  EXPECT_THAT(Pick(), ElementsAre(guarded));
  EXPECT_EQ(OldestWithDeadPuts(accounts_, {tombstones}), 1U);
  EXPECT_EQ(OldestWithDeadPuts(accounts_, {guarded}), kNever);
}

TEST_F(CompactionPlanTest, AnEmptySegmentGoes) {
  const std::uint32_t empty = Add(1, 0, 0);
  EXPECT_THAT(Pick(), UnorderedElementsAre(empty));
}

}  // namespace
}  // namespace kvs::store
