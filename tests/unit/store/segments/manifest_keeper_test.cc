// Promised: an edit that Edit() acknowledged is on the disk. An edit that was refused for want of room is not, and may
// be tried again. A segment id is never given twice, also across edits and reopening.
#include "store/segments/manifest_keeper.h"

#include <gtest/gtest.h>

#include "log/file_names.h"
#include "support/hooked_file_system.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

class ManifestKeeperTest : public testing::Test {
 protected:
  log::Manifest OnDisk() const {
    const auto bytes = io::PosixFileSystem().ReadFile(log::ManifestPath(directory_.path()), log::kManifestBytesMax);
    EXPECT_TRUE(IsOk(bytes));
    const auto manifest = log::DecodeManifest(*bytes);
    EXPECT_TRUE(IsOk(manifest));
    return *manifest;
  }

  test::TemporaryDirectory directory_;
};

TEST_F(ManifestKeeperTest, EditsAreOnTheDisk) {
  ManifestKeeper keeper(io::PosixFileSystem(), directory_.path(), {});
  const std::uint64_t id = keeper.TakeSegmentId();
  EXPECT_NE(keeper.TakeSegmentId(), id);
  ASSERT_TRUE(
      IsOk(keeper.Edit([=](log::Manifest& manifest) { manifest.Add({.segment_id = id, .sealed_bytes = 70}); })));
  ASSERT_TRUE(IsOk(keeper.Edit([](log::Manifest& manifest) { manifest.sequence = 9; })));
  const log::Manifest manifest = OnDisk();
  EXPECT_EQ(manifest.segments, (std::vector<log::ManifestEntry>{{.segment_id = id, .sealed_bytes = 70}}));
  EXPECT_EQ(manifest.sequence, 9U);
  EXPECT_GT(manifest.next_segment_id, id + 1);
}

TEST_F(ManifestKeeperTest, AnEditWithoutRoomChangesNothing) {
  bool is_full = false;
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation == test::FileOperation::kWrite && is_full) return Error{.code = ErrorCode::kNoSpace};
    return Ok();
  });
  ManifestKeeper keeper(files, directory_.path(), {});
  ASSERT_TRUE(IsOk(keeper.Edit([](log::Manifest& manifest) { manifest.sequence = 1; })));
  is_full = true;
  EXPECT_TRUE(Fails(keeper.Edit([](log::Manifest& manifest) { manifest.sequence = 2; }), ErrorCode::kNoSpace));
  EXPECT_EQ(OnDisk().sequence, 1U);
  is_full = false;
  ASSERT_TRUE(IsOk(keeper.Edit([](log::Manifest& manifest) {
    EXPECT_EQ(manifest.sequence, 1U);
    manifest.sequence = 3;
  })));
  EXPECT_EQ(OnDisk().sequence, 3U);
}

// After the rename the new manifest is in place: that must not look like an edit that may be tried again.
TEST_F(ManifestKeeperTest, AFailureAfterTheRenameIsNeverWantOfRoom) {
  bool is_renamed = false;
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation == test::FileOperation::kRename) is_renamed = true;
    if (operation == test::FileOperation::kSyncDirectory && is_renamed) return Error{.code = ErrorCode::kNoSpace};
    return Ok();
  });
  ManifestKeeper keeper(files, directory_.path(), {});
  EXPECT_TRUE(Fails(keeper.Edit([](log::Manifest& manifest) { manifest.sequence = 1; }), ErrorCode::kIo));
}

TEST_F(ManifestKeeperTest, TheSavedIndexIsRemovedWithItsFirstSegment) {
  ManifestKeeper keeper(io::PosixFileSystem(), directory_.path(), {});
  ASSERT_TRUE(IsOk(keeper.Edit([](log::Manifest& manifest) {
    for (const std::uint64_t id : {1U, 2U, 3U}) manifest.Add({.segment_id = id, .sealed_bytes = 70});
  })));
  const std::filesystem::path index = log::IndexPath(directory_.path());
  ASSERT_TRUE(io::PosixFileSystem().Open(index, io::OpenMode::kCreate));
  keeper.SetSavedIndex(99, {1, 2});
  ASSERT_TRUE(IsOk(keeper.Edit([](log::Manifest& manifest) { manifest.Remove(3); })));
  EXPECT_TRUE(std::filesystem::exists(index));
  EXPECT_EQ(keeper.saved_index_bytes(), 99U);
  ASSERT_TRUE(IsOk(keeper.Edit([](log::Manifest& manifest) { manifest.Remove(2); })));
  EXPECT_FALSE(std::filesystem::exists(index));
  EXPECT_EQ(keeper.saved_index_bytes(), 0U);
}

}  // namespace
}  // namespace kvs::store
