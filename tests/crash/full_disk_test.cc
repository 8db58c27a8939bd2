// Promised for a full disk: the store refuses new values with an error that says why, and removals succeed. Compaction
// gives back the room of removed pairs, and the store accepts values again by itself. The log has one line for the
// begin and one for the end. The tests use a directory whose size a file system of the test limits. As root they also
// use a real small tmpfs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "crash/crash_test.h"
#include "log/file_names.h"
#include "store/store.h"
#include "support/faulty_file_system.h"
#include "support/sanitizers.h"
#include "support/temporary_directory.h"
#include "sync/mutex.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;
using store::Store;

constexpr std::uint64_t kMega = std::uint64_t{1} << 20;

// By which pairs expire.
std::atomic<std::int64_t> clock_ms = 1'700'000'000'000;
std::int64_t ClockMs() { return clock_ms.load(std::memory_order_relaxed); }

// Counts the lines of a log that are about room.
class Lines {
 public:
  void Add(const std::string& line) {
    const sync::MutexLock lock(mutex_);
    lines_.push_back(line);
  }
  std::ptrdiff_t Count(std::string_view begin) const {
    const sync::MutexLock lock(mutex_);
    return std::count_if(lines_.begin(), lines_.end(),
                         [&](const std::string& line) { return line.starts_with(begin); });
  }

 private:
  mutable sync::Mutex mutex_;
  std::vector<std::string> lines_ KVS_GUARDED_BY(mutex_);
};

class FullDiskTest : public testing::Test {
 protected:
  void Open(io::FileSystem& files, const fs::path& directory) {
    store_.reset();
    auto opened =
        Store::Open(files, directory, options_, {.wall = ClockMs, .steady = ClockMs, .boot = [] { return 1UL; }});
    ASSERT_TRUE(opened.has_value()) << opened.error().ToString();
    store_ = *std::move(opened);
  }

  static std::string Key(int i) { return "key" + std::to_string(i); }

  // Returns how many pairs were stored.
  int FillUntilRefused(Expiry expiry_ms = {}) {
    for (int i = 0; i < 200'000; ++i) {
      const Status status = store_->Set(Key(i), std::string(1'000, 'v'), expiry_ms);
      if (status) continue;
      EXPECT_EQ(status.error().code, ErrorCode::kNoSpace) << status.error().ToString();
      return i;
    }
    ADD_FAILURE() << "it was never full";
    return 0;
  }

  bool ResumesSoon(const std::string& key = "resumed") {
    return test::ResumesSoon(*store_, key, std::string(1'000, 'r'));
  }

  // `share_again`: the share of the pairs that is stored again at the end.
  void FillRemoveMostAndResume(double share_again = 0.5) {
    const int count = FillUntilRefused();
    ASSERT_GT(count, 1'000);
    for (int i = 0; i < count; ++i) {
      if (i % 4 == 0) continue;
      const Status removed = store_->Remove(Key(i));
      ASSERT_TRUE(removed.has_value()) << i << " of " << count << ": " << removed.error().ToString();
    }
    EXPECT_TRUE(ResumesSoon());
    for (int i = 0; i < share_again * count; ++i) ASSERT_TRUE(ResumesSoon("new" + std::to_string(i))) << i;
    EXPECT_GT(store_->Stats()->compactions, 0U);
    for (int i = 0; i < count; i += 4) ASSERT_EQ(store_->Get(Key(i))->value_or("none"), std::string(1'000, 'v')) << i;
    store_.reset();
    EXPECT_GE(lines_.Count("full: no space"), 1);
    EXPECT_LE(lines_.Count("full: no space"), count / 50) << "not a line for each that is refused";
  }

  Lines lines_;
  KvStoreOptions options_{
      .sync = SyncPolicy::kNone, .segment_bytes = kMega, .log = [this](const std::string& line) { lines_.Add(line); }};
  std::unique_ptr<Store> store_;
};

// In a directory of at most so many bytes, by the lengths of its files.
class LimitedDirectoryTest : public FullDiskTest {
 protected:
  void SetUp() override {
    files_.SetHook([this](const Operation& operation) -> Status {
      const bool is_reserve = operation.path.filename() == log::kReserveFileName;
      if (operation.kind == OperationKind::kRemove && is_reserve && keeps_reserve_.load(std::memory_order_relaxed)) {
        return Error{.code = ErrorCode::kIo, .sys_errno = EIO, .context = "unlink " + operation.path.string()};
      }
      const bool takes_room = operation.kind == OperationKind::kWrite || operation.kind == OperationKind::kReserve;
      if (!takes_room || UsedBytes() < limit_.load(std::memory_order_relaxed)) return Ok();
      return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC, .context = "write " + operation.path.string()};
    });
    Open(files_, directory_.path());
  }
  void TearDown() override { store_.reset(); }

  std::uint64_t UsedBytes() const {
    std::uint64_t used = 0;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory_.path(), error)) {
      const std::uint64_t bytes = entry.file_size(error);
      if (!error) used += bytes;
    }
    return used;
  }

  TemporaryDirectory directory_;
  FaultyFileSystem files_{directory_.path()};
  std::atomic<std::uint64_t> limit_{6 * kMega};
  std::atomic<bool> keeps_reserve_{false};  // It cannot be removed.
};

TEST_F(LimitedDirectoryTest, RemovalsMakeRoomAndSetsResume) {
  FillRemoveMostAndResume();
  EXPECT_EQ(lines_.Count("full: no space"), lines_.Count("no longer full"));
}

TEST_F(LimitedDirectoryTest, ItWorksWithoutPreallocation) {
  store_.reset();
  files_.RefuseToReserve();
  Open(files_, directory_.path());
  FillRemoveMostAndResume();
}

TEST_F(LimitedDirectoryTest, AllOfItIsRemovedAndSetsResume) {
  ASSERT_GT(FillUntilRefused(), 1'000);
  const Status cleared = store_->Clear();
  ASSERT_TRUE(cleared.has_value()) << cleared.error().ToString();
  EXPECT_EQ(store_->Stats()->keys, 0U);
  EXPECT_TRUE(ResumesSoon());
}

TEST_F(LimitedDirectoryTest, ABatchOfRemovalsMakesRoom) {
  const int count = FillUntilRefused();
  WriteBatch batch;
  for (int i = 0; i < count; ++i) batch.Remove(Key(i));
  const Status written = store_->Write(batch);
  ASSERT_TRUE(written.has_value()) << written.error().ToString();
  EXPECT_TRUE(ResumesSoon());
}

TEST_F(LimitedDirectoryTest, ExpiredPairsMakeRoom) {
  const int count = FillUntilRefused(store_->NowMs() + 1'000);
  ASSERT_GT(count, 1'000);
  clock_ms.fetch_add(2'000, std::memory_order_relaxed);
  EXPECT_TRUE(ResumesSoon());
  for (int i = 0; i < count; ++i) ASSERT_TRUE(ResumesSoon(Key(i))) << i;
  EXPECT_EQ(store_->Stats()->expired, static_cast<std::uint64_t>(count));
}

TEST_F(LimitedDirectoryTest, ExpiredPairsLeaveRoomForRemovals) {
  const int count = FillUntilRefused(store_->NowMs() + 1'000);
  ASSERT_TRUE(store_->Remove(Key(0)).has_value());
  clock_ms.fetch_add(2'000, std::memory_order_relaxed);
  for (int i = 1; i < count; ++i) {
    const Status removed = store_->Remove(Key(i));
    ASSERT_TRUE(removed || removed.error().code == ErrorCode::kKeyNotFound) << removed.error().ToString();
  }
  EXPECT_TRUE(ResumesSoon());
}

TEST_F(LimitedDirectoryTest, OverwritesAreRefusedAndKeepTheOldValue) {
  const int count = FillUntilRefused();
  int refused = 0;
  for (int i = 0; i < count; i += 100) {
    const Status set = store_->Set(Key(i), std::string(100'000, 'o'));
    if (set) continue;
    ++refused;
    EXPECT_EQ(set.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(store_->Get(Key(i))->value_or("none"), std::string(1'000, 'v'));
  }
  EXPECT_GT(refused, 0);
}

// A part of the segments becomes garbage by the removals for which there is room, and compaction wants the reserve.
TEST_F(LimitedDirectoryTest, AFailedReserveIsTriedAgain) {
  keeps_reserve_.store(true, std::memory_order_relaxed);
  const int count = FillUntilRefused();
  int removed = 0;
  while (removed < count && store_->Remove(Key(removed))) ++removed;
  EXPECT_GT(removed, 0);
  for (int i = removed; i < count; ++i) ASSERT_EQ(store_->Get(Key(i))->value_or("none"), std::string(1'000, 'v')) << i;
  keeps_reserve_.store(false, std::memory_order_relaxed);
  for (int i = removed; i < count; ++i) ASSERT_TRUE(store_->Remove(Key(i)).has_value()) << i;
  EXPECT_TRUE(ResumesSoon());
}

TEST_F(LimitedDirectoryTest, WritesResumeWhenOthersMakeRoom) {
  FillUntilRefused();
  for (int i = 0; i < 1'000; ++i) static_cast<void>(store_->Set("more", std::string(1'000, 'm')).has_value());
  limit_.store(60 * kMega, std::memory_order_relaxed);
  EXPECT_TRUE(ResumesSoon());
  store_.reset();
  EXPECT_EQ(lines_.Count("full: no space"), lines_.Count("no longer full"));
}

TEST_F(LimitedDirectoryTest, AFullDiskIsOpenedAndCleared) {
  const int count = FillUntilRefused();
  store_.reset();
  limit_.store(UsedBytes() + 1, std::memory_order_relaxed);
  Open(files_, directory_.path());
  ASSERT_NE(store_, nullptr);
  EXPECT_EQ(store_->Get(Key(0))->value_or("none"), std::string(1'000, 'v'));
  for (int i = 0; i < count; ++i) ASSERT_TRUE(store_->Remove(Key(i)).has_value()) << i;
  EXPECT_TRUE(ResumesSoon());
}

// --- Real file systems ---

// In a directory of at most so many files, as on a file system without a free inode.
class LimitedFilesTest : public FullDiskTest {
 protected:
  static constexpr std::ptrdiff_t kFilesMax = 14;

  void SetUp() override {
    files_.SetHook([this](const Operation& operation) -> Status {
      if (operation.kind != OperationKind::kCreate || CountFiles() < kFilesMax) return Ok();
      return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC, .context = "open " + operation.path.string()};
    });
    Open(files_, directory_.path());
  }
  void TearDown() override { store_.reset(); }

  std::ptrdiff_t CountFiles() const {
    std::error_code error;
    return std::distance(fs::directory_iterator(directory_.path(), error), fs::directory_iterator());
  }

  TemporaryDirectory directory_;
  FaultyFileSystem files_{directory_.path()};
};

// Compaction leaves a file of its own for each segment, so that the directory may soon be full again.
TEST_F(LimitedFilesTest, RemovalsMakeRoomAndSetsResume) { FillRemoveMostAndResume(0.1); }

TEST_F(LimitedFilesTest, AllOfItIsRemovedAndSetsResume) {
  ASSERT_GT(FillUntilRefused(), 1'000);
  ASSERT_TRUE(store_->Clear().has_value());
  EXPECT_TRUE(ResumesSoon());
}

TEST_F(LimitedFilesTest, ItIsOpenedAndCleared) {
  const int count = FillUntilRefused();
  Open(files_, directory_.path());
  for (int i = 0; i < count; ++i) ASSERT_EQ(store_->Get(Key(i))->value_or("none"), std::string(1'000, 'v')) << i;
  for (int i = 0; i < count; ++i) ASSERT_TRUE(store_->Remove(Key(i)).has_value()) << i;
  EXPECT_TRUE(ResumesSoon());
}

class SmallTmpfsTest : public FullDiskTest {
 protected:
  void SetUp() override {
    if (::mount("kvs-test", directory_.path().c_str(), "tmpfs", 0, "size=24m") != 0) {
      GTEST_SKIP() << "no file system can be mounted here";
    }
    is_mounted_ = true;
    options_.segment_bytes = 64 * kMega;
    Open(io::PosixFileSystem(), directory_.path() / "store");
  }
  void TearDown() override {
    store_.reset();
    if (!is_mounted_) return;
    EXPECT_EQ(::umount2(directory_.path().c_str(), MNT_DETACH), 0);
  }

  TemporaryDirectory directory_;
  bool is_mounted_ = false;
};

TEST_F(SmallTmpfsTest, RemovalsMakeRoomAndSetsResume) {
  FillRemoveMostAndResume();
  EXPECT_EQ(lines_.Count("full: no space"), lines_.Count("no longer full"));
}

TEST_F(SmallTmpfsTest, AllOfItIsRemovedAndSetsResume) {
  ASSERT_GT(FillUntilRefused(), 1'000);
  ASSERT_TRUE(store_->Clear().has_value());
  EXPECT_TRUE(ResumesSoon());
}

// --- Limits of a process, in a child ---

int RunInChild(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// More than a segment and the room for compaction.
int StoreAndCompact(KvStore& store) {
  for (int i = 0; i < 6'000; ++i) {
    if (!store.Set("key" + std::to_string(i % 600), std::string(1'000, 'v'))) return 1;
  }
  return store.Compact() ? 0 : 2;
}

TEST(DescriptorsTest, AStoreContinuesWithoutFreeDescriptors) {
  KVS_SKIP_UNDER_SANITIZERS();  // They open descriptors of their own to look at memory.
  const TemporaryDirectory directory;
  EXPECT_EQ(RunInChild([&] {
              auto store = KvStore::Open(directory.path(), {.segment_bytes = kMega});
              if (!store) return 10;
              const rlimit limit{100, 100};
              if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) return 11;
              while (::dup(STDIN_FILENO) >= 0) {
              }
              if (errno != EMFILE) return 12;
              return StoreAndCompact(**store);
            }),
            0);
}

TEST(FileSizeTest, ALimitOfTheLengthOfFilesPasses) {
  const TemporaryDirectory directory;
  EXPECT_EQ(RunInChild([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              auto store = KvStore::Open(directory.path());
              if (!store) return 10;
              const rlimit limit{512 << 10, RLIM_INFINITY};
              if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 11;
              Status status = Ok();
              for (int i = 0; i < 100 && status; ++i) status = (*store)->Set("key", std::string(60'000, 'v'));
              if (status || status.error().code != ErrorCode::kNoSpace) return 1;
              if (status.error().sys_errno != EFBIG) return 2;
              const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
              ::setrlimit(RLIMIT_FSIZE, &none);
              const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
              while (!(*store)->Set("key", "resumed")) {
                if (std::chrono::steady_clock::now() > deadline) return 3;
                std::this_thread::yield();
              }
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace kvs::test
