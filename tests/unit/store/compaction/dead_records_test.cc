// Promised: DeadRecords holds exactly the records that it was given, however close to each other they are.
#include "store/compaction/dead_records.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

#include "base/random.h"
#include "log/segment_header.h"
#include "support/test_seed.h"

namespace kvs::store {
namespace {

TEST(DeadRecordsTest, TellsTheSmallestRecordsApart) {
  constexpr std::uint32_t kSegmentBytes = 4'096;
  std::vector<std::uint32_t> offsets;
  for (std::uint32_t offset = 0; offset < kSegmentBytes; offset += 2 * log::kRecordHeaderBytesMin) {
    offsets.push_back(offset);
  }
  const DeadRecords dead(kSegmentBytes, offsets);
  for (std::uint32_t offset = 0; offset < kSegmentBytes; offset += log::kRecordHeaderBytesMin) {
    EXPECT_EQ(dead.Contains(offset), offset % (2 * log::kRecordHeaderBytesMin) == 0) << offset;
  }
}

TEST(DeadRecordsTest, HoldsTheGivenRecordsOfAnyLength) {
  const std::uint64_t seed = test::TestSeed(20'261'121);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  constexpr std::uint32_t kSegmentBytes = std::uint32_t{1} << 20;
  std::vector<std::uint32_t> records;
  std::vector<std::uint32_t> offsets;
  for (std::uint64_t at = log::kSegmentHeaderBytes; at < kSegmentBytes;
       at += log::kRecordHeaderBytesMin + random.Below(40)) {
    records.push_back(static_cast<std::uint32_t>(at));
    if (random.OneIn(3)) offsets.insert(offsets.begin(), records.back());
  }
  const DeadRecords dead(kSegmentBytes, offsets);
  const std::set<std::uint32_t> given(offsets.begin(), offsets.end());
  for (const std::uint32_t offset : records) ASSERT_EQ(dead.Contains(offset), given.contains(offset)) << offset;
}

}  // namespace
}  // namespace kvs::store
