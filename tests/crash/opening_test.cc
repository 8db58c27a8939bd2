// Promised: opening a store needs no room on the disk and no right to write. On a full disk everything can be read, and
// writing resumes when there is room. The bytes cut off the end of the log are kept in a separate file.
//
// Attack: the test opens closed stores, and files taken from running ones. The disk has no room from the first
// operation on, or the directory refuses every change.
#include <cerrno>
#include <fstream>
#include <string>

#include "crash/crash_test.h"
#include "crash/write_history.h"
#include "log/file_names.h"
#include "log/segment_writer.h"
#include "support/faulty_file_system.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

struct Setting {
  const char* name;
  SyncPolicy sync;
  bool can_reserve;
  bool is_closed;  // Else the files are taken while the store is open.
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

Status RefuseRoom(const Operation& operation) {
  const bool takes_room = operation.kind == OperationKind::kCreate || operation.kind == OperationKind::kWrite ||
                          operation.kind == OperationKind::kReserve;
  if (!takes_room) return Ok();
  return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC, .context = "injected " + operation.path.string()};
}

Status RefuseChanges(const Operation& operation) {
  const bool changes_nothing = operation.kind == OperationKind::kRead || operation.kind == OperationKind::kMap ||
                               operation.kind == OperationKind::kCreateDirectories;  // They are there.
  if (changes_nothing) return Ok();
  return Error{.code = ErrorCode::kIo, .sys_errno = EROFS, .context = "injected " + operation.path.string()};
}

class Opening : public testing::TestWithParam<Setting> {
 protected:
  // The files of a store after `writes` writes, and its contents.
  void MakeStore(std::size_t writes, bool compacts, const fs::path& directory) {
    const ScratchDirectory running;
    FaultyFileSystem files(running.path());
    if (!GetParam().can_reserve) files.RefuseToReserve();
    WriteHistory history(TestSeed() + writes);
    auto store = store::Store::Open(files, running.path(), SmallStore(GetParam().sync));
    ASSERT_TRUE(store) << store.error().ToString();
    for (std::size_t i = 0; i < writes; ++i) ASSERT_TRUE(history.WriteNext(**store));
    if (compacts) {
      ASSERT_TRUE((*store)->Compact());
    }
    if (GetParam().is_closed) store->reset();
    fs::copy(running.path(), directory);
    contents_ = history.contents();
  }

  void CheckReads(store::Store& store) {
    const auto found = ReadAll(store);
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_EQ(*found, contents_);
  }

  Contents contents_;
};

TEST_P(Opening, NeedsNoRoomAndWritingResumes) {
  for (const std::size_t writes : {0U, 1U, 60U, 200U}) {
    for (const bool compacts : {false, true}) {
      SCOPED_TRACE("after " + std::to_string(writes) + " writes" + (compacts ? " and a compaction" : ""));
      const ScratchDirectory scratch;
      const fs::path directory = scratch.path() / "store";
      ASSERT_NO_FATAL_FAILURE(MakeStore(writes, compacts, directory));
      FaultyFileSystem files(directory);
      if (!GetParam().can_reserve) files.RefuseToReserve();
      files.SetHook(RefuseRoom);
      auto store = store::Store::Open(files, directory, SmallStore(GetParam().sync));
      ASSERT_TRUE(store) << store.error().ToString();
      EXPECT_EQ((*store)->open_report().read_only_because, "");
      CheckReads(**store);
      const std::uint64_t more_than_kept = log::SegmentWriter::kFirstStepBytes + log::SegmentWriter::kSmallStepBytes;
      const Status refused = (*store)->Set("new", std::string(more_than_kept, 'v'));
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace) << TextOf(refused);
      files.SetHook({});
      ASSERT_TRUE(ResumesSoon(**store, "new", "value"));
      contents_["new"] = "value";
      store->reset();
      auto again = store::Store::Open(io::PosixFileSystem(), directory, SmallStore(GetParam().sync));
      ASSERT_TRUE(again) << again.error().ToString();
      CheckReads(**again);
      ASSERT_FALSE(HasFailure());
    }
  }
}

// The segment that was prepared ahead is empty, and would be taken out of the manifest.
TEST_P(Opening, LeavesAnEmptySegmentOnAFullDisk) {
  const ScratchDirectory scratch;
  const fs::path directory = scratch.path() / "store";
  {
    FaultyFileSystem files(directory);
    auto store = store::Store::Open(files, directory, SmallStore(GetParam().sync));
    ASSERT_TRUE(store) << store.error().ToString();
    for (int i = 0; i < 30; ++i) {
      contents_["key" + std::to_string(i)] = std::string(20'000, 'v');
      ASSERT_TRUE((*store)->Set("key" + std::to_string(i), std::string(20'000, 'v')));
    }
    while ((*store)->Stats()->segments < 2) std::this_thread::yield();
  }
  FaultyFileSystem files(directory);
  files.SetHook(RefuseRoom);
  auto store = store::Store::Open(files, directory, SmallStore(GetParam().sync));
  ASSERT_TRUE(store) << store.error().ToString();
  EXPECT_EQ((*store)->open_report().read_only_because, "");
  CheckReads(**store);
  files.SetHook({});
  ASSERT_TRUE(ResumesSoon(**store, "new", "value"));
  contents_["new"] = "value";
  *store = nullptr;
  auto again = store::Store::Open(io::PosixFileSystem(), directory, SmallStore(GetParam().sync));
  ASSERT_TRUE(again) << again.error().ToString();
  CheckReads(**again);
}

TEST_P(Opening, NeedsNoRightToWrite) {
  const ScratchDirectory scratch;
  const fs::path directory = scratch.path() / "store";
  ASSERT_NO_FATAL_FAILURE(MakeStore(200, false, directory));
  FaultyFileSystem files(directory);
  files.SetHook(RefuseChanges);
  std::string said;
  KvStoreOptions options = SmallStore(GetParam().sync);
  options.log = [&](const std::string& line) { said += line + "\n"; };
  {
    auto store = store::Store::Open(files, directory, options);
    ASSERT_TRUE(store) << store.error().ToString();
    EXPECT_THAT((*store)->open_report().read_only_because, testing::HasSubstr("injected"));
    EXPECT_THAT(said, testing::HasSubstr("read-only"));
    CheckReads(**store);
    const Status refused = (*store)->Set("new", "value");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kPoisoned);
    EXPECT_EQ(refused.error().sys_errno, EROFS);
    EXPECT_THAT(refused.error().context, testing::HasSubstr("read-only"));
    EXPECT_FALSE((*store)->Remove("key1"));
    EXPECT_FALSE((*store)->Compact());
    EXPECT_TRUE((*store)->Sync()) << "nothing waits for it";
  }
  files.SetHook({});
  auto store = store::Store::Open(files, directory, SmallStore(GetParam().sync));
  ASSERT_TRUE(store) << store.error().ToString();
  EXPECT_EQ((*store)->open_report().read_only_because, "");
  CheckReads(**store);
  EXPECT_TRUE((*store)->Set("new", "value"));
}

// The newest segment gets bytes that no process of today could have left, and nobody can say whose they were.
TEST_P(Opening, OnAFullDiskCutsNothingThatItCannotKeep) {
  const ScratchDirectory scratch;
  const fs::path directory = scratch.path() / "store";
  ASSERT_NO_FATAL_FAILURE(MakeStore(20, false, directory));
  const fs::path segment = log::SegmentPath(directory, 1);
  std::string bytes = *io::PosixFileSystem().ReadFile(segment, 8 << 20);
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  bytes += std::string(30, '\0') + "the rest of something";
  std::ofstream(segment, std::ios::binary) << bytes;
  FaultyFileSystem files(directory);
  files.SetHook(RefuseRoom);
  {
    auto store = store::Store::Open(files, directory, SmallStore(GetParam().sync));
    ASSERT_TRUE(store) << store.error().ToString();
    EXPECT_NE((*store)->open_report().read_only_because, "");
    CheckReads(**store);
  }
  EXPECT_EQ(*io::PosixFileSystem().ReadFile(segment, 8 << 20), bytes);
  files.SetHook({});
  auto store = store::Store::Open(files, directory, SmallStore(GetParam().sync));
  ASSERT_TRUE(store) << store.error().ToString();
  CheckReads(**store);
  const auto kept = io::PosixFileSystem().ReadFile(log::TornPath(directory, 1, 1), 8 << 20);
  ASSERT_TRUE(kept) << kept.error().ToString();
  EXPECT_THAT(*kept, testing::EndsWith("the rest of something"));
}

// Each read of an opening meets a want of memory in its turn. If that ends the opening, it has no lasting effect.
TEST(OpeningTest, APassingErrorLeavesTheSavedIndex) {
  const ScratchDirectory scratch;
  FaultyFileSystem files(scratch.path());
  const KvStoreOptions options = SmallStore(SyncPolicy::kNone);
  {
    auto store = store::Store::Open(files, scratch.path(), options);
    ASSERT_TRUE(store) << store.error().ToString();
    ASSERT_TRUE((*store)->Set("key", "value"));
  }
  int refused = 0;
  int failing = 0;
  int reads = 0;
  do {
    ++failing;
    reads = 0;
    files.SetHook([&](const Operation& operation) -> Status {
      if (operation.kind != OperationKind::kRead || ++reads != failing) return Ok();
      return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOMEM, .context = "injected"};
    });
    auto store = store::Store::Open(files, scratch.path(), options);
    EXPECT_TRUE(fs::exists(log::IndexPath(scratch.path()))) << "after read " << failing;
    if (store) continue;
    ++refused;
    EXPECT_EQ(store.error().code, ErrorCode::kNoSpace) << store.error().ToString();
    files.SetHook({});
    auto again = store::Store::Open(files, scratch.path(), options);
    ASSERT_TRUE(again) << again.error().ToString();
    EXPECT_TRUE((*again)->open_report().index_was_saved) << "after read " << failing;
  } while (reads >= failing);
  EXPECT_GE(refused, 5);
}

INSTANTIATE_TEST_SUITE_P(EveryPolicy, Opening,
                         testing::Values(Setting{"noneClosed", SyncPolicy::kNone, true, true},
                                         Setting{"noneKilled", SyncPolicy::kNone, true, false},
                                         Setting{"intervalKilled", SyncPolicy::kInterval, true, false},
                                         Setting{"alwaysClosed", SyncPolicy::kAlways, true, true},
                                         Setting{"alwaysKilled", SyncPolicy::kAlways, true, false},
                                         Setting{"noneKilledWithoutReserve", SyncPolicy::kNone, false, false},
                                         Setting{"alwaysClosedWithoutReserve", SyncPolicy::kAlways, false, true}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace kvs::test
