// Promised: names tell which files are the store's. An id is read only from the name that was made of it. So recovery
// never removes a file of others, nor takes it for a segment.
#include "log/file_names.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace kvs::log {
namespace {

TEST(FileNamesTest, AnIdComesBackFromTheNamesThatWereMadeOfIt) {
  for (const std::uint64_t id : {std::uint64_t{1}, std::uint64_t{42}, std::uint64_t{999'999'999'999},
                                 std::uint64_t{1'000'000'000'000}, std::numeric_limits<std::uint64_t>::max()}) {
    EXPECT_EQ(SegmentIdOfFileName(SegmentPath("dir", id).filename().string()), id);
    EXPECT_EQ(SegmentIdOfFileName(HintPath("dir", id).filename().string()), id);
  }
}

TEST(FileNamesTest, NamesHaveTheFormOfTheFormat) {
  EXPECT_EQ(SegmentPath("dir", 42), "dir/000000000042.seg");
  EXPECT_EQ(HintPath("dir", 42), "dir/000000000042.hint");
  EXPECT_EQ(ManifestPath("dir"), "dir/MANIFEST");
}

TEST(FileNamesTest, EveryOtherNameHasNoId) {
  for (const std::string name :
       {"", "MANIFEST", "LOCK", "ENGINE", ".seg", "42.seg", "00000000042.seg", "000000000042", "000000000042.",
        "000000000042.segment", "000000000042.seg.tmp", "000000000042.SEG", "x00000000042.seg", "00000000004x.seg",
        "-00000000042.seg", "+00000000042.seg", " 00000000042.seg", "99999999999999999999999.seg"}) {
    EXPECT_FALSE(SegmentIdOfFileName(name)) << name;
  }
}

TEST(FileNamesTest, AnIdHasOneNameOnly) {
  EXPECT_FALSE(SegmentIdOfFileName("0000000000042.seg"));
  EXPECT_FALSE(SegmentIdOfFileName("0999999999999.hint"));
}

TEST(FileNamesTest, OnlyTemporariesOfOurFilesAreOurs) {
  for (const char* name : {"MANIFEST.tmp", "INDEX.tmp", "CLOCK.tmp", "ENGINE.tmp", "000000000042.hint.tmp"}) {
    EXPECT_TRUE(IsTemporaryFileName(name)) << name;
  }
  for (const char* name : {"MANIFEST", "tmp", ".tmp", "thesis.tmp", "cache.tmp", "LOCK.tmp", "000000000042.seg.tmp",
                           "42.hint.tmp", "MANIFEST.tmp.tmp", "a MANIFEST.tmp"}) {
    EXPECT_FALSE(IsTemporaryFileName(name)) << name;
  }
}

TEST(FileNamesTest, HintsDifferFromSegments) {
  EXPECT_TRUE(IsHintFileName("000000000042.hint"));
  EXPECT_FALSE(IsHintFileName("000000000042.seg"));
  EXPECT_FALSE(IsHintFileName("notes.hint"));
}

}  // namespace
}  // namespace kvs::log
