// Promised: each limit reads every byte of its records. In the end only the file of records is left. The tests run each
// limit for a moment on a few records. They also change the file, and expect that the wrong value is noticed.
#include "engine/limits.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace kvs::bench {
namespace {

constexpr double kMoment = 0.002;  // Seconds.

class LimitsTest : public testing::Test {
 protected:
  Settings SettingsOf(std::uint64_t keys, std::size_t value_bytes) const {
    Settings settings;
    settings.directory = directory_.path();
    settings.keys = keys;
    settings.value_bytes = value_bytes;
    return settings;
  }
  std::filesystem::path records() const { return directory_.path() / "records"; }

 private:
  const test::TemporaryDirectory directory_;
};

Job JobOf(std::string_view name) { return {std::string(name), 1, kMoment}; }

TEST_F(LimitsTest, EachLimitCountsItsOperations) {
  Limits limits(SettingsOf(3'000, 100));
  for (const std::string_view name : Limits::Names()) {
    const Figures figures = limits.Run(JobOf(name));
    EXPECT_GT(figures.at("ops"), 0) << name;
    EXPECT_EQ(figures.at("bad"), 0) << name;
    EXPECT_TRUE(figures.contains("cpu_us")) << name;
  }
}

TEST_F(LimitsTest, BatchesCountEachRecord) {
  Limits limits(SettingsOf(3'000, 100));
  EXPECT_EQ(static_cast<std::uint64_t>(limits.Run(JobOf("limit-read16")).at("ops")) % 16, 0U);
}

TEST_F(LimitsTest, FileHasARecordForEachKey) {
  const Limits limits(SettingsOf(50'000, 100));
  EXPECT_EQ(std::filesystem::file_size(records()), 50'000 * 126U);
}

TEST_F(LimitsTest, FewRecordsLeaveRoomToCopyFrom) {
  Limits limits(SettingsOf(1, 100));
  EXPECT_GE(std::filesystem::file_size(records()), 65'536U);
  EXPECT_EQ(limits.Run(JobOf("limit-copy")).at("bad"), 0);
}

TEST_F(LimitsTest, WrongValueIsCounted) {
  Limits limits(SettingsOf(10, 100));  // Few enough for each to be read in any run.
  {
    std::fstream file(records(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(10 + 16);  // The value of the first record.
    file << "another!";
  }
  EXPECT_GT(limits.Run(JobOf("limit-sequence")).at("bad"), 0);
}

TEST_F(LimitsTest, AppendedFileIsRemoved) {
  Limits limits(SettingsOf(10, 100));
  EXPECT_GT(limits.Run(JobOf("limit-append")).at("ops"), 0);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(records().parent_path()), {}), 1);
}

using LimitsDeathTest = LimitsTest;

TEST_F(LimitsDeathTest, UnknownNameEndsTheProcess) {
  Limits limits(SettingsOf(10, 100));
  EXPECT_EXIT(static_cast<void>(limits.Run(JobOf("limit-x"))), testing::ExitedWithCode(1), "no limit 'limit-x'");
}

}  // namespace
}  // namespace kvs::bench
