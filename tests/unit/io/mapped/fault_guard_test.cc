// Promised: a page that the file can no longer give reads as zeroes, takes writes, and is counted once against its own
// mapping. A fault elsewhere ends the process as without a guard. The guard serves kRegionsMax regions. The tests cut
// files short under their mappings, which looks like a bad sector to a reader.
#include "io/mapped/fault_guard.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "support/temporary_directory.h"

namespace kvs::io {
namespace {

constexpr std::size_t kPageBytes = 4096;

class FaultGuardTest : public testing::Test {
 protected:
  // A file of `pages` pages of 'x'.
  std::unique_ptr<File> MakeFile(const std::string& name, std::size_t pages) {
    auto file = *PosixFileSystem().Open(directory_.path() / name, OpenMode::kCreate);
    EXPECT_TRUE(file->WriteAt(0, std::string(pages * kPageBytes, 'x')));
    return file;
  }

  const test::TemporaryDirectory directory_;
};

std::string_view Page(const Mapping& mapping, std::size_t page) {
  return {mapping.data() + page * kPageBytes, kPageBytes};
}

std::size_t MappingsOfProcess() {
  std::ifstream maps("/proc/self/maps");
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

bool IsZero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

TEST_F(FaultGuardTest, ATruncatedFileReadsAsZeroesAndCountsFaultyPages) {
  const auto file = MakeFile("file", 3);
  const Mapping mapping = *file->Map(3 * kPageBytes, Access::kRead);
  ASSERT_TRUE(file->Truncate(kPageBytes));
  EXPECT_EQ(Page(mapping, 0), std::string(kPageBytes, 'x'));
  EXPECT_EQ(mapping.FaultCount(), 0U);
  EXPECT_TRUE(IsZero(Page(mapping, 1)));
  EXPECT_EQ(mapping.FaultCount(), 1U);
  EXPECT_TRUE(IsZero(Page(mapping, 2)));
  EXPECT_TRUE(IsZero(Page(mapping, 1)));
  EXPECT_EQ(mapping.FaultCount(), 2U);
}

TEST_F(FaultGuardTest, AWriteToALostPageIsCountedAndMissesTheFile) {
  const auto file = MakeFile("file", 2);
  const Mapping mapping = *file->Map(2 * kPageBytes, Access::kReadWrite);
  ASSERT_TRUE(file->Truncate(kPageBytes));
  mapping.data()[kPageBytes + 7] = 'y';
  EXPECT_EQ(mapping.data()[kPageBytes + 7], 'y');
  EXPECT_EQ(mapping.FaultCount(), 1U);
  EXPECT_EQ(*file->Size(), kPageBytes);
}

TEST_F(FaultGuardTest, AFaultIsCountedAgainstItsOwnMappingOnly) {
  const auto first = MakeFile("first", 1);
  const auto second = MakeFile("second", 1);
  const Mapping mapping_of_first = *first->Map(kPageBytes, Access::kRead);
  const Mapping mapping_of_second = *second->Map(kPageBytes, Access::kRead);
  ASSERT_TRUE(second->Truncate(0));
  EXPECT_TRUE(IsZero(Page(mapping_of_second, 0)));
  EXPECT_EQ(Page(mapping_of_first, 0), std::string(kPageBytes, 'x'));
  EXPECT_EQ(mapping_of_first.FaultCount(), 0U);
  EXPECT_EQ(mapping_of_second.FaultCount(), 1U);
}

TEST_F(FaultGuardTest, ANewMappingStartsWithoutTheFaultsOfTheLast) {
  const auto file = MakeFile("file", 1);
  {
    const Mapping mapping = *file->Map(kPageBytes, Access::kRead);
    ASSERT_TRUE(file->Truncate(0));
    EXPECT_TRUE(IsZero(Page(mapping, 0)));
  }
  const auto other = MakeFile("other", 1);
  const Mapping mapping = *other->Map(kPageBytes, Access::kRead);
  EXPECT_EQ(mapping.FaultCount(), 0U);
}

// Each page that can be had no more would be a mapping of its own: more than the kernel allows a process.
TEST_F(FaultGuardTest, FaultsWithoutEndTakeFewMappings) {
  constexpr std::size_t kPages = 140'000;  // Every second one is more than vm.max_map_count.
  const auto file = *PosixFileSystem().Open(directory_.path() / "file", OpenMode::kCreate);
  ASSERT_TRUE(file->WriteAt(0, std::string(10 * kPageBytes, 'x')));
  ASSERT_TRUE(file->WriteAt(kPages * kPageBytes - 1, "x"));
  const Mapping mapping = *file->Map(kPages * kPageBytes, Access::kRead);
  const std::size_t mappings = MappingsOfProcess();
  ASSERT_TRUE(file->Truncate(10 * kPageBytes));
  for (std::size_t page = kPages - 1; page > 10; page -= 2) ASSERT_EQ(mapping.data()[page * kPageBytes], '\0') << page;
  EXPECT_LE(MappingsOfProcess(), mappings + 2 * FaultGuard::kPagesApartMax + 2);
  EXPECT_GT(mapping.FaultCount(), FaultGuard::kPagesApartMax);
  for (std::size_t page = 0; page < 10; ++page) ASSERT_EQ(Page(mapping, page), std::string(kPageBytes, 'x')) << page;
}

using FaultGuardDeathTest = FaultGuardTest;

TEST_F(FaultGuardDeathTest, AFaultOutsideTheWatchedRegionsEndsTheProcess) {
  const auto file = MakeFile("file", 1);
  const Mapping mapping = *file->Map(kPageBytes, Access::kRead);
  const std::size_t unwatched = 1;
  const auto die = [&] {
    // The same page, through a mapping that nobody watches: mremap() of size 0 makes a second view of it.
    void* const view = ::mremap(mapping.data(), 0, unwatched * kPageBytes, MREMAP_MAYMOVE);
    if (view == MAP_FAILED || !file->Truncate(0)) return;
    static_cast<void>(*static_cast<volatile char*>(view));
  };
  EXPECT_DEATH(die(), "");
}

TEST(FaultGuardLimitTest, RefusesARegionOverTheLimitUntilOneIsFreed) {
  std::vector<std::size_t> regions;
  const char byte = 0;
  auto region = FaultGuard::Register(&byte, 1);
  for (; region && regions.size() < FaultGuard::kRegionsMax; region = FaultGuard::Register(&byte, 1)) {
    regions.push_back(*region);
  }
  EXPECT_EQ(regions.size(), FaultGuard::kRegionsMax);
  ASSERT_FALSE(region);
  EXPECT_EQ(region.error().code, ErrorCode::kNoSpace);

  FaultGuard::Unregister(regions.back());
  EXPECT_EQ(*FaultGuard::Register(&byte, 1), regions.back());
  std::sort(regions.begin(), regions.end());
  EXPECT_EQ(std::unique(regions.begin(), regions.end()), regions.end());
  for (const std::size_t taken : regions) FaultGuard::Unregister(taken);
}

}  // namespace
}  // namespace kvs::io
