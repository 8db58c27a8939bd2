// Promised: a sealed segment writer makes the same file as appending and sealing, whatever record lies across two
// written pieces. The file is no segment before its end, and a full disk is reported.
#include "log/sealed_segment_writer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "log/file_names.h"
#include "log/segment_writer.h"
#include "support/forwarding_file_system.h"
#include "support/temporary_directory.h"
#include "support/test_seed.h"

namespace kvs::log {
namespace {

constexpr SegmentHeader kHeader{.segment_id = 3, .base_sequence = 100, .created_sequence = 90, .run = 3};
constexpr std::uint64_t kCapacityBytes = std::uint64_t{64} << 20;

struct Pair {
  std::string key;
  std::string value;
  std::uint64_t expiry_ms;
  std::uint64_t sequence;
};

class SealedSegmentWriterTest : public testing::Test {
 protected:
  static std::unique_ptr<SealedSegmentWriter> Create(const std::filesystem::path& directory) {
    return *SealedSegmentWriter::Create(io::PosixFileSystem(), directory, kHeader);
  }
  static std::string FileBytes(const std::filesystem::path& directory) {
    return *io::PosixFileSystem().ReadFile(SegmentPath(directory, 3), kCapacityBytes);
  }

  void ExpectTheFileOfASegmentWriter(const std::vector<Pair>& pairs) {
    const auto writer = Create(directory_.path());
    const auto other = *SegmentWriter::Create(io::PosixFileSystem(), appended_.path(), kHeader, kCapacityBytes);
    std::vector<std::uint64_t> offsets;
    for (const Pair& pair : pairs) {
      const RecordDraft draft = DraftPut(pair.key, pair.value, pair.expiry_ms);
      offsets.push_back(*writer->Append(draft, pair.sequence));
      const auto reserved = other->Extend(other->used_bytes() + pair.value.size() + 100'000, io::Grain::kFine);
      other->GrowTo(*reserved);
      ASSERT_EQ(*other->Append(draft, pair.sequence), offsets.back());
    }
    const auto segment = writer->Seal();
    ASSERT_TRUE(segment) << segment.error().ToString();
    ASSERT_TRUE(other->Seal());
    EXPECT_EQ(writer->used_bytes(), other->used_bytes());
    EXPECT_TRUE(writer->hint_outline().Proves(other->hint_outline()));
    EXPECT_TRUE(FileBytes(directory_.path()) == FileBytes(appended_.path()));
    EXPECT_EQ(*(*segment)->SyncedBytes(), writer->used_bytes());
    EXPECT_EQ((*segment)->readable_bytes(), writer->used_bytes());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto record = (*segment)->Read(offsets[i]);
      ASSERT_TRUE(record);
      ASSERT_EQ(record->key, pairs[i].key);
      ASSERT_TRUE(record->value == pairs[i].value);
      ASSERT_EQ((*segment)->SequenceOf(*record), pairs[i].sequence);
    }
  }

  const test::TemporaryDirectory directory_;
  const test::TemporaryDirectory appended_;
};

TEST_F(SealedSegmentWriterTest, NoRecordsMakeAnEmptySegment) { ExpectTheFileOfASegmentWriter({}); }

TEST_F(SealedSegmentWriterTest, ManySmallRecordsCrossTheEndsOfPieces) {
  const std::uint64_t seed = test::TestSeed(20'261'121);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  std::vector<Pair> pairs;
  for (std::uint64_t i = 0; i < 50'000; ++i) {
    pairs.push_back({.key = "key" + std::to_string(random.Below(1'000'000)),
                     .value = std::string(random.Below(200), 'v'),
                     .expiry_ms = random.OneIn(4) ? i + 1 : 0,
                     .sequence = 100 + random.Below(1'000'000)});
  }
  ExpectTheFileOfASegmentWriter(pairs);
}

TEST_F(SealedSegmentWriterTest, AValueMayBeLongerThanAPiece) {
  const std::string value(5'000'000, 'v');
  ExpectTheFileOfASegmentWriter({{"a", value, 0, 100}, {"b", "", 0, 101}, {"c", value, 7, 102}});
}

TEST_F(SealedSegmentWriterTest, NoSegmentIsThereBeforeItIsSealed) {
  const auto writer = Create(directory_.path());
  ASSERT_TRUE(writer->Append(DraftPut("key", std::string(3'000'000, 'v')), 100));
  const auto opened = Segment::Open(io::PosixFileSystem(), directory_.path(), 3);
  ASSERT_TRUE(opened) << "its header is there, but nothing says that it is synced";
  EXPECT_EQ(*(*opened)->SyncedBytes(), 0U);
  EXPECT_FALSE((*opened)->Read(kSegmentHeaderBytes));
}

// The real file system, whose disk is full.
class FullFileSystem final : public test::ForwardingFileSystem {
 private:
  class FullFile final : public test::ForwardingFile {
   public:
    using ForwardingFile::ForwardingFile;
    Status WriteAt(std::uint64_t, std::string_view) override { return Error{.code = ErrorCode::kNoSpace}; }
  };
  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path&, io::OpenMode,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<FullFile>(std::move(file));
  }
};

TEST_F(SealedSegmentWriterTest, AFullDiskIsReported) {
  FullFileSystem files;
  const auto writer = *SealedSegmentWriter::Create(files, directory_.path(), kHeader);
  const auto appended = writer->Append(DraftPut("key", std::string(3'000'000, 'v')), 100);
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::kNoSpace);
  const auto sealed = (*SealedSegmentWriter::Create(files, appended_.path(), kHeader))->Seal();
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error().code, ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace kvs::log
