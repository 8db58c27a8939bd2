// A file operation of the store fails, or is slow, at an unlucky moment. Promised: acknowledged data is there after
// reopening, removed keys stay removed, no thread waits forever, and a failed sync is never tried again. The tests
// intercept the store's file operations, and so choose the moment.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <latch>
#include <string>
#include <thread>

#include "support/hooked_file_system.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

using test::FileOperation;
using test::HookedFileSystem;

class StoreFaultTest : public StoreFixture {
 protected:
  static bool IsSegment(const std::filesystem::path& path) { return path.extension() == ".seg"; }
  static Error NoSpace() { return Error{.code = ErrorCode::kNoSpace, .context = "by the test"}; }
  static Error IoError() { return Error{.code = ErrorCode::kIo, .context = "by the test"}; }

  void SetKeys(int from, int to, std::size_t value_bytes, char fill = 'v') {
    for (int i = from; i < to; ++i) {
      ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), std::string(value_bytes, fill))));
    }
  }
};

// The removal is the first write after compaction chose its inputs and copied the key: its tombstone has the very
// sequence at which the output was made, and guards the dead copy there.
TEST_F(StoreFaultTest, AKeyRemovedWhileItIsCopiedStaysRemoved) {
  std::string output;
  bool is_armed = false;
  std::latch tombstone_dropped(1);
  std::filesystem::path with_tombstone;
  HookedFileSystem files([&](FileOperation operation, const std::filesystem::path& path) -> Status {
    // The only write to a segment that holds something is the mark of an output.
    const bool is_mark =
        operation == FileOperation::kWrite && IsSegment(path) && std::filesystem::file_size(path) > 0 && is_armed;
    if (is_mark && output.empty()) {
      output = path.string();  // Everything is copied; nothing of it is published.
      return store_->Remove("removed");
    }
    if (operation == FileOperation::kRemove && is_armed && path == with_tombstone) tombstone_dropped.count_down();
    return Ok();
  });
  Open(files);
  ASSERT_TRUE(IsOk(store_->Set("removed", "comes back?")));
  SetKeys(0, 80, 10'000);
  SetKeys(0, 10, 10'000);  // Garbage, so that there is something to compact.
  with_tombstone = Files(".seg").back();
  is_armed = true;
  ASSERT_TRUE(IsOk(store_->Compact()));
  ASSERT_FALSE(output.empty());
  ASSERT_EQ(Get("removed"), "(none)");
  // The segment with the tombstone fills with garbage and is rewritten alone.
  for (int round = 0; round < 40; ++round) SetKeys(1000, 1010, 10'000);
  tombstone_dropped.wait();
  ASSERT_EQ(Get("removed"), "(none)");
  Open();
  EXPECT_EQ(Get("removed"), "(none)");
  store_.reset();  // It writes to `files` when it is closed.
}

TEST_F(StoreFaultTest, CompactionWorksWithoutReservedRoom) {
  HookedFileSystem files([&](FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation != FileOperation::kReserve) return Ok();
    return Error{.code = ErrorCode::kUnsupported};
  });
  Open(files);
  for (int round = 0; round < 5; ++round) SetKeys(0, 100, 5'000, static_cast<char>('a' + round));
  ASSERT_TRUE(IsOk(store_->Compact()));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Get("key" + std::to_string(i)), std::string(5'000, 'e'));
  Open(files);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Get("key" + std::to_string(i)), std::string(5'000, 'e'));
  store_.reset();  // It writes to `files` when it is closed.
}

TEST_F(StoreFaultTest, AnInputThatCannotBeUnlinkedHarmsNothing) {
  HookedFileSystem files([&](FileOperation operation, const std::filesystem::path& path) -> Status {
    if (operation == FileOperation::kRemove && IsSegment(path)) return NoSpace();
    return Ok();
  });
  Open(files);
  SetKeys(0, 100, 5'000, 'a');
  SetKeys(0, 50, 5'000, 'b');
  static_cast<void>(store_->Compact().has_value());
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Get("key" + std::to_string(i)), std::string(5'000, i < 50 ? 'b' : 'a'));
  Open();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Get("key" + std::to_string(i)), std::string(5'000, i < 50 ? 'b' : 'a'));
  store_.reset();  // It writes to `files` when it is closed.
}

// The new manifest is already in place when its name cannot be synced.
TEST_F(StoreFaultTest, AFullDiskAfterTheRenameKeepsTheNewManifest) {
  bool is_armed = false;
  bool is_renamed = false;
  HookedFileSystem files([&](FileOperation operation, const std::filesystem::path& path) -> Status {
    if (operation == FileOperation::kRemove && IsSegment(path)) return Ok();
    if (operation == FileOperation::kRename && path.filename() == "MANIFEST") is_renamed = is_armed;
    if (operation == FileOperation::kSyncDirectory && is_renamed) {
      is_armed = is_renamed = false;
      return NoSpace();
    }
    return Ok();
  });
  Open(files);
  SetKeys(0, 100, 5'000, 'a');
  SetKeys(0, 50, 5'000, 'b');
  ASSERT_TRUE(IsOk(store_->Compact()));
  SetKeys(0, 10, 5'000, 'c');
  is_armed = true;
  static_cast<void>(store_->Compact().has_value());
  Open();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Get("key" + std::to_string(i)), std::string(5'000, i < 10 ? 'c' : i < 50 ? 'b' : 'a'));
  }
  store_.reset();  // It writes to `files` when it is closed.
}

TEST_F(StoreFaultTest, ASegmentWhoseSyncFailedIsNeverSyncedAgain) {
  std::atomic<bool> is_armed{false};
  std::atomic<bool> has_failed{false};
  std::atomic<int> retries{0};
  std::filesystem::path active;
  HookedFileSystem files([&](FileOperation operation, const std::filesystem::path& path) -> Status {
    if (operation != FileOperation::kSync || !is_armed || path != active) return Ok();
    if (has_failed.exchange(true, std::memory_order_relaxed)) {
      ++retries;
      return Ok();
    }
    return NoSpace();  // fdatasync answers ENOSPC if blocks are allocated late.
  });
  Open(files);
  SetKeys(0, 50, 5'000);
  active = Files(".seg").front();
  is_armed = true;
  EXPECT_FALSE(store_->Compact());  // Seals the active segment.
  EXPECT_TRUE(has_failed);
  static_cast<void>(store_->Compact().has_value());
  static_cast<void>(store_->Sync().has_value());
  EXPECT_EQ(retries, 0);
  EXPECT_TRUE(Fails(store_->Set("key", "value"), ErrorCode::kPoisoned));
  ASSERT_TRUE(store_->Stats()->poisoned.has_value());
  EXPECT_EQ(store_->Stats()->poisoned->code, ErrorCode::kPoisoned);
  EXPECT_EQ(Get("key1"), std::string(5'000, 'v'));
  store_.reset();  // It writes to `files` when it is closed.
}

TEST_F(StoreFaultTest, AFullDiskDoesNotKeepTheStoreFromOpening) {
  std::atomic<bool> is_full{false};
  HookedFileSystem files([&](FileOperation operation, const std::filesystem::path&) -> Status {
    const bool takes_room = operation == FileOperation::kReserve || operation == FileOperation::kWrite;
    return takes_room && is_full ? Status(NoSpace()) : Ok();
  });
  Open(files);
  ASSERT_TRUE(IsOk(store_->Set("key", "value")));
  store_.reset();
  is_full = true;
  Open(files);
  EXPECT_EQ(Get("key"), "value");
  EXPECT_TRUE(Fails(store_->Set("key", "other"), ErrorCode::kNoSpace));
  is_full = false;
  while (!store_->Set("key", "other")) std::this_thread::yield();  // Until the store has tried again by itself.
  EXPECT_EQ(Get("key"), "other");
  store_.reset();  // It writes to `files` when it is closed.
}

TEST_F(StoreFaultTest, TheLogCallBackMayAskTheStore) {
  std::atomic<bool> is_full{false};
  std::atomic<bool> was_told{false};
  HookedFileSystem files([&](FileOperation operation, const std::filesystem::path&) -> Status {
    return operation == FileOperation::kReserve && is_full ? Status(NoSpace()) : Ok();
  });
  std::atomic<store::Store*> store{nullptr};
  options_.log = [&](const std::string&) {
    store::Store* const told_by = store.load(std::memory_order_acquire);
    if (told_by == nullptr) return;
    EXPECT_TRUE(IsOk(told_by->Stats()));
    was_told = true;
  };
  Open(files);
  store.store(store_.get(), std::memory_order_release);
  is_full = true;
  Status status;
  for (int i = 0; i < 1'000 && status; ++i) status = store_->Set("key" + std::to_string(i), std::string(10'000, 'v'));
  EXPECT_TRUE(Fails(status, ErrorCode::kNoSpace));
  store_.reset();
  EXPECT_TRUE(was_told);
  store_.reset();  // It writes to `files` when it is closed.
}

TEST_F(StoreFaultTest, ARecordWhoseLengthWasDamagedCanBeOverwritten) {
  Open();
  const std::string key = "the key of the damaged record";
  ASSERT_TRUE(IsOk(store_->Set(key, "short")));
  const std::filesystem::path path = Files(".seg").front();
  const int fd = ::open(path.c_str(), O_RDWR);
  ASSERT_GE(fd, 0);
  constexpr off_t kValueBytesField = 64 + 4 + 1 + 1;  // Behind the segment's header: checksum, type, key_bytes.
  const char longer = 127;
  ASSERT_EQ(::pwrite(fd, &longer, 1, kValueBytesField), 1);
  ::close(fd);
  const auto damaged = store_->Get(key);
  ASSERT_TRUE(Fails(damaged, ErrorCode::kCorruption));
  ASSERT_TRUE(IsOk(store_->Set(key, "new")));
  EXPECT_EQ(Get(key), "new");
}

TEST_F(StoreFaultTest, SegmentsCutShortGiveErrorsAndFewMappings) {
  constexpr int kKeys = 8'000;
  options_ = SmallSegments();
  Open();
  SetKeys(0, kKeys, 4'000);
  ASSERT_TRUE(IsOk(store_->Sync()));
  const auto mappings = [] {
    std::ifstream maps("/proc/self/maps");
    return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
  };
  const auto before = mappings();
  const std::vector<std::filesystem::path> segments = Files(".seg");
  for (const auto& segment : segments) std::filesystem::resize_file(segment, 4'096);
  for (int i = 0; i < kKeys; ++i) {
    const std::string value = Get("key" + std::to_string(i * 37 % kKeys));
    EXPECT_TRUE(value.starts_with("(error) corruption") || value == std::string(4'000, 'v')) << value;
  }
  EXPECT_LE(mappings(), before + 6 * static_cast<std::ptrdiff_t>(segments.size()));
  store_.reset();
}

}  // namespace
}  // namespace kvs::store
