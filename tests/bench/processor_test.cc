// Promise: a run says which processor it was measured on. The tests give ReadProcessor() a /proc and a /sys of their
// own: whole ones, strange ones, and none.
#include "engine/processor.h"

#include <gtest/gtest.h>

#include <fstream>

#include "support/temporary_directory.h"

namespace kvs::bench {
namespace {

class ProcessorTest : public testing::Test {
 protected:
  void Write(const std::filesystem::path& path, std::string_view text) const {
    const std::filesystem::path whole = root() / path;
    std::filesystem::create_directories(whole.parent_path());
    std::ofstream(whole) << text;
  }
  void WriteCache(int index, std::string_view level, std::string_view type, std::string_view size) const {
    const std::filesystem::path folder = "sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    Write(folder / "level", level);
    Write(folder / "type", type);
    Write(folder / "size", size);
  }
  const std::filesystem::path& root() const { return directory_.path(); }

 private:
  const test::TemporaryDirectory directory_;
};

TEST_F(ProcessorTest, FieldsOfTheFirstCoreAreRead) {
  Write("proc/cpuinfo",
        "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n"
        "model name\t: Intel(R) Xeon(R)\nflags\t\t: fpu avx2 sha_ni avx512f\n\n"
        "processor\t: 1\nvendor_id\t: AuthenticAMD\nmodel name\t: another\n");
  WriteCache(0, "1", "Data", "48K");
  WriteCache(1, "3", "Unified", "32768K");
  const Processor processor = ReadProcessor(root());
  EXPECT_EQ(processor.kind, ProcessorKind::kIntel);
  EXPECT_EQ(processor.Describe(), "Intel(R) Xeon(R), family 6, model 143 avx2 avx512f, L1 Data 48K, L3 Unified 32768K");
}

TEST_F(ProcessorTest, VendorDecidesTheKind) {
  Write("proc/cpuinfo", "vendor_id\t: AuthenticAMD\nmodel name\t: a name that says nothing\n");
  EXPECT_EQ(ReadProcessor(root()).kind_name(), "amd");
  Write("proc/cpuinfo", "vendor_id\t: HygonGenuine\n");
  EXPECT_EQ(ReadProcessor(root()).kind_name(), "other");
}

TEST_F(ProcessorTest, MissingFilesLeaveItUnknown) {
  EXPECT_EQ(ReadProcessor(root()).kind, ProcessorKind::kOther);
  EXPECT_EQ(ReadProcessor(root()).Describe(), "unknown, family 0, model 0");
}

TEST_F(ProcessorTest, LinesWithoutAValueAreSkipped) {
  Write("proc/cpuinfo", ": nameless\nmodel name\t:\nno colon\nmodel\t: x\ncpu family\t: 25\n");
  EXPECT_EQ(ReadProcessor(root()).Describe(), "unknown, family 25, model 0");
}

}  // namespace
}  // namespace kvs::bench
