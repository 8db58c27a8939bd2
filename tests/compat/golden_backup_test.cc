// Promised: a backup that an older build made is listed, proved and restored by each later one. The test has the backup
// of the golden store of format 2 that the first build with backups made. Its bytes stay as they are.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "compat/golden_store.h"
#include "kvs/backup.h"
#include "kvs/kv_store.h"
#include "support/temporary_directory.h"

namespace kvs::compat {
namespace {

constexpr const char* kRoot = "979cd96cccd0416ab758cc3414c00f433fc039e6e8e34f4d2256827a2bd9b3a8";

class GoldenBackupTest : public testing::Test {
 protected:
  GoldenBackupTest() {
    const auto golden = std::filesystem::path(KVS_COMPAT_DIRECTORY) / "backup1" / "data" / "backups";
    std::filesystem::copy(golden, backups_, std::filesystem::copy_options::recursive);
  }

  const test::TemporaryDirectory directory_;
  const std::filesystem::path backups_ = directory_.path() / "backups";
};

TEST_F(GoldenBackupTest, IsFoundAndProved) {
  const auto found = FindBackups(backups_);
  ASSERT_TRUE(found) << found.error().ToString();
  ASSERT_EQ(found->size(), 1U);
  const auto info = VerifyBackup(found->front());
  ASSERT_TRUE(info) << info.error().ToString();
  EXPECT_EQ(info->number, 1U);
  EXPECT_EQ(info->sequence, 14U);
  EXPECT_EQ(info->created_s, 1'796'070'857);
  EXPECT_EQ(info->files, 5U);
  EXPECT_EQ(info->bytes, 21'193U);
  EXPECT_EQ(info->root, kRoot);
}

TEST_F(GoldenBackupTest, IsRestoredWithEverythingThatWasWritten) {
  const std::filesystem::path restored = directory_.path() / "restored";
  const auto info = RestoreBackup(backups_, restored);
  ASSERT_TRUE(info) << info.error().ToString();
  const auto store = KvStore::Open(restored);
  ASSERT_TRUE(store) << store.error().ToString();
  std::map<std::string, std::string> pairs;
  ASSERT_TRUE((*store)->Scan({}, [&](std::string_view key, std::string_view value) {
    pairs.emplace(key, value);
    return true;
  }));
  EXPECT_EQ(pairs, GoldenPairs());
}

TEST_F(GoldenBackupTest, TheNextOneSharesItsSegments) {
  const std::filesystem::path restored = directory_.path() / "restored";
  ASSERT_TRUE(RestoreBackup(backups_, restored));
  const auto store = KvStore::Open(restored);
  ASSERT_TRUE(store) << store.error().ToString();
  const auto next = (*store)->Backup(backups_, {});
  ASSERT_TRUE(next) << next.error().ToString();
  EXPECT_EQ(next->number, 2U);
  const auto difference = DiffBackups(backups_ / "000001", backups_ / "000002");
  ASSERT_TRUE(difference) << difference.error().ToString();
  for (const std::string& name : difference->only_a) EXPECT_NE(name, "000000000001.seg");
}

TEST_F(GoldenBackupTest, ALaterFormatIsRefusedInWords) {
  const std::filesystem::path list = backups_ / "000001" / "BACKUP";
  std::ofstream(list) << "# kvs backup 2\n# end 1f24cf272e26af63adecbfed389b53b7738ea1dc67e3dfb502e2d4487097a2a4\n";
  const auto info = VerifyBackup(backups_ / "000001");
  ASSERT_FALSE(info);
  EXPECT_EQ(info.error().code, ErrorCode::kUnsupported) << info.error().ToString();
  EXPECT_NE(info.error().context.find("BACKUP"), std::string::npos) << info.error().ToString();
}

}  // namespace
}  // namespace kvs::compat
