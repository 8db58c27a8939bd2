// Promised: a store that is opened with a saved index is the store that was closed, also after later writes,
// compactions and kills. Only the store that wrote an index takes it. Stores that are killed live in a process of their
// own.
#include "store/recovery/saved_index.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "kvs/function_ref.h"
#include "log/file_names.h"
#include "log/index_file.h"
#include "store/store.h"
#include "support/temporary_directory.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

namespace fs = std::filesystem;

class SavedIndexTest : public StoreFixture {
 protected:
  void Set(int from, int to, const std::string& value) {
    for (int i = from; i < to; ++i) {
      const std::string key = "key" + std::to_string(i);
      const Status status = store_ ? store_->Set(key, value) : Ok();
      ASSERT_TRUE(IsOk(status));
      model_[key] = value;
    }
  }
  void Remove(int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::string key = "key" + std::to_string(i);
      const Status status = store_ ? store_->Remove(key) : Ok();
      ASSERT_TRUE(IsOk(status));
      model_.erase(key);
    }
  }

  void Write(const WriteBatch& batch) {
    const Status status = store_ ? store_->Write(batch) : Ok();
    ASSERT_TRUE(IsOk(status));
    for (const WriteBatch::Operation& operation : batch.operations()) {
      if (operation.value) {
        model_[operation.key] = *operation.value;
      } else {
        model_.erase(operation.key);
      }
    }
  }

  // Another process opens the store, makes the writes, and is killed. Here only the model learns of it.
  void KillAfter(FunctionRef<void()> writes) {
    store_.reset();
    const pid_t child = ::fork();
    if (child == 0) {
      Open();
      if (store_ == nullptr || !store_->open_report().index_was_saved) ::_exit(1);
      writes();
      if (!HasFailure()) ::kill(::getpid(), SIGKILL);
      ::_exit(2);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    writes();
  }

  void CopyTo(const fs::path& to) const {
    fs::remove_all(to);
    fs::copy(directory_.path(), to);
  }

  // The store in `directory` has the pairs of the model, and the figures of a store that was built without an index.
  void Check(const fs::path& directory, bool was_saved) {
    const fs::path anew = copies_.path() / "anew";
    fs::remove_all(anew);
    fs::copy(directory, anew);
    fs::remove(log::IndexPath(anew));
    const auto store = Store::Open(io::PosixFileSystem(), directory, options_);
    const auto built = Store::Open(io::PosixFileSystem(), anew, options_);
    ASSERT_TRUE(IsOk(store));
    ASSERT_TRUE(IsOk(built));
    EXPECT_EQ((*store)->open_report().index_was_saved, was_saved);
    EXPECT_FALSE((*built)->open_report().index_was_saved);
    EXPECT_EQ((*store)->Stats()->keys, model_.size());
    EXPECT_EQ((*store)->Stats()->live_bytes, (*built)->Stats()->live_bytes);
    auto next = model_.begin();
    ASSERT_TRUE(IsOk((*store)->Scan({}, [&](std::string_view key, std::string_view value) {
      return next != model_.end() && next->first == key && (next++)->second == value;
    })));
    EXPECT_TRUE(next == model_.end());
    for (int i = 0; i < 300; ++i) {
      const std::string key = "key" + std::to_string(i);
      const auto at = model_.find(key);
      EXPECT_EQ(*(*store)->Get(key), at == model_.end() ? std::nullopt : std::optional(at->second)) << key;
    }
  }

  std::map<std::string, std::string> model_;
  test::TemporaryDirectory copies_;
  const fs::path copy_ = copies_.path() / "copy";
};

TEST_F(SavedIndexTest, IsTakenAfterACleanStopUnderEveryPolicy) {
  for (const SyncPolicy sync : {SyncPolicy::kNone, SyncPolicy::kInterval, SyncPolicy::kAlways}) {
    options_.sync = sync;
    Open();
    Set(0, 200, "value" + std::to_string(static_cast<int>(sync)));
    Remove(0, 20);
    store_.reset();
    CopyTo(copy_);
    Check(copy_, true);
  }
}

TEST_F(SavedIndexTest, AnEmptyStoreHasOneToo) {
  Open();
  Open();
  EXPECT_TRUE(store_->open_report().index_was_saved);
  EXPECT_EQ(store_->Stats()->keys, 0U);
}

TEST_F(SavedIndexTest, LeavesFillManyChunksAndTheStoreIsUsed) {
  Open();
  constexpr int kKeys = 300'000;
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(IsOk(store_->Set("k" + std::to_string(i * 7919L % kKeys), "v")));
  Open();
  ASSERT_TRUE(store_->open_report().index_was_saved);
  EXPECT_EQ(store_->open_report().records, 0U);
  for (int i = 0; i < kKeys; i += 3) ASSERT_TRUE(IsOk(store_->Set("k" + std::to_string(i), "w")));
  for (int i = 0; i < kKeys; i += 5) ASSERT_TRUE(IsOk(store_->Remove("k" + std::to_string(i))));
  Open();
  ASSERT_TRUE(store_->open_report().index_was_saved);
  for (int i = 0; i < kKeys; ++i) {
    const char* const expected = i % 5 == 0 ? "(none)" : i % 3 == 0 ? "w" : "v";
    ASSERT_EQ(Get("k" + std::to_string(i)), expected) << i;
  }
}

// As with an unreadable sector: bytes read at opening are not read again.
TEST_F(SavedIndexTest, HarmsNothingIfItIsCutInAnOpenStore) {
  constexpr int kKeys = 100'000;
  Open();
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(IsOk(store_->Set("k" + std::to_string(i), "v")));
  Open();
  ASSERT_TRUE(store_->open_report().index_was_saved);
  fs::resize_file(log::IndexPath(directory_.path()), 0);
  for (int i = 0; i < kKeys; ++i) ASSERT_EQ(Get("k" + std::to_string(i)), "v") << i;
  for (int i = 0; i < kKeys; i += 3) ASSERT_TRUE(IsOk(store_->Set("k" + std::to_string(i), "w")));
  Open();
  for (int i = 0; i < kKeys; i += 7) ASSERT_EQ(Get("k" + std::to_string(i)), i % 3 == 0 ? "w" : "v") << i;
}

TEST_F(SavedIndexTest, IsIgnoredAndLoggedIfItIsDamaged) {
  std::string told;
  options_.log = [&](const std::string& line) { told += line; };
  Open();
  Set(0, 3'000, "v");
  store_.reset();
  const fs::path path = log::IndexPath(directory_.path());
  fs::resize_file(path, fs::file_size(path) - 1);
  Open();
  EXPECT_FALSE(store_->open_report().index_was_saved);
  EXPECT_NE(told.find("the index is built from the records: "), std::string::npos);
  EXPECT_EQ(Get("key7"), "v");
  store_.reset();
}

TEST_F(SavedIndexTest, EveryChangedByteAndEveryCutIsNoticed) {
  Open();
  Set(0, 300, "v");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(IsOk(store_->Set("expires" + std::to_string(i), "v", 1ULL << 60)));
  store_.reset();
  const fs::path path = log::IndexPath(directory_.path());
  const std::string whole = *io::PosixFileSystem().ReadFile(path, 1 << 20);
  const auto opens_as = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return SavedIndex::Open(io::PosixFileSystem(), directory_.path()).has_value();
  };
  ASSERT_TRUE(opens_as(whole));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ (1 << at % 8));
    ASSERT_FALSE(opens_as(changed)) << at;
    ASSERT_TRUE(at % 16 != 0 || !opens_as(whole.substr(0, at))) << at;
  }
  EXPECT_FALSE(opens_as(whole + '\0'));
  for (std::size_t at = 0; at < whole.size(); at += 512) {  // Holes.
    std::string changed = whole;
    std::fill_n(changed.begin() + static_cast<std::ptrdiff_t>(at), std::min<std::size_t>(512, whole.size() - at), '\0');
    ASSERT_TRUE(changed == whole || !opens_as(changed)) << at;
  }
}

TEST_F(SavedIndexTest, IsTakenAfterAKillWithTheWritesSince) {
  Open();
  Set(0, 3'000, std::string(300, 'a'));
  Remove(10, 20);
  KillAfter([&] {
    Set(5, 15, "newer");
    Set(3'000, 3'010, "new");
    Remove(100, 110);
    WriteBatch batch;
    batch.Set("key200", "member");
    batch.Set("key200", "a newer member");
    batch.Remove("key201");
    Write(batch);
  });
  CopyTo(copy_);
  Check(copy_, true);
  KillAfter([&] { Remove(1'000, 1'300); });
  Check(directory_.path(), true);
}

TEST_F(SavedIndexTest, IsTakenAfterAKillThoughSegmentsWereSealedSince) {
  Open();
  Set(0, 20'000, std::string(400, 'a'));
  KillAfter([&] {
    Set(20'000, 25'000, std::string(400, 'b'));
    Set(100, 200, "newer");
  });
  Check(directory_.path(), true);
}

TEST_F(SavedIndexTest, IsIgnoredAfterTooManyLaterWrites) {
  Open();
  Set(0, 1'000, "a");
  KillAfter([&] { Set(1'000, 3'000, "b"); });
  Check(directory_.path(), false);
}

// Compaction runs during the writes, and may be anywhere when the process ends.
TEST_F(SavedIndexTest, IsIgnoredOrRightAfterAKillDuringCompaction) {
  Open();
  Set(0, 5'000, std::string(400, 'a'));
  for (int round = 0; round < 4; ++round) {
    KillAfter([&] {
      for (int i = 0; i < 3; ++i) Set(0, 2'000 + 1'000 * round, std::string(400, static_cast<char>('b' + round)));
    });
    const auto store = Store::Open(io::PosixFileSystem(), directory_.path(), options_);
    ASSERT_TRUE(IsOk(store));
    ASSERT_EQ((*store)->Stats()->keys, model_.size());
    for (const auto& [key, value] : model_) ASSERT_EQ(*(*store)->Get(key), value) << key;
  }
}

TEST_F(SavedIndexTest, IsRemovedWithItsFirstSegment) {
  Open();
  Set(0, 2'000, std::string(400, 'a'));
  Open();
  ASSERT_TRUE(fs::exists(log::IndexPath(directory_.path())));
  Set(0, 2'000, std::string(400, 'b'));
  ASSERT_TRUE(IsOk(store_->Compact()));
  EXPECT_FALSE(fs::exists(log::IndexPath(directory_.path())));
  CopyTo(copy_);
  Check(copy_, false);
}

TEST_F(SavedIndexTest, IsIgnoredIfItIsOlderThanACompaction) {
  Open();
  Set(0, 2'000, std::string(400, 'a'));
  store_.reset();
  fs::copy(log::IndexPath(directory_.path()), copies_.path() / "old");
  Open();
  Set(0, 2'000, std::string(400, 'b'));
  ASSERT_TRUE(IsOk(store_->Compact()));
  store_.reset();
  CopyTo(copy_);
  fs::copy(copies_.path() / "old", log::IndexPath(copy_), fs::copy_options::overwrite_existing);
  Check(copy_, false);
}

TEST_F(SavedIndexTest, IsRightEvenIfItIsOlderThanTheLastCleanStop) {
  Open();
  Set(0, 2'000, std::string(100, 'a'));
  store_.reset();
  fs::copy(log::IndexPath(directory_.path()), copies_.path() / "old");
  Open();
  Set(0, 200, "b");
  store_.reset();
  CopyTo(copy_);
  fs::copy(copies_.path() / "old", log::IndexPath(copy_), fs::copy_options::overwrite_existing);
  Check(copy_, true);
}

// All but the records is the same: ids, lengths, sequences.
TEST_F(SavedIndexTest, IsIgnoredInAnotherStore) {
  Open();
  Set(0, 2'000, "a");
  store_.reset();
  CopyTo(copy_);
  fs::remove_all(directory_.path());
  for (int i = 0; i < 2'000; ++i) model_["key" + std::to_string(i)] = "a";
  Open();
  Set(0, 2'000, "b");
  store_.reset();
  fs::copy(log::IndexPath(copy_), log::IndexPath(directory_.path()), fs::copy_options::overwrite_existing);
  CopyTo(copy_);
  Check(copy_, false);
}

TEST_F(SavedIndexTest, IsIgnoredAndReplacedIfItsFormatIsEarlier) {
  constexpr std::streamoff kVersionOffset = 8;
  Open();
  Set(0, 3'000, "v");
  store_.reset();
  {
    std::fstream file(log::IndexPath(directory_.path()), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(kVersionOffset);
    file.put(static_cast<char>(log::kIndexFileVersion - 1));
    ASSERT_TRUE(file.good());
  }
  CopyTo(copy_);
  Check(copy_, false);
  Open();
  EXPECT_FALSE(store_->open_report().index_was_saved);
  Set(10, 20, "w");
  Open();
  EXPECT_TRUE(store_->open_report().index_was_saved);
}

TEST_F(SavedIndexTest, IsNotWrittenAgainIfNothingChanged) {
  Open();
  Set(0, 100, "a");
  store_.reset();
  const auto written = fs::last_write_time(log::IndexPath(directory_.path()));
  fs::last_write_time(log::IndexPath(directory_.path()), written - std::chrono::hours(1));
  Open();
  EXPECT_EQ(Get("key7"), "a");
  store_.reset();
  EXPECT_EQ(fs::last_write_time(log::IndexPath(directory_.path())), written - std::chrono::hours(1));
}

TEST_F(SavedIndexTest, CountsAsDiskUse) {
  Open();
  Set(0, 100, "a");
  const std::uint64_t before = store_->Stats()->disk_bytes;
  Open();
  EXPECT_GE(store_->Stats()->disk_bytes, before + fs::file_size(log::IndexPath(directory_.path())));
}

}  // namespace
}  // namespace kvs::store
