// Promised: a backup is the store at one moment, however it is written to and compacted meanwhile. It is whole under
// its name or is not there, every damaged byte of it is found, and nothing but backups is touched. The tests let the
// store work during a backup, stop one at each of its operations, change every byte, and refuse links as another disk
// does.
#include "kvs/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "log/backup_list.h"
#include "log/file_names.h"
#include "log/segment.h"
#include "support/forwarding_file_system.h"
#include "support/hooked_file_system.h"
#include "support/temporary_directory.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::size_t kValueBytes = 10'000;  // A hundred of them fill a segment.

// As if the backups were on another disk than the store.
class OtherDisk final : public test::ForwardingFileSystem {
 public:
  explicit OtherDisk(fs::path store) : store_(std::move(store)) {}
  Status Link(const fs::path& from, const fs::path& to) override {
    if (from.parent_path() != store_) return ForwardingFileSystem::Link(from, to);
    return Error{.code = ErrorCode::kUnsupported, .context = "another disk"};
  }

 private:
  const fs::path store_;
};

class BackupTest : public StoreFixture {
 protected:
  void FillSegments(int segments, char fill = 'x') {
    for (int i = 0; i < segments * 110; ++i) {
      ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), std::string(kValueBytes, fill))));
    }
  }
  BackupInfo BackUp() {
    auto backup = store_->Backup(backups_, {});
    EXPECT_TRUE(IsOk(backup));
    return backup ? *std::move(backup) : BackupInfo{};
  }
  // The pairs of a backup, by the way of a user: restored and opened.
  Pairs Restored(std::optional<std::uint64_t> sequence = {}) {
    const fs::path to = place_.path() / ("restored" + std::to_string(++restored_));
    const auto backup = RestoreBackup(backups_, to, sequence);
    EXPECT_TRUE(IsOk(backup));
    const auto store = Store::Open(io::PosixFileSystem(), to, options_);
    EXPECT_TRUE(IsOk(store));
    Pairs pairs;
    if (!store) return pairs;
    EXPECT_TRUE(IsOk((*store)->Scan({}, [&](std::string_view key, std::string_view value) {
      pairs.emplace_back(key, value);
      return true;
    })));
    return pairs;
  }
  fs::path SegmentWithRecords() const {
    const auto segments = Files(".seg");
    const auto full = std::find_if(segments.begin(), segments.end(), [](const fs::path& path) {
      return log::Segment::Open(io::PosixFileSystem(), path.parent_path(),
                                *log::SegmentIdOfFileName(path.filename().string()))
          .value()
          ->BytesFrom(5'000)
          .starts_with("xxx");
    });
    return full == segments.end() ? fs::path() : *full;
  }
  static std::vector<std::string> Names(const fs::path& directory) {
    std::vector<std::string> names = *io::PosixFileSystem().List(directory);
    std::sort(names.begin(), names.end());
    return names;
  }

  test::TemporaryDirectory place_;
  const fs::path backups_ = place_.path() / "backups";
  int restored_ = 0;
};

TEST_F(BackupTest, HoldsWhatWasWrittenBeforeAndNothingLater) {
  Open();
  ASSERT_TRUE(IsOk(store_->Set("a", "1")));
  ASSERT_TRUE(IsOk(store_->Set("gone", "1")));
  ASSERT_TRUE(IsOk(store_->Remove("gone")));
  FillSegments(3);
  const Pairs before = Scan({});
  const BackupInfo backup = BackUp();
  EXPECT_EQ(backup.number, 1U);
  ASSERT_TRUE(IsOk(store_->Set("a", "2")));
  ASSERT_TRUE(IsOk(store_->Set("later", "1")));
  EXPECT_EQ(Restored(), before);
  EXPECT_EQ(VerifyBackup(backup.directory)->root, backup.root);
}

TEST_F(BackupTest, AnEmptyStoreCanBeBackedUp) {
  Open();
  BackUp();
  EXPECT_THAT(Restored(), IsEmpty());
}

TEST_F(BackupTest, ExpiriesComeBack) {
  Open();
  const std::uint64_t until_ms = store_->NowMs() + 3'600'000;
  ASSERT_TRUE(IsOk(store_->Set("point", "1", until_ms)));
  ASSERT_TRUE(IsOk(store_->Set("span", "1", {until_ms, ExpiryKind::kSpan})));
  BackUp();
  ASSERT_TRUE(IsOk(RestoreBackup(backups_, place_.path() / "restored")));
  const auto store = *Store::Open(io::PosixFileSystem(), place_.path() / "restored", options_);
  EXPECT_EQ(store->Stats()->expiring, 2U);
}

// The writer counts up one key and then the other. So at each moment they are equal, or the first is one ahead.
TEST_F(BackupTest, IsOneMomentWhileWritersAndCompactionGoOn) {
  Open();
  FillSegments(2);
  std::atomic<bool> is_over = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    for (int i = 1; !is_over; ++i) {
      const std::string value = std::to_string(i) + std::string(1'000, ' ');
      ASSERT_TRUE(IsOk(store_->Set("first", value)));
      ASSERT_TRUE(IsOk(store_->Set("second", value)));
      written = i;
    }
  });
  std::thread compacter([&] {
    while (!is_over) EXPECT_TRUE(IsOk(store_->Compact()));
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(ComesTrue([&] { return written > i * 500; }));
    const int acknowledged = written;
    const BackupInfo backup = BackUp();
    int first = 0;
    int second = 0;
    for (const auto& [key, value] : Restored(backup.sequence)) {
      if (key == "first") first = std::stoi(value);
      if (key == "second") second = std::stoi(value);
    }
    EXPECT_GE(second, acknowledged);
    EXPECT_GE(first, second);
    EXPECT_LE(first, second + 1);
  }
  is_over = true;
  writer.join();
  compacter.join();
  EXPECT_GT(store_->Stats()->compactions, 0U);
}

TEST_F(BackupTest, ASegmentThatCompactionRemovesMeanwhileIsInIt) {
  bool is_compacting = true;
  test::HookedFileSystem files([&](test::FileOperation operation, const fs::path&) {
    if (operation == test::FileOperation::kLink && std::exchange(is_compacting, false)) {
      EXPECT_TRUE(IsOk(store_->Compact()));
    }
    return Ok();
  });
  Open(files);
  FillSegments(3, 'a');
  FillSegments(3, 'b');
  const Pairs before = Scan({});
  BackUp();
  EXPECT_FALSE(is_compacting);
  EXPECT_EQ(Restored(), before);
  store_.reset();  // Before its files.
}

TEST_F(BackupTest, SealedSegmentsAreSharedWithStoreAndBackups) {
  Open();
  FillSegments(3);
  ASSERT_TRUE(IsOk(store_->Compact()));  // From here on all segments are sealed.
  const BackupInfo first = BackUp();
  const BackupInfo second = BackUp();
  EXPECT_EQ(first.root, second.root);
  const std::string sealed = SegmentWithRecords().filename();
  EXPECT_TRUE(*io::PosixFileSystem().IsSameFile(directory_.path() / sealed, first.directory / sealed));
  EXPECT_TRUE(*io::PosixFileSystem().IsSameFile(first.directory / sealed, second.directory / sealed));
}

TEST_F(BackupTest, AcrossDisksASealedSegmentIsCopiedOnce) {
  OtherDisk files(directory_.path());
  Open(files);
  FillSegments(3);
  ASSERT_TRUE(IsOk(store_->Compact()));  // From here on all segments are sealed.
  const Pairs before = Scan({});
  const BackupInfo first = BackUp();
  ASSERT_TRUE(IsOk(store_->Set("key0", "changed")));
  const BackupInfo second = BackUp();
  const std::string sealed = SegmentWithRecords().filename();
  EXPECT_FALSE(*io::PosixFileSystem().IsSameFile(directory_.path() / sealed, first.directory / sealed));
  EXPECT_TRUE(*io::PosixFileSystem().IsSameFile(first.directory / sealed, second.directory / sealed));
  EXPECT_EQ(Restored(first.sequence), before);
  EXPECT_NE(Restored(second.sequence), before);
  store_.reset();  // Before its files.
}

TEST_F(BackupTest, DiffNamesTheFilesThatOneOfTwoHas) {
  Open();
  FillSegments(2);
  const BackupInfo first = BackUp();
  FillSegments(1);
  const BackupInfo second = BackUp();
  const auto same = *DiffBackups(first.directory, first.directory);
  EXPECT_THAT(same.only_a, IsEmpty());
  EXPECT_THAT(same.only_b, IsEmpty());
  const auto changed = *DiffBackups(first.directory, second.directory);
  EXPECT_THAT(changed.only_a, testing::Contains("MANIFEST"));
  EXPECT_GT(changed.only_b.size(), changed.only_a.size());
}

// Stopped for good: what comes after the operation fails as well, so that nothing is tidied up.
TEST_F(BackupTest, ABackupStoppedAtAnyOperationLeavesTheLastOneGood) {
  int operations_left = 1'000'000;
  test::HookedFileSystem files([&](test::FileOperation, const fs::path& path) -> Status {
    if (path.string().find(backups_.string()) == std::string::npos || operations_left-- > 0) return Ok();
    return Error{.code = ErrorCode::kIo, .context = "stopped"};
  });
  Open(files);
  FillSegments(2);
  const BackupInfo good = BackUp();
  int stopped = 0;
  for (bool is_stopped = true; is_stopped; ++stopped) {
    ASSERT_TRUE(IsOk(store_->Set("key0", std::to_string(stopped))));
    operations_left = stopped;
    is_stopped = !store_->Backup(backups_, {});
    EXPECT_TRUE(IsOk(VerifyBackup(good.directory)));
    const auto backups = *FindBackups(backups_);
    for (const fs::path& backup : backups) EXPECT_TRUE(IsOk(VerifyBackup(backup)));
  }
  EXPECT_GT(stopped, 10);
  operations_left = 1'000'000;
  const BackupInfo last = BackUp();
  for (const std::string& name : Names(backups_)) EXPECT_THAT(name, testing::Not(HasSubstr("partial")));
  EXPECT_EQ(Restored(last.sequence), Scan({}));
  store_.reset();  // Before its files.
}

TEST_F(BackupTest, EveryChangedByteIsFound) {
  Open();
  ASSERT_TRUE(IsOk(store_->Set("greeting", "hello")));
  const BackupInfo backup = BackUp();
  for (const std::string& name : Names(backup.directory)) {
    const auto file = *io::PosixFileSystem().Open(backup.directory / name, io::OpenMode::kReadWrite);
    for (std::uint64_t at = 0; at < *file->Size(); ++at) {
      char byte = 0;
      ASSERT_TRUE(IsOk(file->ReadAt(at, &byte, 1)));
      const char changed = static_cast<char>(byte ^ 0x10);
      ASSERT_TRUE(IsOk(file->WriteAt(at, {&changed, 1})));
      EXPECT_TRUE(Fails(VerifyBackup(backup.directory), ErrorCode::kCorruption)) << name << ' ' << at;
      EXPECT_FALSE(RestoreBackup(backups_, place_.path() / "restored")) << name << ' ' << at;
      ASSERT_TRUE(IsOk(file->WriteAt(at, {&byte, 1})));
    }
  }
  EXPECT_TRUE(IsOk(VerifyBackup(backup.directory)));
  EXPECT_THAT(Names(place_.path()), testing::ElementsAre("backups"));
}

TEST_F(BackupTest, AMissingFileIsFound) {
  Open();
  FillSegments(1);
  const BackupInfo backup = BackUp();
  fs::remove(backup.directory / "000000000001.seg");
  const auto verified = VerifyBackup(backup.directory);
  ASSERT_TRUE(Fails(verified, ErrorCode::kCorruption));
  EXPECT_THAT(verified.error().context, HasSubstr("000000000001.seg is missing"));
}

TEST_F(BackupTest, DamageInTheStoreIsNotBackedUp) {
  Open();
  FillSegments(2);
  ASSERT_TRUE(IsOk(store_->Compact()));  // From here on all segments are sealed.
  const fs::path segment = SegmentWithRecords();
  ASSERT_TRUE(IsOk((*io::PosixFileSystem().Open(segment, io::OpenMode::kReadWrite))->WriteAt(5'000, "?")));
  const auto bad = store_->Backup(backups_, {});
  ASSERT_TRUE(Fails(bad, ErrorCode::kCorruption));
  EXPECT_THAT(bad.error().context, HasSubstr(segment.string()));
  EXPECT_THAT(*FindBackups(backups_), IsEmpty());
}

TEST_F(BackupTest, RestoringTakesTheSequenceThatIsAskedFor) {
  Open();
  ASSERT_TRUE(IsOk(store_->Set("key", "old")));
  const BackupInfo old = BackUp();
  ASSERT_TRUE(IsOk(store_->Set("key", "new")));
  BackUp();
  EXPECT_EQ(Restored(old.sequence), (Pairs{{"key", "old"}}));
  EXPECT_EQ(Restored(), (Pairs{{"key", "new"}}));
  const auto none = RestoreBackup(backups_, place_.path() / "none", 77);
  ASSERT_TRUE(Fails(none, ErrorCode::kInvalidArgument));
  EXPECT_THAT(none.error().context, HasSubstr("no backup of sequence 77"));
}

TEST_F(BackupTest, RestoringNeverWritesOverAnything) {
  Open();
  BackUp();
  const auto over = RestoreBackup(backups_, directory_.path());
  ASSERT_TRUE(Fails(over, ErrorCode::kInvalidArgument));
  EXPECT_THAT(over.error().context, HasSubstr("is not empty"));
}

// The segments of the restored store and of the old one go to one directory of backups.
TEST_F(BackupTest, ARestoredStoreGivesItsSegmentsNewNames) {
  Open();
  ASSERT_TRUE(IsOk(store_->Set("key", "old")));
  const BackupInfo old = BackUp();
  FillSegments(2);
  const BackupInfo full = BackUp();
  const fs::path to = place_.path() / "restored";
  ASSERT_TRUE(IsOk(RestoreBackup(backups_, to, old.sequence)));
  const auto restored = *Store::Open(io::PosixFileSystem(), to, options_);
  for (int i = 0; i < 220; ++i) ASSERT_TRUE(IsOk(restored->Set("other", std::string(kValueBytes, 'z'))));
  const auto names = Names(full.directory);
  for (const std::string& name : Names(to)) {
    if (!name.ends_with(".seg") || name == "000000000001.seg") continue;
    EXPECT_THAT(names, testing::Not(testing::Contains(name)));
  }
}

TEST_F(BackupTest, PruningKeepsTheNewest) {
  Open();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(IsOk(store_->Set("key", std::to_string(i))));
    BackUp();
  }
  EXPECT_EQ(*PruneBackups(backups_, 2), 2U);
  const auto left = *FindBackups(backups_);
  ASSERT_THAT(left, SizeIs(2));
  EXPECT_EQ(ReadBackup(left.front())->number, 3U);
  EXPECT_EQ(Restored(), (Pairs{{"key", "3"}}));
  EXPECT_EQ(BackUp().number, 5U);
  EXPECT_TRUE(Fails(PruneBackups(backups_, 0), ErrorCode::kInvalidArgument));
}

TEST_F(BackupTest, FilesOfOthersStay) {
  Open();
  BackUp();
  std::ofstream(backups_ / "notes.txt") << "mine";
  fs::create_directories(backups_ / "000007.partial");
  std::ofstream(backups_ / "000007.partial" / "notes.txt") << "mine";
  const auto refused = store_->Backup(backups_, {});
  ASSERT_TRUE(Fails(refused, ErrorCode::kInvalidArgument));
  EXPECT_THAT(refused.error().context, HasSubstr("000007.partial"));
  EXPECT_TRUE(fs::exists(backups_ / "000007.partial" / "notes.txt"));
  EXPECT_TRUE(fs::exists(backups_ / "notes.txt"));
}

TEST_F(BackupTest, TheDirectoryOfAStoreTakesNoBackups) {
  Open();
  const auto refused = store_->Backup(directory_.path(), {});
  ASSERT_TRUE(Fails(refused, ErrorCode::kInvalidArgument));
  EXPECT_THAT(refused.error().context, HasSubstr("holds a store"));
}

TEST_F(BackupTest, OneProcessAtATimeMakesBackups) {
  Open();
  BackUp();
  const auto lock = *io::PosixFileSystem().LockDirectory(backups_);
  EXPECT_TRUE(Fails(store_->Backup(backups_, {}), ErrorCode::kInUse));
}

TEST_F(BackupTest, ProgressReachesTheTotal) {
  Open();
  FillSegments(2);
  BackupProgress last;
  const auto note = [&](const BackupProgress& progress) {
    EXPECT_GE(progress.done_bytes, last.done_bytes);
    last = progress;
    return true;
  };
  ASSERT_TRUE(IsOk(store_->Backup(backups_, {.bytes_per_second = 1'000'000'000, .progress = note})));
  EXPECT_EQ(last.done_bytes, last.total_bytes);
  EXPECT_GT(last.total_bytes, 2'000'000U);
}

TEST_F(BackupTest, ACallerEndsABackupOfWhichNothingIsLeft) {
  Open();
  FillSegments(2);
  const auto refuse = [](const BackupProgress&) { return false; };
  EXPECT_TRUE(Fails(store_->Backup(backups_, {.progress = refuse}), ErrorCode::kCancelled));
  EXPECT_THAT(Names(backups_), testing::ElementsAre("LOCK"));
}

TEST_F(BackupTest, ARateLimitIsKept) {
  Open();
  FillSegments(1);
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(IsOk(store_->Backup(backups_, {.bytes_per_second = 10'000'000, .progress = {}})));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(100));  // For a segment of 1.1 MB.
}

}  // namespace
}  // namespace kvs::store
