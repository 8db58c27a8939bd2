// Promised: the list of a backup is read as it was written, or is refused, and names no file outside of the backup. The
// tests change and cut every byte, and forge lists with a right end.
#include "log/backup_list.h"

#include <gtest/gtest.h>

#include <string>

#include "io/sha256.h"
#include "support/exact_block.h"

namespace kvs::log {
namespace {

BackupList Varied() {
  return {.created_s = 1'764'447'110,
          .sequence = 42,
          .bytes = 4'200,
          .files = {{"000000000001.seg", io::Sha256::Of("a")}, {"MANIFEST", io::Sha256::Of("b")}}};
}

Result<BackupList> Decode(std::string_view text) {
  const test::ExactBlock block(text);
  return DecodeBackupList(block.view());
}

std::string WithRightEnd(const std::string& lines) { return lines + "# end " + io::Sha256::Of(lines) + "\n"; }

// The list with a part replaced, and ends that fit.
std::string Forged(const std::string& part, const std::string& other) {
  std::string text = EncodeBackupList(Varied());
  text.replace(text.find(part), part.size(), other);
  return WithRightEnd(text.substr(0, text.find("# end")));
}

TEST(BackupListTest, ComesBackAsItWasWritten) {
  EXPECT_EQ(*Decode(EncodeBackupList(Varied())), Varied());
  EXPECT_EQ(*Decode(EncodeBackupList(BackupList())), BackupList());
}

TEST(BackupListTest, IsTextThatSha256sumReads) {
  EXPECT_TRUE(
      EncodeBackupList(Varied()).starts_with("# kvs backup 1\n"
                                             "# created 1764447110\n"
                                             "# sequence 42\n"
                                             "# bytes 4200\n"
                                             "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
                                             "  000000000001.seg\n"));
}

TEST(BackupListTest, EveryChangedByteIsRefused) {
  const std::string text = EncodeBackupList(Varied());
  for (std::size_t byte = 0; byte < text.size(); ++byte) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string damaged = text;
      damaged[byte] = static_cast<char>(damaged[byte] ^ change);
      EXPECT_EQ(Decode(damaged).error().code, ErrorCode::kCorruption) << byte;
    }
  }
}

TEST(BackupListTest, EveryCutAndEveryAppendixIsRefused) {
  const std::string text = EncodeBackupList(Varied());
  for (std::size_t kept = 0; kept < text.size(); ++kept) {
    EXPECT_EQ(Decode(std::string_view(text).substr(0, kept)).error().code, ErrorCode::kCorruption) << kept;
  }
  EXPECT_FALSE(Decode(text + "\n"));
}

TEST(BackupListTest, ForgedListsAreRefused) {
  EXPECT_FALSE(Decode(Forged("MANIFEST", "../other")));
  EXPECT_FALSE(Decode(Forged("MANIFEST", "000000000000.seg")));    // Not in order.
  EXPECT_FALSE(Decode(Forged("# sequence 42", "# sequence 43")));  // Not of this root.
  EXPECT_FALSE(Decode(Forged("# bytes 4200", "# bytes 04200")));
  EXPECT_FALSE(Decode(Forged("# bytes 4200", "# bytes -1")));
  EXPECT_FALSE(Decode(Forged("# bytes 4200", "# bytes 99999999999999999999")));
  EXPECT_FALSE(Decode(Forged("# bytes 4200", "# bytes 4200 kB")));
  EXPECT_FALSE(Decode(Forged("# bytes 4200", "# files 2")));
  EXPECT_FALSE(Decode(Forged("# kvs backup 1", "# another list")));
  EXPECT_FALSE(Decode(Forged("ca978112", "CA978112")));
  EXPECT_FALSE(Decode(Forged("ca978112", "ca97811")));
  EXPECT_FALSE(Decode(Forged("  MANIFEST", "")));
}

TEST(BackupListTest, EveryCutBetweenLinesIsRefusedWithARightEndToo) {
  const std::string text = EncodeBackupList(Varied());
  for (std::size_t end = 0; end < text.find("# end"); end = text.find('\n', end) + 1) {
    EXPECT_FALSE(Decode(WithRightEnd(text.substr(0, end)))) << end;
    EXPECT_FALSE(Decode(WithRightEnd(text.substr(0, end + 5)))) << end;
  }
}

TEST(BackupListTest, AFileIsFoundByItsName) {
  const BackupList list = Varied();
  EXPECT_EQ(list.Find("MANIFEST"), &list.files.back());
  EXPECT_EQ(list.Find("000000000001.hint"), nullptr);
  EXPECT_EQ(list.Find("ZZZ"), nullptr);
}

TEST(BackupListTest, ALaterFormatIsRefusedByItsNumber) {
  const auto list = Decode(Forged("# kvs backup 1", "# kvs backup 2"));
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(list.error().context.find("format 2"), std::string::npos);
}

TEST(BackupListTest, TheRootDependsOnTheSequenceAndTheFilesAlone) {
  BackupList later = Varied();
  later.created_s += 1;
  EXPECT_EQ(later.Root(), Varied().Root());
  later.sequence += 1;
  EXPECT_NE(later.Root(), Varied().Root());
  later = Varied();
  later.files.pop_back();
  EXPECT_NE(later.Root(), Varied().Root());
}

}  // namespace
}  // namespace kvs::log
