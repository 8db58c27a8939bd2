// Promised: ClearLeftovers removes a segment without a name in the manifest only if nothing is lost with it. Otherwise
// the segment is set aside or stays. Files of others stay, and their numbers are not given out. The tests put each kind
// of file into a directory whose log ends at sequence 100.
#include "store/recovery/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "log/file_names.h"
#include "log/hint_file.h"
#include "log/sealed_segment_writer.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kLastSequence = 100;

class LeftoversTest : public testing::Test {
 protected:
  LeftoversTest() {
    manifest_.next_segment_id = 5;
    manifest_.Add({.segment_id = 4, .sealed_bytes = 0});
    PutSegment(4, kLastSequence);
  }

  // A segment with one record, or none for sequence 0.
  void PutSegment(std::uint64_t id, std::uint64_t sequence, std::uint64_t run = 0) {
    const log::SegmentHeader header{.segment_id = id, .base_sequence = 1, .created_sequence = 1, .run = run};
    auto writer = *log::SealedSegmentWriter::Create(io::PosixFileSystem(), directory_.path(), header);
    if (sequence != 0) {
      EXPECT_TRUE(IsOk(writer->Append(log::DraftPut("key", "value"), sequence)));
    }
    ASSERT_TRUE(IsOk(writer->Seal()));
  }
  void Append(std::uint64_t id, const std::string& bytes) {
    std::ofstream(log::SegmentPath(directory_.path(), id), std::ios::app) << bytes;
  }
  void Put(const std::string& name, const std::string& bytes) { std::ofstream(directory_.path() / name) << bytes; }

  // The remaining names, without the store's own.
  std::vector<std::string> Clear() {
    const auto log = [this](const std::string& line) { log_ += line + "\n"; };
    EXPECT_TRUE(IsOk(ClearLeftovers(io::PosixFileSystem(), directory_.path(), kLastSequence, log, &manifest_)));
    std::vector<std::string> names = *io::PosixFileSystem().List(directory_.path());
    std::erase(names, "000000000004.seg");
    std::sort(names.begin(), names.end());
    return names;
  }

  test::TemporaryDirectory directory_;
  log::Manifest manifest_;
  std::string log_;
};

TEST_F(LeftoversTest, SegmentsWithoutRecordsAreRemoved) {
  PutSegment(3, 0);
  PutSegment(5, 0);
  Append(5, std::string(8'000, '\0'));
  Put("000000000006.seg", "");
  Put("000000000007.seg", std::string(5'000, '\0'));
  EXPECT_THAT(Clear(), IsEmpty());
  EXPECT_EQ(log_, "");
  EXPECT_EQ(manifest_.next_segment_id, 5U);
}

TEST_F(LeftoversTest, CopiesAndDroppedSegmentsAreRemoved) {
  PutSegment(2, 50);
  PutSegment(5, kLastSequence, 5);
  PutSegment(6, 70, 5);
  Append(6, "torn by a power cut");
  EXPECT_THAT(Clear(), IsEmpty());
}

TEST_F(LeftoversTest, RecordsFromAfterTheEndOfTheLogAreSetAside) {
  PutSegment(5, kLastSequence + 1);
  PutSegment(6, kLastSequence + 1, 6);
  Put("000000000005.hint", std::string(log::kHintMagic) + "of the segment");
  EXPECT_THAT(Clear(), ElementsAre("000000000005.seg.aside", "000000000006.seg.aside"));
  EXPECT_THAT(log_, testing::AllOf(HasSubstr("000000000005.seg.aside"), HasSubstr("000000000006.seg.aside")));
  EXPECT_EQ(manifest_.next_segment_id, 7U) << "their numbers are not given out again";
  PutSegment(5, kLastSequence + 2);
  EXPECT_THAT(Clear(), ElementsAre("000000000005.seg.aside", "000000000005.seg.aside-2", "000000000006.seg.aside"));
}

TEST_F(LeftoversTest, UnclearSegmentsAreSetAside) {
  PutSegment(5, 50);
  Append(5, "not a record");
  PutSegment(6, 50);
  std::filesystem::rename(log::SegmentPath(directory_.path(), 6), log::SegmentPath(directory_.path(), 7));
  Put("000000000008.seg", std::string(log::kSegmentMagic) + "and a header that is none");
  EXPECT_THAT(Clear(), ElementsAre("000000000005.seg.aside", "000000000007.seg.aside", "000000000008.seg.aside"));
}

TEST_F(LeftoversTest, FilesOfOthersStayAndKeepTheirNumbers) {
  Put("000000000009.seg", "a film");
  Put("000000000012.hint", "a riddle");
  std::filesystem::create_directory(directory_.path() / "000000000015.seg");
  Put("18446744073709551615.seg", "a very long film");
  EXPECT_THAT(Clear(),
              ElementsAre("000000000009.seg", "000000000012.hint", "000000000015.seg", "18446744073709551615.seg"));
  EXPECT_THAT(log_, HasSubstr("000000000009.seg"));
  EXPECT_EQ(manifest_.next_segment_id, 16U);
}

TEST_F(LeftoversTest, OnlyOurTemporariesAreRemoved) {
  for (const char* name : {"MANIFEST.tmp", "INDEX.tmp", "000000000004.hint.tmp", "thesis.tmp"}) Put(name, "half");
  std::filesystem::create_directory(directory_.path() / "ENGINE.tmp");
  EXPECT_THAT(Clear(), ElementsAre("ENGINE.tmp", "thesis.tmp"));
}

}  // namespace
}  // namespace kvs::store
