// Promised: a removed key never comes back, for any removal during a rewriting of segments and any moment at which the
// process ends. The test steps between the operations of the compactor through the file system. It opens the files that
// a crash at that moment would have left.
#include "store/compaction/compactor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/try.h"
#include "log/file_names.h"
#include "log/record_scan.h"
#include "store/store.h"
#include "support/forwarding_file_system.h"
#include "support/hooked_file_system.h"
#include "support/temporary_directory.h"
#include "sync/mutex.h"

namespace kvs::store {
namespace {

// A call that the tests insert while threads of the store make it.
template <typename Answer>
class Step {
 public:
  explicit Step(std::function<Answer()> call) : call_(std::move(call)) {}

  Step& operator=(std::function<Answer()> call) KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    call_ = std::move(call);
    return *this;
  }

  Answer operator()() const KVS_EXCLUDES(mutex_) {
    std::function<Answer()> call;
    {
      const sync::MutexLock lock(mutex_);
      call = call_;
    }
    return call();
  }

 private:
  mutable sync::Mutex mutex_;
  std::function<Answer()> call_ KVS_GUARDED_BY(mutex_);
};

// The real file system, with a call before each truncation and each removal of a segment, each renaming, and before an
// output of compaction is read: it is whole then, but not named yet.
class SteppedFileSystem final : public test::ForwardingFileSystem {
 public:
  Step<void> before_truncate{[] {}};
  Step<void> before_output{[] {}};
  Step<void> before_remove{[] {}};
  Step<Status> before_rename{[] { return Ok(); }};

  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    KVS_TRY(before_rename());
    return ForwardingFileSystem::Rename(from, to);
  }

  Status Remove(const std::filesystem::path& path) override {
    if (path.extension() == ".seg") before_remove();
    return ForwardingFileSystem::Remove(path);
  }

 private:
  class SteppedFile final : public test::ForwardingFile {
   public:
    SteppedFile(std::unique_ptr<io::File> file, const SteppedFileSystem& steps)
        : ForwardingFile(std::move(file)), steps_(steps) {}
    Status Truncate(std::uint64_t bytes) override {
      steps_.before_truncate();
      return ForwardingFile::Truncate(bytes);
    }
    Result<io::Mapping> Map(std::size_t bytes, io::Access access) override {
      if (access == io::Access::kRead) steps_.before_output();
      return ForwardingFile::Map(bytes, access);
    }

   private:
    const SteppedFileSystem& steps_;
  };

  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path&, io::OpenMode,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<SteppedFile>(std::move(file), *this);
  }
};

// Small segments, and no compaction but the one that is asked for.
KvStoreOptions SmallSegments() {
  KvStoreOptions options;
  options.sync = SyncPolicy::kNone;
  options.segment_bytes = std::uint64_t{1} << 20;
  options.garbage_ratio_max = 0.9;
  return options;
}

void SetMany(Store& store, const std::string& prefix, int pairs) {
  for (int i = 0; i < pairs; ++i) ASSERT_TRUE(store.Set(prefix + std::to_string(i), std::string(1'000, 'v')));
}

// The first compaction copies the record of "victim", which is then removed before the copy is published: the copy is
// dead, in a segment that was made at the very sequence of the tombstone. The second one rewrites the tombstone's
// segment alone, because together with the other it would copy too much.
TEST(CompactorTest, AKeyRemovedWhileItIsCopiedStaysRemoved) {
  const test::TemporaryDirectory directory;
  const test::TemporaryDirectory crashed;
  SteppedFileSystem files;
  const auto store = *Store::Open(files, directory.path() / "store", SmallSegments());
  ASSERT_TRUE(store->Set("victim", "must not come back"));
  ASSERT_TRUE(store->Set("garbage", "1"));
  ASSERT_TRUE(store->Set("garbage", "2"));
  SetMany(*store, "first", 700);

  int outputs = 0;
  files.before_output = [&] {
    if (++outputs == 1) {
      EXPECT_TRUE(store->Remove("victim"));
    }
  };
  ASSERT_TRUE(store->Compact());
  ASSERT_EQ(outputs, 1);
  files.before_output = [] {};
  SetMany(*store, "second", 500);

  bool has_crashed = false;
  files.before_remove = [&] {
    if (!std::exchange(has_crashed, true)) {
      std::filesystem::copy(directory.path() / "store", crashed.path() / "store",
                            std::filesystem::copy_options::recursive);
    }
  };
  ASSERT_TRUE(store->Compact());
  files.before_remove = [] {};
  ASSERT_TRUE(has_crashed);
  EXPECT_EQ(*store->Get("victim"), std::nullopt);

  const auto reopened = Store::Open(io::PosixFileSystem(), crashed.path() / "store", SmallSegments());
  ASSERT_TRUE(reopened) << reopened.error().ToString();
  EXPECT_EQ(*(*reopened)->Get("victim"), std::nullopt);
  EXPECT_EQ(*(*reopened)->Get("first0"), std::string(1'000, 'v'));
  EXPECT_EQ(*(*reopened)->Get("second0"), std::string(1'000, 'v'));
}

std::string KeyOf(int number) {
  const std::string digits = std::to_string(number);
  return "key" + std::string(5 - digits.size(), '0') + digits;
}

// 3,000 keys in an order that is not theirs, of which each third is overwritten and each third removed.
void FillForClustering(Store& store) {
  constexpr int kKeys = 3'000;
  constexpr int kStep = 1'009;  // Has no divisor in common with the number of keys.
  const std::string old_value(1'000, 'o');
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(store.Set(KeyOf(i * kStep % kKeys), old_value));
  for (int i = 0; i < kKeys; ++i) {
    const int number = i * kStep % kKeys;
    if (number % 3 == 0) {
      ASSERT_TRUE(store.Set(KeyOf(number), std::string(900, 'n')));
    } else if (number % 3 == 1) {
      ASSERT_TRUE(store.Remove(KeyOf(number)));
    }
  }
}

void ExpectAllOfClustering(Store& store) {
  int number = 0;
  const auto visit = [&](std::string_view key, std::string_view value) {
    if (number % 3 == 1) ++number;
    EXPECT_EQ(key, KeyOf(number));
    EXPECT_EQ(value, number % 3 == 0 ? std::string(900, 'n') : std::string(1'000, 'o'));
    ++number;
    return key == KeyOf(number - 1);
  };
  ASSERT_TRUE(store.Scan({}, visit));
  EXPECT_EQ(number, 3'000);
}

std::vector<std::shared_ptr<log::Segment>> SegmentsIn(const std::filesystem::path& directory) {
  std::vector<std::shared_ptr<log::Segment>> segments;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const auto id = log::SegmentIdOfFileName(entry.path().filename().string());
    if (id && entry.path().extension() == ".seg") {
      segments.push_back(*log::Segment::Open(io::PosixFileSystem(), directory, *id));
    }
  }
  std::sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) { return a->id() < b->id(); });
  return segments;
}

TEST(CompactorTest, CompactingWritesOneRunInKeyOrderAndLeavesIt) {
  const test::TemporaryDirectory directory;
  auto store = *Store::Open(io::PosixFileSystem(), directory.path(), SmallSegments());
  FillForClustering(*store);
  ASSERT_TRUE(store->Compact());
  ExpectAllOfClustering(*store);
  const std::uint64_t compactions = store->Stats()->compactions;
  ASSERT_TRUE(store->Compact());
  EXPECT_EQ(store->Stats()->compactions, compactions);
  store.reset();

  std::string last_key;
  std::uint64_t run = 0;
  int outputs = 0;
  for (const auto& segment : SegmentsIn(directory.path())) {
    if (segment->header().run == 0) continue;  // The end of the log, which is empty.
    ++outputs;
    run = run == 0 ? segment->header().run : run;
    EXPECT_EQ(segment->header().run, run);
    const auto visit = [&](const log::RecordSummary& record) {
      EXPECT_LT(last_key, record.key);
      last_key = record.key;
    };
    const std::uint64_t end = segment->readable_bytes();
    EXPECT_EQ(log::ScanRecords(*segment, log::kSegmentHeaderBytes, end, visit), end);
  }
  EXPECT_GE(outputs, 2);
  EXPECT_EQ(last_key, KeyOf(2'999));

  store = *Store::Open(io::PosixFileSystem(), directory.path(), SmallSegments());
  ExpectAllOfClustering(*store);
  ASSERT_TRUE(store->Compact());
  EXPECT_EQ(store->Stats()->compactions, 0U) << "it is known after an opening, too";
}

TEST(CompactorTest, ADamagedSegmentIsReportedAndLeftAloneAfterwards) {
  const test::TemporaryDirectory directory;
  const auto store = *Store::Open(io::PosixFileSystem(), directory.path(), SmallSegments());
  FillForClustering(*store);
  {
    const std::filesystem::path first = log::SegmentPath(directory.path(), SegmentsIn(directory.path()).front()->id());
    std::fstream file(first, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(500'000);
    file.put('x').flush();
  }
  const Status compacted = store->Compact();
  ASSERT_FALSE(compacted);
  EXPECT_EQ(compacted.error().code, ErrorCode::kCorruption) << compacted.error().ToString();
  EXPECT_TRUE(store->Compact());
  int damaged = 0;
  for (int i = 0; i < 3'000; ++i) {
    const auto value = store->Get(KeyOf(i));
    damaged += value ? 0 : 1;
    EXPECT_TRUE(!value || value->has_value() == (i % 3 != 1)) << i;
  }
  EXPECT_LE(damaged, 1);
}

constexpr int kLargeRecords = 150;
constexpr int kClusteredKeys = 6'000;

std::string LongKeyOf(int i) { return std::string(400, 'a') + std::to_string(i); }

// Segments of large records with little garbage are not copied, and dead records in one keep later tombstones.
void FillWithTombstones(Store& store, int tombstones) {
  constexpr int kStep = 1'009;  // Has no divisor in common with the number of keys.
  for (int i = 0; i < kLargeRecords; ++i) {
    ASSERT_TRUE(store.Set("zlarge" + std::to_string(i), std::string(70'000, 'l')));
    if (i > 1) continue;
    ASSERT_TRUE(store.Set("zgarbage", ""));
  }
  for (int i = 0; i < tombstones; ++i) ASSERT_TRUE(store.Set(LongKeyOf(i), ""));
  for (int i = 0; i < tombstones; ++i) ASSERT_TRUE(store.Remove(LongKeyOf(i)));
  for (int i = 0; i < kClusteredKeys; ++i) {
    ASSERT_TRUE(store.Set(KeyOf(i * kStep % kClusteredKeys), std::string(1'000, 'o')));
  }
}

// Writers come to the bound of the disk use after a compaction on demand has written its first segment. The compaction
// gives way to their needs, and goes on afterwards. It does not give way if that segment holds only tombstones, or it
// would copy them again and again.
void ClusterBesideWriters(int tombstones) {
  constexpr int kOverwrites = 40'000;
  const test::TemporaryDirectory directory;
  SteppedFileSystem files;
  KvStoreOptions options = SmallSegments();
  options.garbage_ratio_max = 0.5;
  const auto store = *Store::Open(files, directory.path(), options);
  ASSERT_NO_FATAL_FAILURE(FillWithTombstones(*store, tombstones));

  std::atomic<int> overwrites = 0;
  std::future<void> writer;
  files.before_output = [&] {
    if (writer.valid()) return;
    writer = std::async(std::launch::async, [&] {
      for (int i = 0; i < kOverwrites; ++i) {
        ASSERT_TRUE(store->Set(KeyOf(i % 50), std::string(1'000, 'n')));
        overwrites.store(i + 1, std::memory_order_relaxed);
      }
    });
    int seen = -1;  // Until the writer waits for compaction.
    for (int unchanged = 0; unchanged < 20'000 && seen < kOverwrites; ++unchanged) {
      if (seen != overwrites.load(std::memory_order_relaxed)) unchanged = 0;
      seen = overwrites.load(std::memory_order_relaxed);
      std::this_thread::yield();
    }
  };
  ASSERT_TRUE(store->Compact());
  ASSERT_TRUE(writer.valid());
  writer.get();
  for (int i = 0; i < kClusteredKeys; ++i) {
    ASSERT_EQ(*store->Get(KeyOf(i)), std::string(1'000, i < 50 ? 'n' : 'o')) << i;
  }
  for (int i = 0; i < tombstones; ++i) ASSERT_EQ(*store->Get(LongKeyOf(i)), std::nullopt);
  EXPECT_EQ(store->Stats()->keys, kClusteredKeys + kLargeRecords + 1U);
}

TEST(CompactorTest, ACompactionOnDemandGivesWayToWritersAndEnds) { ClusterBesideWriters(0); }

TEST(CompactorTest, ACompactionOfTombstonesDoesNotGiveWayAndEnds) { ClusterBesideWriters(3'000); }

// The disk loses the copied records before the index points to them.
TEST(CompactorTest, AnUnreadableOutputKeepsItsInputs) {
  const test::TemporaryDirectory directory;
  SteppedFileSystem files;
  const auto store = *Store::Open(files, directory.path(), SmallSegments());
  FillForClustering(*store);
  bool is_cut = false;
  files.before_rename = [&] {
    const auto segments = SegmentsIn(directory.path());
    if (is_cut || segments.back()->header().run == 0) return Ok();
    is_cut = true;
    std::filesystem::resize_file(log::SegmentPath(directory.path(), segments.back()->id()), log::kSegmentHeaderBytes);
    return Ok();
  };
  const Status compacted = store->Compact();
  files.before_rename = [] { return Ok(); };
  ASSERT_TRUE(is_cut);
  ASSERT_FALSE(compacted);
  EXPECT_EQ(compacted.error().code, ErrorCode::kCorruption) << compacted.error().ToString();
  ExpectAllOfClustering(*store);
}

// No compaction copies an overwritten or removed record, if the accounts know of it or the index must be asked.
TEST(CompactorTest, AWantOfMemoryPasses) {
  const test::TemporaryDirectory directory;
  SteppedFileSystem files;
  const auto store = *Store::Open(files, directory.path(), SmallSegments());
  FillForClustering(*store);
  files.before_output = [] { throw std::bad_alloc(); };
  const Status refused = store->Compact();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(refused.error().sys_errno, ENOMEM);
  ExpectAllOfClustering(*store);
  files.before_output = [] {};
  EXPECT_TRUE(store->Compact());
  ExpectAllOfClustering(*store);
}

// The manifest names the output before its hint is written.
TEST(CompactorTest, AnOutputWithoutMemoryForItsHintStays) {
  const test::TemporaryDirectory directory;
  std::atomic<bool> is_wanting = false;
  std::atomic<int> hints = 0;
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path& path) -> Status {
    if (operation != test::FileOperation::kRename || path.extension() != ".hint") return Ok();
    hints.fetch_add(1, std::memory_order_relaxed);
    if (is_wanting.load(std::memory_order_relaxed)) throw std::bad_alloc();
    return Ok();
  });
  auto store = *Store::Open(files, directory.path(), SmallSegments());
  FillForClustering(*store);
  is_wanting.store(true, std::memory_order_relaxed);
  const int before = hints.load(std::memory_order_relaxed);
  EXPECT_TRUE(store->Compact());
  EXPECT_GT(hints.load(std::memory_order_relaxed), before);
  ExpectAllOfClustering(*store);
  store.reset();
  const auto reopened = Store::Open(io::PosixFileSystem(), directory.path(), SmallSegments());
  ASSERT_TRUE(reopened) << reopened.error().ToString();
  ExpectAllOfClustering(**reopened);
}

TEST(CompactorTest, DeadRecordsAreNotCopiedAlsoAfterReopening) {
  for (const bool is_reopened : {false, true}) {
    SCOPED_TRACE(is_reopened ? "reopened" : "not reopened");
    const test::TemporaryDirectory directory;
    auto store = *Store::Open(io::PosixFileSystem(), directory.path(), SmallSegments());
    FillForClustering(*store);
    if (is_reopened) {
      store.reset();
      store = *Store::Open(io::PosixFileSystem(), directory.path(), SmallSegments());
    }
    ASSERT_TRUE(store->Compact());
    ExpectAllOfClustering(*store);
    const std::uint64_t live_bytes = store->Stats()->live_bytes;
    store.reset();

    std::uint64_t put_bytes = 0;
    for (const auto& segment : SegmentsIn(directory.path())) {
      const auto visit = [&](const log::RecordSummary& record) {
        if (record.type == log::RecordType::kPut) put_bytes += record.bytes;
      };
      const std::uint64_t end = segment->readable_bytes();
      static_cast<void>(log::ScanRecords(*segment, log::kSegmentHeaderBytes, end, visit));
    }
    EXPECT_EQ(put_bytes, live_bytes);
  }
}

// Records grow if their sequences are counted from that of an older segment. By their bytes in the inputs they would
// fill three outputs and a little of a fourth, which is too little for their bytes in the outputs.
TEST(CompactorTest, OutputsAreFullEvenIfTheRecordsGrow) {
  constexpr int kKeys = 90'000;
  constexpr int kStep = 7'919;  // Has no divisor in common with the number of keys.
  const std::uint64_t segment_bytes = SmallSegments().segment_bytes;
  const test::TemporaryDirectory directory;
  const auto store = *Store::Open(io::PosixFileSystem(), directory.path(), SmallSegments());
  int keys = 0;
  for (; keys < kKeys && store->Stats()->live_bytes < 3 * segment_bytes + 4'000; ++keys) {
    ASSERT_TRUE(store->Set(KeyOf(keys * kStep % kKeys), std::string(80, 'v')));
  }
  const std::uint64_t live_bytes_before = store->Stats()->live_bytes;
  ASSERT_TRUE(store->Compact());
  const auto stats = *store->Stats();
  EXPECT_EQ(stats.keys, static_cast<std::uint64_t>(keys));
  EXPECT_GT(stats.live_bytes, live_bytes_before + 10'000);
  EXPECT_LE(stats.segments, 5U);  // The end of the log is one of them.
}

// Before each step that counts the process ends: outputs that are whole or not, named or not, inputs dropped or not.
TEST(CompactorTest, AKilledRunLosesNothingAndRevivesNothing) {
  const test::TemporaryDirectory directory;
  SteppedFileSystem files;
  const auto store = *Store::Open(files, directory.path() / "store", SmallSegments());
  FillForClustering(*store);
  int deaths = 0;
  const auto die = [&] {
    const std::filesystem::path crashed = directory.path() / ("crashed" + std::to_string(++deaths));
    std::filesystem::copy(directory.path() / "store", crashed, std::filesystem::copy_options::recursive);
    auto reopened = Store::Open(io::PosixFileSystem(), crashed, SmallSegments());
    ASSERT_TRUE(reopened) << reopened.error().ToString();
    ExpectAllOfClustering(**reopened);
    ASSERT_TRUE((*reopened)->Compact());
    ExpectAllOfClustering(**reopened);
    reopened->reset();
    const auto again = Store::Open(io::PosixFileSystem(), crashed, SmallSegments());
    ASSERT_TRUE(again) << again.error().ToString();
    ExpectAllOfClustering(**again);
  };
  files.before_truncate = die;
  files.before_output = die;
  files.before_remove = die;
  files.before_rename = [&] {
    die();
    return Ok();
  };
  ASSERT_TRUE(store->Compact());
  files.before_truncate = [] {};
  files.before_output = [] {};
  files.before_remove = [] {};
  files.before_rename = [] { return Ok(); };
  EXPECT_GT(deaths, 8);
  ExpectAllOfClustering(*store);
}

// The first outputs were named in the manifest, then the disk had no room for another one.
TEST(CompactorTest, ARunKeepsItsOutputsWhenTheDiskFillsUp) {
  constexpr int kNamed = 3;
  const test::TemporaryDirectory directory;
  SteppedFileSystem files;
  auto store = *Store::Open(files, directory.path(), SmallSegments());
  FillForClustering(*store);
  bool has_outputs = false;
  files.before_output = [&] { has_outputs = true; };
  int renames = 0;
  files.before_rename = [&]() -> Status {
    if (has_outputs && ++renames > kNamed) return Error{.code = ErrorCode::kNoSpace};
    return Ok();
  };
  const Status refused = store->Compact();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  files.before_rename = [] { return Ok(); };
  ExpectAllOfClustering(*store);
  ASSERT_TRUE(store->Compact());
  ExpectAllOfClustering(*store);
  const auto stats = *store->Stats();
  EXPECT_LT(stats.disk_bytes, stats.live_bytes + 4 * SmallSegments().segment_bytes);
}

}  // namespace
}  // namespace kvs::store
