// Promised: the head of a saved index is read as it was written, and every changed byte of it is noticed. Groups of
// links are read in their order, and a cut group is not taken for a whole one.
#include "log/index_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/hash.h"

namespace kvs::log {
namespace {

IndexFileHead SampleHead() {
  IndexFileHead head{.hash_seed = 0x1122334455667788,
                     .keys = 5,
                     .sequence = 77,
                     .expiring = 2,
                     .segments = {},
                     .chunks = {},
                     .blocks = {}};
  head.segments = {{3, 0, 5000, 0xabcdef, 0, 120, 4000, 1000, 30, 60}, {9, 2, 600, 0xfedcba, 77, 0, 500, 0, 0, 0}};
  head.chunks = {{1, 2, 3, 0xffffffff, {0, 16, 0x1234}}};
  head.blocks = {{0, 8, 0x4321}};
  head.chunks[0].piece.offset = head.bytes();
  head.blocks[0].offset = head.bytes() + 16;
  head.expiries = {head.bytes() + 24, 5, 0x5678};
  head.file_bytes = head.bytes() + 29;
  return head;
}

std::string SampleFile() {
  const IndexFileHead head = SampleHead();
  std::string file = EncodeIndexFileHead(head);
  file.resize(head.file_bytes, 'x');
  return file;
}

Result<IndexFileHead> Decode(std::string_view file) {
  const auto head_bytes = IndexFileHeadBytes(file, file.size());
  if (!head_bytes) return head_bytes.error();
  return DecodeIndexFileHead(file.substr(0, *head_bytes), file.size());
}

TEST(IndexFileTest, TheHeadComesBackAsItWas) {
  const std::string file = SampleFile();
  const auto head = Decode(file);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->hash_seed, 0x1122334455667788U);
  EXPECT_EQ(head->keys, 5U);
  EXPECT_EQ(head->sequence, 77U);
  ASSERT_EQ(head->segments.size(), 2U);
  EXPECT_EQ(head->segments[1].segment_id, 9U);
  EXPECT_EQ(head->segments[1].slot, 2U);
  EXPECT_EQ(head->segments[1].last_sequence, 77U);
  EXPECT_EQ(head->segments[0].newest_tombstone, 60U);
  EXPECT_EQ(head->chunks[0].first_free, 0xffffffff);
  EXPECT_EQ(head->chunks[0].piece.checksum, 0x1234U);
  EXPECT_EQ(head->expiring, 2U);
  EXPECT_EQ(head->expiries.bytes, 5U);
  EXPECT_EQ(head->blocks[0].bytes, 8U);
  EXPECT_EQ(EncodeIndexFileHead(*head), file.substr(0, head->bytes()));
}

TEST(IndexFileTest, EveryChangedByteAndEveryCutOfTheHeadIsSeen) {
  const std::string file = SampleFile();
  for (std::size_t at = 0; at < SampleHead().bytes(); ++at) {
    std::string changed = file;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    EXPECT_FALSE(Decode(changed)) << at;
  }
  for (std::size_t cut = 0; cut < file.size(); ++cut) EXPECT_FALSE(Decode(file.substr(0, cut))) << cut;
  EXPECT_FALSE(Decode(file + "x"));
}

// A fuzzer has found it: the tables had their sizes before the length of the head was compared.
TEST(IndexFileTest, MoreEntriesThanTheHeadHasBytesAreRefused) {
  const std::string file = SampleFile();
  const std::uint64_t head_bytes = *IndexFileHeadBytes(file, file.size());
  for (const std::size_t count_offset : {88U, 92U, 96U}) {
    std::string forged = file;
    base::PutFixed32(forged.data() + count_offset, 0xffffffff);
    base::PutFixed32(forged.data() + 12, base::Checksum32(std::string_view(forged).substr(16, head_bytes - 16)));
    EXPECT_EQ(Decode(forged).error().context, "saved index: its length differs") << count_offset;
  }
}

TEST(IndexFileTest, AnotherFormatIsRefusedAsSuch) {
  for (const std::uint32_t version : {kIndexFileVersion - 1, kIndexFileVersion + 1}) {
    std::string file = SampleFile();
    file[8] = static_cast<char>(version);
    const auto head = Decode(file);
    ASSERT_FALSE(head);
    EXPECT_EQ(head.error().code, ErrorCode::kUnsupported);
  }
}

TEST(IndexFileTest, APieceOutsideTheFileIsRefused) {
  for (const std::uint64_t offset : {std::uint64_t{0}, ~std::uint64_t{0}, SampleHead().file_bytes - 15}) {
    IndexFileHead head = SampleHead();
    head.chunks[0].piece.offset = offset;
    std::string file = EncodeIndexFileHead(head);
    file.resize(head.file_bytes, 'x');
    EXPECT_FALSE(Decode(file)) << offset;
  }
}

TEST(IndexFileTest, BytesThatNoPieceHoldsAreRefused) {
  IndexFileHead head = SampleHead();
  head.file_bytes += 1;
  std::string file = EncodeIndexFileHead(head);
  file.resize(head.file_bytes, 'x');
  EXPECT_FALSE(Decode(file));
}

TEST(IndexFileTest, WholeChunksBeginAtAnAlignedOffset) {
  IndexFileHead head = SampleHead();
  const std::uint64_t aligned = AlignedInIndexFile(head.file_bytes);
  head.chunks[0].piece = {aligned, kIndexFileAlignment, 0};
  head.file_bytes = aligned + kIndexFileAlignment;
  std::string file = EncodeIndexFileHead(head);
  file.resize(head.file_bytes, 'x');
  EXPECT_TRUE(Decode(file));
  head.file_bytes -= 1;
  file = EncodeIndexFileHead(head);
  file.resize(head.file_bytes, 'x');
  EXPECT_FALSE(Decode(file));
}

TEST(IndexFileTest, APieceIsTakenOnlyIfItsChecksumHolds) {
  const std::string bytes(3 * kIndexFilePartBytes + 5, 'b');
  const IndexFilePiece piece{2, bytes.size(), IndexFileChecksum::Of(bytes)};
  const auto is_taken = [&](std::string_view read) {
    IndexFileChecksum checksum;
    for (; !read.empty(); read.remove_prefix(std::min(read.size(), kIndexFilePartBytes))) {
      checksum.Add(read.substr(0, kIndexFilePartBytes));
    }
    return checksum.Check(piece).has_value();
  };
  EXPECT_TRUE(is_taken(bytes));
  EXPECT_FALSE(is_taken(std::string_view(bytes).substr(1)));
  for (const std::size_t at : {std::size_t{0}, std::size_t{kIndexFilePartBytes}, bytes.size() - 1}) {
    std::string changed = bytes;
    changed[at] = 'c';
    EXPECT_FALSE(is_taken(changed)) << at;
  }
}

TEST(IndexFileTest, GroupsComeBackInTheirOrder) {
  const std::string long_key(65'535, 'k');
  std::string block;
  AppendIndexFileGroup(&block, {{"", 7}, {"b", 9}, {long_key, 0xfffffffe}});
  AppendIndexFileGroup(&block, {{"x", 1}});
  std::string_view rest = block;
  std::vector<IndexFileLink> links;
  ASSERT_TRUE(TakeIndexFileGroup(&rest, &links));
  ASSERT_EQ(links.size(), 3U);
  EXPECT_EQ(links[0].first_key, "");
  EXPECT_EQ(links[1].leaf, 9U);
  EXPECT_EQ(links[2].first_key, long_key);
  ASSERT_TRUE(TakeIndexFileGroup(&rest, &links));
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].first_key, "x");
  EXPECT_TRUE(rest.empty());
}

TEST(IndexFileTest, AGroupThatIsCutOffIsNone) {
  std::string block;
  AppendIndexFileGroup(&block, {{"abc", 7}, {"bcd", 9}});
  std::vector<IndexFileLink> links;
  for (std::size_t cut = 0; cut < block.size(); ++cut) {
    std::string_view rest = std::string_view(block).substr(0, cut);
    EXPECT_FALSE(TakeIndexFileGroup(&rest, &links)) << cut;
  }
}

}  // namespace
}  // namespace kvs::log
