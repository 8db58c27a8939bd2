// Promise: a ratio compares rounds with rounds where it can, and medians where it cannot. The tests make up the figures
// of two engines.
#include "engine/lookup.h"

#include <gtest/gtest.h>

namespace kvs::bench {
namespace {

const Cell kOwn{"1M keys of 100 B", "get", "kvs", "cpu_us"};
const Cell kOther{"1M keys of 100 B", "get", "lmdb", "cpu_us"};

void Put(Results& results, const Cell& cell, std::vector<double> values) {
  results.samples[cell.data_set][cell.workload][cell.engine][cell.figure] = std::move(values);
}

TEST(LookupTest, RatioIsTheMedianOfTheRounds) {
  Results results;
  Put(results, kOwn, {1, 40, 3});
  Put(results, kOther, {2, 100, 4});  // The second round was slow for both.
  EXPECT_DOUBLE_EQ(*RatioOf(results, kOwn, kOther), 0.5);
}

TEST(LookupTest, UnequalRoundsCompareMedians) {
  Results results;
  Put(results, kOwn, {1, 2});
  Put(results, kOther, {3});
  EXPECT_DOUBLE_EQ(*RatioOf(results, kOwn, kOther), 0.5);
}

TEST(LookupTest, OtherDataSetComparesMedians) {
  Results results;
  const Cell elsewhere{"another", "get", "lmdb", "cpu_us"};
  Put(results, kOwn, {1, 2, 9});
  Put(results, elsewhere, {1, 4, 16});
  EXPECT_DOUBLE_EQ(*RatioOf(results, kOwn, elsewhere), 0.5);
}

TEST(LookupTest, MissingFigureHasNoRatio) {
  Results results;
  Put(results, kOwn, {1});
  EXPECT_EQ(RatioOf(results, kOwn, kOther), std::nullopt);
  EXPECT_EQ(MedianOf(results, {"1M keys of 100 B", "get", "kvs", "p99_us"}), std::nullopt);
  EXPECT_EQ(MedianOf(results, {"1M keys of 100 B", "set", "kvs", "cpu_us"}), std::nullopt);
  EXPECT_EQ(MedianOf(results, {"none", "get", "kvs", "cpu_us"}), std::nullopt);
}

TEST(LookupTest, DataSetsAreFoundByTheirPurpose) {
  Results results;
  results.order = {{"2M keys of 100 B", "load"},
                   {"1M keys of 1k B", "load"},
                   {"10k keys of 65536 B", "get"},
                   {"2M keys of 100 B, overwritten", "overwrite"},
                   {"1M keys of 100 B, under writes", "tail"},
                   {"1M keys of 100 B, under writes, no compaction", "tail"},
                   {"100k keys of 100 B, durable", "durable"}};
  const DataSets sets = FindDataSets(results);
  EXPECT_EQ(sets.main, "2M keys of 100 B");
  EXPECT_EQ(sets.large_values, "1M keys of 1k B");
  EXPECT_EQ(sets.huge_values, "10k keys of 65536 B");
  EXPECT_EQ(sets.overwritten, "2M keys of 100 B, overwritten");
  EXPECT_EQ(sets.under_writes, "1M keys of 100 B, under writes");
  EXPECT_EQ(sets.under_writes_plain, "1M keys of 100 B, under writes, no compaction");
  EXPECT_EQ(sets.durable, "100k keys of 100 B, durable");
  EXPECT_EQ(sets.usual, sets.main);
  EXPECT_EQ(sets.scale, "");
}

TEST(LookupTest, TenMillionBesideMoreMakeItAScaleRun) {
  Results results;
  results.order = {{"100M keys of 100 B", "load"}, {"10M keys of 100 B", "load"}};
  const DataSets sets = FindDataSets(results);
  EXPECT_EQ(sets.main, "100M keys of 100 B");
  EXPECT_EQ(sets.scale, sets.main);
  EXPECT_EQ(sets.scale_base, "10M keys of 100 B");
  EXPECT_EQ(sets.usual, "");
}

TEST(LookupTest, TenMillionAloneAreAUsualRun) {
  Results results;
  results.order = {{"10M keys of 100 B", "load"}, {"1M keys of 100 B", "load"}};
  EXPECT_EQ(FindDataSets(results).usual, "10M keys of 100 B");
  EXPECT_EQ(FindDataSets(results).scale, "");
}

}  // namespace
}  // namespace kvs::bench
