// Compaction promises that a removed key never comes back, whatever is removed while segments are being rewritten and
// wherever the process ends. The test steps between the operations of the compactor through the file system, and opens
// what a crash at that moment would have left.
#include "store/compactor.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "store/store.h"
#include "support/forwarding_file_system.h"
#include "support/temporary_directory.h"

namespace kvs::store {
namespace {

// The real file system, with a call before each truncation and each removal of a segment.
class SteppedFileSystem final : public test::ForwardingFileSystem {
 public:
  std::function<void()> before_truncate = [] {};
  std::function<void()> before_remove = [] {};

  Status Remove(const std::filesystem::path& path) override {
    if (path.extension() == ".seg") before_remove();
    return ForwardingFileSystem::Remove(path);
  }

 private:
  class SteppedFile final : public test::ForwardingFile {
   public:
    SteppedFile(std::unique_ptr<io::File> file, const std::function<void()>& before_truncate)
        : ForwardingFile(std::move(file)), before_truncate_(before_truncate) {}
    Status Truncate(std::uint64_t bytes) override {
      before_truncate_();
      return ForwardingFile::Truncate(bytes);
    }

   private:
    const std::function<void()>& before_truncate_;
  };

  Result<std::unique_ptr<io::File>> OnOpen(const std::filesystem::path&, io::OpenMode,
                                           std::unique_ptr<io::File> file) override {
    return std::make_unique<SteppedFile>(std::move(file), before_truncate);
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
TEST(CompactorTest, AKeyRemovedWhileItsRecordIsCopiedStaysRemovedWhenItsTombstoneIsRewritten) {
  const test::TemporaryDirectory directory;
  const test::TemporaryDirectory crashed;
  SteppedFileSystem files;
  const auto store = *Store::Open(files, directory.path() / "store", SmallSegments());
  ASSERT_TRUE(store->Set("victim", "must not come back"));
  ASSERT_TRUE(store->Set("garbage", "1"));
  ASSERT_TRUE(store->Set("garbage", "2"));
  SetMany(*store, "first", 700);

  int truncations = 0;
  files.before_truncate = [&] {
    if (++truncations == 2) {  // The first one seals what was written above.
      EXPECT_TRUE(store->Remove("victim"));
    }
  };
  ASSERT_TRUE(store->Compact());
  ASSERT_EQ(truncations, 2);
  files.before_truncate = [] {};
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

}  // namespace
}  // namespace kvs::store
