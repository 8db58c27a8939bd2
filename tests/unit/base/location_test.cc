// Promised: a location packs slot and offset into 48 bits without loss, and zero is "none". A number that does not fit
// is a bug that is caught. The test tries the edges of both fields, and larger numbers in a child process.
#include "base/location.h"

#include <gtest/gtest.h>

namespace kvs::base {
namespace {

TEST(LocationTest, SlotAndOffsetComeBackFromTheBits) {
  for (const std::uint32_t slot : {0U, 1U, 77U, Location::kSlotMax}) {
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{4096}, Location::kOffsetMax}) {
      const Location location(slot, offset);
      EXPECT_EQ(location.slot(), slot);
      EXPECT_EQ(location.offset(), offset);
      EXPECT_EQ(Location::FromBits(location.bits()), location);
      EXPECT_EQ(location.bits() >> Location::kBits, 0U);
    }
  }
}

TEST(LocationTest, OnlyAllZeroesAreNone) {
  EXPECT_TRUE(Location().is_none());
  EXPECT_FALSE(Location(0, 1).is_none());
  EXPECT_FALSE(Location(1, 0).is_none());
}

TEST(LocationTest, LocationsOfDifferentSlotsOrOffsetsDiffer) {
  EXPECT_NE(Location(1, 2), Location(2, 1));
  EXPECT_NE(Location(1, 2), Location(1, 3));
}

TEST(LocationDeathTest, ASlotOrOffsetThatDoesNotFitIsCaught) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(Location(Location::kSlotMax + 1, 0), "does not hold");
  EXPECT_DEATH(Location(0, Location::kOffsetMax + 1), "does not hold");
}

}  // namespace
}  // namespace kvs::base
