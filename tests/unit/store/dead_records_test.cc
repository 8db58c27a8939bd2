// DeadRecords: a record is in it once it was added, and no other is, however close they stand.
#include "store/dead_records.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"
#include "log/segment_header.h"
#include "support/test_seed.h"

namespace kvs::store {
namespace {

TEST(DeadRecordsTest, TellsTheSmallestRecordsApart) {
  constexpr std::uint64_t kSegmentBytes = 4'096;
  DeadRecords dead(kSegmentBytes);
  for (std::uint64_t offset = 0; offset < kSegmentBytes; offset += 2 * log::kRecordHeaderBytesMin) dead.Add(offset);
  for (std::uint64_t offset = 0; offset < kSegmentBytes; offset += log::kRecordHeaderBytesMin) {
    EXPECT_EQ(dead.Contains(offset), offset % (2 * log::kRecordHeaderBytesMin) == 0) << offset;
  }
}

TEST(DeadRecordsTest, HoldsWhatWasAddedOfRecordsOfAnyLength) {
  const std::uint64_t seed = test::TestSeed(20'261'121);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  constexpr std::uint64_t kSegmentBytes = std::uint64_t{1} << 20;
  std::set<std::uint64_t> records;
  for (std::uint64_t offset = log::kSegmentHeaderBytes; offset < kSegmentBytes;
       offset += log::kRecordHeaderBytesMin + random.Below(40)) {
    records.insert(offset);
  }
  DeadRecords dead(kSegmentBytes);
  std::set<std::uint64_t> added;
  for (const std::uint64_t offset : records) {
    dead.Prefetch(offset);
    if (!random.OneIn(3)) continue;
    dead.Add(offset);
    added.insert(offset);
  }
  for (const std::uint64_t offset : records) ASSERT_EQ(dead.Contains(offset), added.contains(offset)) << offset;
}

}  // namespace
}  // namespace kvs::store
