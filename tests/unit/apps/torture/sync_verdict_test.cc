// Promised: the torture tells a directory in memory from one on a disk, and a sync that is too fast from one that may
// have reached a disk.
#include "apps/torture/sync_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "support/temporary_directory.h"

namespace kvs::torture {
namespace {

using testing::HasSubstr;

TEST(SyncVerdictTest, FilesInMemoryKeepNothing) {
  if (!std::filesystem::is_directory("/dev/shm")) GTEST_SKIP() << "no /dev/shm here";
  const test::TemporaryDirectory directory("/dev/shm");
  const auto verdict = JudgeSyncs(directory.path());
  ASSERT_TRUE(verdict) << verdict.error().ToString();
  EXPECT_EQ(verdict->keeping, Keeping::kNothing);
  EXPECT_THAT(verdict->ToString(), HasSubstr("keeps nothing"));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST(SyncVerdictTest, TheTimeOfASyncDecidesOnADisk) {
  EXPECT_EQ(JudgeTime(std::chrono::microseconds(1), false), Keeping::kDoubtful);
  EXPECT_EQ(JudgeTime(kSyncOfDiskMin, false), Keeping::kCredible);
  EXPECT_EQ(JudgeTime(std::chrono::milliseconds(8), false), Keeping::kCredible);
  EXPECT_EQ(JudgeTime(std::chrono::milliseconds(8), true), Keeping::kNothing);
}

TEST(SyncVerdictTest, ADirectoryThatIsNotThereIsAnError) {
  EXPECT_THAT(JudgeSyncs("/nowhere").error().ToString(), HasSubstr("/nowhere"));
}

}  // namespace
}  // namespace kvs::torture
