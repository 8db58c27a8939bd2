// Promise: each limit has a row, with what kvs takes for the same and the ratio of the two. The tests make up a run.
#include "engine/limit_table.h"

#include <gtest/gtest.h>

#include "bench/made_up_run.h"

namespace kvs::bench {
namespace {

const std::string kMain = "1M keys of 100 B";
const std::string kHuge = "10k keys of 65536 B";
const std::string kDurable = "100k keys of 100 B, durable";

// Three rounds.
void PutRounds(Results& results, const std::string& data_set, const std::string& workload, const std::string& engine,
               const std::string& figure, double value) {
  Put(results, data_set, workload, engine, figure, {value, value * 2, value * 3});
}

TEST(LimitTableTest, RowHasTheSpreadAndTheRatioOfKvs) {
  Results results;
  PutRounds(results, kMain, "get", "kvs", "cpu_us", 6);
  PutRounds(results, kMain, "limit-get", "limits", "cpu_us", 4);
  const std::vector<LimitRow> rows = LimitTable(results);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].workload, "get");
  EXPECT_EQ(rows[0].least, 4);
  EXPECT_EQ(rows[0].median, 8);
  EXPECT_EQ(rows[0].greatest, 12);
  EXPECT_EQ(rows[0].kvs, 12);
  EXPECT_EQ(rows[0].ratio, 1.5);
}

TEST(LimitTableTest, LimitThatNothingHasAloneHasNoRatio) {
  Results results;
  PutRounds(results, kMain, "limit-read", "limits", "cpu_us", 4);
  const std::vector<LimitRow> rows = LimitTable(results);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_TRUE(rows[0].workload.empty());
  EXPECT_EQ(rows[0].ratio, std::nullopt);
}

TEST(LimitTableTest, CopyIsComparedWithTheLargestValues) {
  Results results;
  PutRounds(results, kMain, "limit-copy", "limits", "cpu_us", 2);
  PutRounds(results, kHuge, "get", "kvs", "cpu_us", 3);
  const std::vector<LimitRow> rows = LimitTable(results);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].ratio, 1.5);
}

TEST(LimitTableTest, RawSyncsAreRates) {
  Results results;
  PutRounds(results, kDurable, "durable/8", "raw", "ops_per_s", 100);
  PutRounds(results, kDurable, "durable/8", "kvs", "ops_per_s", 90);
  const std::vector<LimitRow> rows = LimitTable(results);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].unit, "a second");
  EXPECT_DOUBLE_EQ(*rows[0].ratio, 0.9);
}

TEST(LimitTableTest, RunWithoutLimitsHasNoRows) { EXPECT_TRUE(LimitTable({}).empty()); }

}  // namespace
}  // namespace kvs::bench
