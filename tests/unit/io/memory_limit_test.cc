// Promised: ControlGroupMemoryLimit() returns the tightest limit of the groups above a process, of either version, or
// none if there is none. The tests imitate the files of the kernel in a directory.
#include "io/memory_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <limits>
#include <string>

#include "support/address_space.h"
#include "support/temporary_directory.h"

namespace kvs::io {
namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

class MemoryLimitTest : public testing::Test {
 protected:
  void Write(const std::string& file, const std::string& text) {
    const std::filesystem::path path = directory_.path() / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::uint64_t Limit() { return ControlGroupMemoryLimit(directory_.path()); }

  test::TemporaryDirectory directory_;
};

TEST_F(MemoryLimitTest, GroupOfVersionTwoIsBoundByItsParents) {
  EXPECT_EQ(Limit(), kNone);
  Write("proc/self/cgroup", "0::/system.slice/kvs.service\n");
  EXPECT_EQ(Limit(), kNone);
  Write("sys/fs/cgroup/system.slice/kvs.service/memory.max", "max\n");
  EXPECT_EQ(Limit(), kNone);
  Write("sys/fs/cgroup/system.slice/memory.max", "2000000\n");
  EXPECT_EQ(Limit(), 2'000'000U);
  Write("sys/fs/cgroup/system.slice/kvs.service/memory.max", "1000000\n");
  EXPECT_EQ(Limit(), 1'000'000U);
}

TEST_F(MemoryLimitTest, ContainerFindsItsLimitAtTheTop) {
  Write("proc/self/cgroup", "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n0::/docker/abc\n");
  Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "3000000\n");
  EXPECT_EQ(Limit(), 3'000'000U);
  Write("sys/fs/cgroup/memory.max", "2500000\n");
  EXPECT_EQ(Limit(), 2'500'000U);
}

TEST_F(MemoryLimitTest, GroupOfVersionOneCounts) {
  Write("proc/self/cgroup", "4:memory,hugetlb:/kvs\n3:pids:/other\n");
  Write("sys/fs/cgroup/memory/kvs/memory.limit_in_bytes", "4000000\n");
  Write("sys/fs/cgroup/memory/other/memory.limit_in_bytes", "1\n");
  EXPECT_EQ(Limit(), 4'000'000U);
}

TEST_F(MemoryLimitTest, AddressSpaceIsALimit) {
  KVS_SKIP_UNDER_SANITIZERS();
  const std::uint64_t before = MemoryLimit();
  EXPECT_GT(before, 0U);
  const test::AddressSpaceLimit limit(64U << 20);
  rlimit now{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &now), 0);
  EXPECT_LE(MemoryLimit(), now.rlim_cur);
}

}  // namespace
}  // namespace kvs::io
