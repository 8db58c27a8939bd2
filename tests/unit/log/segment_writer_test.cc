// Promised: appended records can be read, also after the file was sealed or opened again. Appending after a torn tail
// wipes it. A lack of room, or a file that is cut while it is in use, is an error, never a wrong byte. Every promise is
// tested twice: on a mapped file, and on a file system that cannot reserve room.
#include "log/segment_writer.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "log/file_names.h"
#include "log/hint_file.h"
#include "log/record_scan.h"
#include "support/forwarding_file_system.h"
#include "support/hooked_file_system.h"
#include "support/temporary_directory.h"

namespace kvs::log {
namespace {

constexpr std::uint64_t kCapacityBytes = std::uint64_t{1} << 20;
constexpr SegmentHeader kHeader{.segment_id = 3, .base_sequence = 100, .created_sequence = 90};

// The real file system, but every Reserve() answers with an error.
class FileSystemThatRefusesToReserve final : public test::ForwardingFileSystem {
 public:
  explicit FileSystemThatRefusesToReserve(ErrorCode answer) : answer_(answer) {}

 private:
  class RefusingFile final : public test::ForwardingFile {
   public:
    RefusingFile(std::unique_ptr<io::File> file, ErrorCode answer) : ForwardingFile(std::move(file)), answer_(answer) {}
    Status Reserve(std::uint64_t, std::uint64_t, io::Grain) override { return Error{.code = answer_}; }

   private:
    const ErrorCode answer_;
  };

  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path&, io::OpenMode,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<RefusingFile>(std::move(file), answer_);
  }

  const ErrorCode answer_;
};

// The real file system on a full disk that gives no room back: no new room can be had, and nothing can be reserved.
class FullFileSystem final : public test::ForwardingFileSystem {
  class FullFile final : public test::ForwardingFile {
   public:
    using ForwardingFile::ForwardingFile;
    Status Reserve(std::uint64_t, std::uint64_t, io::Grain) override { return Error{.code = ErrorCode::kUnsupported}; }
    Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
      if (offset + bytes.size() > *Size()) return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC};
      return ForwardingFile::WriteAt(offset, bytes);
    }
  };

  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path&, io::OpenMode,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<FullFile>(std::move(file));
  }
};

enum class Way { kMapped, kWritten };

class SegmentWriterTest : public testing::TestWithParam<Way> {
 protected:
  io::FileSystem& files() {
    if (GetParam() == Way::kMapped) return io::PosixFileSystem();
    return cannot_reserve_;
  }
  std::unique_ptr<SegmentWriter> Create() {
    return *SegmentWriter::Create(files(), directory_.path(), kHeader, kCapacityBytes);
  }
  std::unique_ptr<SegmentWriter> Reopen(std::uint64_t used_bytes) {
    return *SegmentWriter::Reopen(files(), directory_.path(), kHeader, used_bytes, 0, kCapacityBytes);
  }
  std::shared_ptr<Segment> OpenFile() { return *Segment::Open(io::PosixFileSystem(), directory_.path(), 3); }
  void ChangeByte(std::uint64_t offset) {
    std::fstream file(SegmentPath(directory_.path(), 3), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(offset)).put('x').flush();
  }
  std::string FileBytes() { return *io::PosixFileSystem().ReadFile(SegmentPath(directory_.path(), 3), 8 << 20); }

  const test::TemporaryDirectory directory_;
  FileSystemThatRefusesToReserve cannot_reserve_{ErrorCode::kUnsupported};
};

INSTANTIATE_TEST_SUITE_P(BothWays, SegmentWriterTest, testing::Values(Way::kMapped, Way::kWritten),
                         [](const auto& way) { return way.param == Way::kMapped ? "Mapped" : "Written"; });

TEST_P(SegmentWriterTest, ANewSegmentHoldsItsHeaderAndNothing) {
  const auto writer = Create();
  EXPECT_EQ(writer->used_bytes(), kSegmentHeaderBytes);
  EXPECT_EQ(writer->capacity_bytes(), kCapacityBytes);
  EXPECT_GE(writer->reserved_bytes(), SegmentWriter::kFirstStepBytes);
  const auto segment = OpenFile();
  EXPECT_EQ(segment->header().base_sequence, 100U);
  EXPECT_EQ(segment->header().created_sequence, 90U);
  EXPECT_EQ(*segment->SyncedBytes(), 0U);
  EXPECT_EQ(segment->BytesFrom(kSegmentHeaderBytes).find_first_not_of('\0'), std::string_view::npos);
}

TEST_P(SegmentWriterTest, AppendedRecordsAreReadableWithoutASync) {
  const auto writer = Create();
  const std::uint64_t first = *writer->Append(DraftPut("a", "1"), 100);
  const std::uint64_t second = *writer->Append(DraftTombstone("b"), 105);
  EXPECT_EQ(first, kSegmentHeaderBytes);
  for (const auto& segment : {writer->segment(), OpenFile()}) {
    EXPECT_EQ(segment->Read(first)->value, "1");
    EXPECT_EQ(segment->Read(second)->key, "b");
    EXPECT_EQ(segment->SequenceOf(*segment->Read(second)), 105U);
  }
}

TEST_P(SegmentWriterTest, ABatchIsOneRecordOfItsMembers) {
  const auto writer = Create();
  const std::vector<RecordDraft> members{DraftPut("a", "1"), DraftTombstone("b")};
  const std::uint64_t batch = *writer->AppendBatch(members, 100);
  const std::uint64_t next = *writer->Append(DraftPut("c", "3"), 102);
  for (const auto& segment : {writer->segment(), OpenFile()}) {
    std::vector<std::uint64_t> sequences;
    const auto visit = [&](const RecordSummary& record) { sequences.push_back(record.sequence); };
    EXPECT_EQ(ScanRecords(*segment, batch, writer->used_bytes(), visit), writer->used_bytes());
    EXPECT_EQ(sequences, (std::vector<std::uint64_t>{100, 101, 102}));
    EXPECT_EQ(segment->Read(next)->key, "c");
  }
}

// The values are changed before the hint is made, so a hint is made only if they are not read.
TEST_P(SegmentWriterTest, ItsOutlineProvesHeadsAndKeysForTheHint) {
  const auto writer = Create();
  const std::vector<RecordDraft> members{DraftPut("a", "1"), DraftTombstone("b")};
  ASSERT_TRUE(writer->AppendBatch(members, 100));
  const std::uint64_t large = *writer->Append(DraftPut("c", std::string(20'000, 'v'), 5'000), 102);
  ASSERT_TRUE(writer->Append(DraftPut("d", std::string(20'000, 'v'), {6'000, ExpiryKind::kSpan}), 103));
  const auto segment = *writer->Seal();
  const std::string hint = *EncodeHint(*segment, writer->hint_outline());
  EXPECT_EQ(hint, *EncodeHint(*segment));
  ChangeByte(large + 10'000);
  EXPECT_FALSE(EncodeHint(*OpenFile()));
  EXPECT_EQ(*EncodeHint(*OpenFile(), writer->hint_outline()), hint);
}

TEST_P(SegmentWriterTest, AReopenedSegmentHasItsValuesReadForTheHint) {
  std::uint64_t used_bytes = 0;
  std::uint64_t first = 0;
  {
    const auto writer = Create();
    first = *writer->Append(DraftPut("a", std::string(20'000, 'v')), 100);
    used_bytes = writer->used_bytes();
    ASSERT_TRUE(writer->Sync());
  }
  const auto writer = Reopen(used_bytes);
  ASSERT_TRUE(writer->Append(DraftPut("b", "2"), 101));
  const auto segment = *writer->Seal();
  EXPECT_EQ(*EncodeHint(*segment, writer->hint_outline()), *EncodeHint(*segment));
  ChangeByte(first + 10'000);
  EXPECT_FALSE(EncodeHint(*OpenFile(), writer->hint_outline()));
}

TEST_P(SegmentWriterTest, GrowsInStepsUpToItsCapacity) {
  const auto writer = Create();
  while (writer->reserved_bytes() < kCapacityBytes) {
    const std::uint64_t before = writer->reserved_bytes();
    const std::uint64_t reserved = *writer->Extend(before + 1, io::Grain::kFine);
    EXPECT_GT(reserved, before);
    EXPECT_EQ(writer->reserved_bytes(), before) << "room counts only once it was handed to GrowTo()";
    writer->GrowTo(reserved);
  }
  EXPECT_EQ(*writer->Extend(kCapacityBytes, io::Grain::kFine), kCapacityBytes);
  const std::string value(kCapacityBytes - kSegmentHeaderBytes - kRecordHeaderBytesMax, 'v');
  const std::uint64_t offset = *writer->Append(DraftPut("", value), 100);
  EXPECT_EQ(OpenFile()->Read(offset)->value, value);
}

TEST_P(SegmentWriterTest, ATruncatedFileDoesNotGrowAgain) {
  if (GetParam() == Way::kWritten) GTEST_SKIP() << "SKIPPED: all its room is in memory from the beginning";
  const auto writer = Create();
  ASSERT_TRUE(writer->Append(DraftPut("a", std::string(5'000, 'v')), 100));
  std::filesystem::resize_file(SegmentPath(directory_.path(), 3), 4'096);
  const auto extended = writer->Extend(writer->reserved_bytes() + 1, io::Grain::kFine);
  ASSERT_FALSE(extended);
  EXPECT_EQ(extended.error().code, ErrorCode::kIo);
  EXPECT_EQ(std::filesystem::file_size(SegmentPath(directory_.path(), 3)), 4'096U);
}

TEST_P(SegmentWriterTest, AMarkStaysInTheFileUntilTheNextOne) {
  const auto writer = Create();
  ASSERT_TRUE(writer->Append(DraftPut("a", "1"), 100));
  ASSERT_TRUE(writer->Sync());
  EXPECT_EQ(*OpenFile()->SyncedBytes(), 0U);
  ASSERT_TRUE(writer->Mark(kSegmentHeaderBytes));
  EXPECT_EQ(*OpenFile()->SyncedBytes(), kSegmentHeaderBytes);
  ASSERT_TRUE(writer->Mark(writer->used_bytes()));
  ASSERT_TRUE(writer->Sync());
  EXPECT_EQ(*OpenFile()->SyncedBytes(), writer->used_bytes());
}

TEST_P(SegmentWriterTest, ASealedSegmentEndsAtItsLastRecordAndIsMarked) {
  const auto writer = Create();
  const std::uint64_t offset = *writer->Append(DraftPut("a", "1"), 100);
  const auto sealed = *writer->Seal();
  EXPECT_EQ(sealed->readable_bytes(), writer->used_bytes());
  EXPECT_EQ(sealed->Read(offset)->value, "1");
  const auto opened = OpenFile();
  EXPECT_EQ(opened->readable_bytes(), writer->used_bytes());
  EXPECT_EQ(*opened->SyncedBytes(), writer->used_bytes());
  EXPECT_EQ(opened->Read(offset)->value, "1");
}

TEST_P(SegmentWriterTest, AnEmptySegmentCanBeSealed) {
  EXPECT_EQ((*Create()->Seal())->readable_bytes(), kSegmentHeaderBytes);
  EXPECT_EQ(FileBytes().size(), kSegmentHeaderBytes);
}

TEST_P(SegmentWriterTest, ReadersOfTheOpenSegmentMayGoOnAfterItWasSealed) {
  const auto writer = Create();
  const std::uint64_t offset = *writer->Append(DraftPut("a", "1"), 100);
  const auto open = writer->segment();
  const auto sealed = *writer->Seal();
  EXPECT_EQ(open->Read(offset)->value, "1");
  EXPECT_EQ(sealed->Read(offset)->value, "1");
}

TEST_P(SegmentWriterTest, AppendingAfterATornTailWipesIt) {
  std::uint64_t used_bytes = 0;
  {
    const auto writer = Create();
    ASSERT_TRUE(writer->Append(DraftPut("kept", "1"), 100));
    used_bytes = writer->used_bytes();
    ASSERT_TRUE(writer->Append(DraftPut("torn", std::string(10'000, 't')), 101));
  }
  const auto writer = Reopen(used_bytes);
  EXPECT_EQ(writer->used_bytes(), used_bytes);
  EXPECT_EQ(FileBytes().find_first_not_of('\0', used_bytes), std::string::npos);
  const std::uint64_t offset = *writer->Append(DraftPut("next", "2"), 101);
  EXPECT_EQ(offset, used_bytes);
  for (const auto& segment : {writer->segment(), OpenFile()}) {
    EXPECT_EQ(segment->Read(kSegmentHeaderBytes)->key, "kept");
    EXPECT_EQ(segment->Read(offset)->key, "next");
  }
}

TEST_P(SegmentWriterTest, OnAFullDiskTheRoomAheadIsKept) {
  std::uint64_t used_bytes = 0;
  {
    const auto writer = Create();
    ASSERT_TRUE(writer->Append(DraftPut("a", "1"), 100));
    used_bytes = writer->used_bytes();
  }
  FullFileSystem full;
  const auto writer = *SegmentWriter::Reopen(full, directory_.path(), kHeader, used_bytes, used_bytes, kCapacityBytes);
  ASSERT_GT(writer->reserved_bytes(), used_bytes + 1'000);
  EXPECT_TRUE(writer->Append(DraftTombstone("a"), 101));
}

TEST_P(SegmentWriterTest, BytesOfARefusedRecordAreCutOffLater) {
  if (GetParam() == Way::kMapped) GTEST_SKIP() << "nothing is refused where the room is reserved";
  int calls_refused = 0;
  test::HookedFileSystem full([&](test::FileOperation operation, const std::filesystem::path& path) -> Status {
    if (operation == test::FileOperation::kReserve) return Error{.code = ErrorCode::kUnsupported};
    if (path.extension() != ".seg" || calls_refused == 0) return Ok();
    --calls_refused;
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = EDQUOT};
  });
  const auto writer = *SegmentWriter::Create(full, directory_.path(), kHeader, kCapacityBytes);
  calls_refused = 2;  // The record, and the cut.
  const auto refused = writer->Append(DraftPut("refused", std::string(500, 'r')), 100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  ASSERT_EQ(calls_refused, 0);
  writer->GrowTo(*writer->Extend(1'000, io::Grain::kNone));
  const std::uint64_t offset = *writer->Append(DraftPut("next", "1"), 100);
  EXPECT_EQ(OpenFile()->Read(offset)->key, "next");
}

TEST_P(SegmentWriterTest, ASegmentOverItsCapacityCanBeReopenedAndSealed) {
  std::uint64_t used_bytes = 0;
  {
    const auto writer = Create();
    ASSERT_TRUE(writer->Append(DraftPut("a", "1"), 100));
    used_bytes = writer->used_bytes();
  }
  const auto writer = *SegmentWriter::Reopen(files(), directory_.path(), kHeader, used_bytes, 0, 0);
  EXPECT_EQ(writer->capacity_bytes(), used_bytes);
  EXPECT_EQ((*writer->Seal())->Read(kSegmentHeaderBytes)->key, "a");
}

TEST_P(SegmentWriterTest, AHintIsWorthwhileForLongValuesNotForShortOnes) {
  const auto short_values = Create();
  for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(short_values->Append(DraftPut("key", "v"), 100 + i));
  EXPECT_FALSE(short_values->hint_outline().IsWorthwhile(short_values->used_bytes()));
  const auto long_values = Create();
  for (std::uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(long_values->Append(DraftPut("key", std::string(1'000, 'v')), 100 + i));
  }
  EXPECT_TRUE(long_values->hint_outline().IsWorthwhile(long_values->used_bytes()));
}

// --- Failures of the file system ---

class SegmentWriterFailureTest : public testing::Test {
 protected:
  const test::TemporaryDirectory directory_;
};

TEST_F(SegmentWriterFailureTest, ASegmentThatFindsNoRoomLeavesNoFile) {
  FileSystemThatRefusesToReserve full(ErrorCode::kNoSpace);
  const auto writer = SegmentWriter::Create(full, directory_.path(), kHeader, kCapacityBytes);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(io::PosixFileSystem().List(directory_.path())->empty());
}

TEST_F(SegmentWriterFailureTest, AnAppendToATruncatedFileIsAnError) {
  const auto writer = *SegmentWriter::Create(io::PosixFileSystem(), directory_.path(), kHeader, kCapacityBytes);
  const auto path = SegmentPath(directory_.path(), kHeader.segment_id);
  ASSERT_TRUE((*io::PosixFileSystem().Open(path, io::OpenMode::kReadWrite))->Truncate(0));
  const auto offset = writer->Append(DraftPut("a", "1"), 100);
  ASSERT_FALSE(offset);
  EXPECT_EQ(offset.error().code, ErrorCode::kIo);
}

TEST_F(SegmentWriterFailureTest, AnAbsentSegmentCannotBeContinued) {
  EXPECT_FALSE(SegmentWriter::Reopen(io::PosixFileSystem(), directory_.path(), kHeader, 64, 0, kCapacityBytes));
}

// Tells the size of its file late: another thread may have made it longer by then.
class FileSystemWithLateSizes final : public test::ForwardingFileSystem {
 public:
  std::function<void()> meanwhile = [] {};

 private:
  class LateFile final : public test::ForwardingFile {
   public:
    LateFile(std::unique_ptr<io::File> file, const std::function<void()>& meanwhile)
        : ForwardingFile(std::move(file)), meanwhile_(meanwhile) {}
    Result<std::uint64_t> Size() override {
      auto size = ForwardingFile::Size();
      meanwhile_();
      return size;
    }

   private:
    const std::function<void()>& meanwhile_;
  };

  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path&, io::OpenMode,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<LateFile>(std::move(file), meanwhile);
  }
};

TEST_F(SegmentWriterFailureTest, ASegmentThatGrowsDuringASyncWasNotCut) {
  FileSystemWithLateSizes files;
  const auto writer = *SegmentWriter::Create(files, directory_.path(), kHeader, kCapacityBytes);
  bool has_grown = false;  // Growing asks for the size as well.
  files.meanwhile = [&] {
    if (std::exchange(has_grown, true)) return;
    writer->GrowTo(*writer->Extend(writer->reserved_bytes() + 1, io::Grain::kFine));
  };
  const Status synced = writer->Sync();
  EXPECT_TRUE(synced) << synced.error().ToString();
}

using SegmentWriterDeathTest = SegmentWriterFailureTest;

TEST_F(SegmentWriterDeathTest, AppendingMoreThanTheReservedRoomIsABug) {
  const auto writer = *SegmentWriter::Create(io::PosixFileSystem(), directory_.path(), kHeader, kCapacityBytes);
  const std::string value(SegmentWriter::kFirstStepBytes, 'v');
  EXPECT_DEATH(static_cast<void>(writer->Append(DraftPut("a", value), 100)), "reserved_bytes");
}

}  // namespace
}  // namespace kvs::log
