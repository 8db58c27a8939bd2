// Promised: all that is readable of a damaged store gets into a new one, what is not is told with its place, and no
// value is ever wrong. The tests change every byte of a segment, cut and remove files, and compare with what was there.
#include "kvs/salvage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "log/file_names.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class SalvageTest : public StoreFixture {
 protected:
  static std::string ValueOf(int i) { return "value " + std::to_string(i) + std::string(20, '.'); }
  void PutSome() {
    Open();
    for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), ValueOf(i))));
    ASSERT_TRUE(IsOk(store_->Set("removed", "?")));
    ASSERT_TRUE(IsOk(store_->Remove("removed")));
  }
  void Close() { store_.reset(); }

  Result<SalvageReport> Salvage() {
    lost_.clear();
    salvaged_ = place_.path() / std::to_string(++salvages_);
    return SalvageStore(directory_.path(), salvaged_, [&](const LostPart& part) { lost_.push_back(part); });
  }
  // The pairs of the new store, by the way of a user.
  std::map<std::string, std::string> Salvaged() {
    std::map<std::string, std::string> pairs;
    const auto store = Store::Open(io::PosixFileSystem(), salvaged_, options_);
    EXPECT_TRUE(IsOk(store));
    if (!store) return pairs;
    EXPECT_TRUE(IsOk((*store)->Scan({}, [&](std::string_view key, std::string_view value) {
      pairs[std::string(key)] = value;
      return true;
    })));
    return pairs;
  }
  std::unique_ptr<io::File> File(const std::string& name) const {
    return *io::PosixFileSystem().Open(directory_.path() / name, io::OpenMode::kReadWrite);
  }
  void Change(const std::string& name, std::uint64_t at) const {
    const auto file = File(name);
    char byte = 0;
    ASSERT_TRUE(IsOk(file->ReadAt(at, &byte, 1)));
    byte = static_cast<char>(byte ^ 0x20);
    ASSERT_TRUE(IsOk(file->WriteAt(at, {&byte, 1})));
  }

  static constexpr int kKeys = 5;
  static constexpr std::uint64_t kHeader = 64;
  const std::string segment_ = "000000000001.seg";

  test::TemporaryDirectory place_;
  fs::path salvaged_;
  int salvages_ = 0;
  std::vector<LostPart> lost_;
};

TEST_F(SalvageTest, OfAWholeStoreNothingIsLost) {
  PutSome();
  const Pairs before = Scan({});
  Close();
  const auto report = Salvage();
  ASSERT_TRUE(IsOk(report));
  EXPECT_THAT(lost_, IsEmpty());
  EXPECT_EQ(report->keys, static_cast<std::uint64_t>(kKeys));
  EXPECT_EQ(Salvaged(), (std::map<std::string, std::string>(before.begin(), before.end())));
}

TEST_F(SalvageTest, AChangedByteCostsOneRecordAtMostAndIsTold) {
  PutSome();
  Close();
  std::uint64_t end = *File(segment_)->Size();
  const std::string bytes = *io::PosixFileSystem().ReadFile(directory_.path() / segment_, end);
  end = bytes.find_last_not_of('\0') + 1;
  for (std::uint64_t at = kHeader; at < end; ++at) {
    Change(segment_, at);
    const auto report = Salvage();
    ASSERT_TRUE(IsOk(report)) << at;
    EXPECT_THAT(lost_, SizeIs(1)) << at;
    EXPECT_LE(lost_.front().offset, at);
    EXPECT_GT(lost_.front().offset + lost_.front().bytes, at);
    const auto pairs = Salvaged();
    int found = 0;
    for (int i = 0; i < kKeys; ++i) {
      const auto pair = pairs.find("key" + std::to_string(i));
      if (pair == pairs.end()) continue;
      EXPECT_EQ(pair->second, ValueOf(i)) << at;
      ++found;
    }
    EXPECT_GE(found, kKeys - 1) << at;
    Change(segment_, at);
  }
}

TEST_F(SalvageTest, ADamagedHeaderCostsNoRecord) {
  PutSome();
  Close();
  for (const std::uint64_t at : {0U, 8U, 12U, 16U, 24U, 40U}) {
    Change(segment_, at);
    ASSERT_TRUE(IsOk(Salvage())) << at;
    ASSERT_THAT(lost_, SizeIs(1)) << at;
    EXPECT_THAT(lost_.front().ToString(), HasSubstr("lost the header"));
    EXPECT_THAT(Salvaged(), SizeIs(kKeys)) << at;
    Change(segment_, at);
  }
}

TEST_F(SalvageTest, WithoutAManifestAllSegmentsCount) {
  PutSome();
  Close();
  Change("MANIFEST", 20);
  ASSERT_TRUE(IsOk(Salvage()));
  ASSERT_THAT(lost_, SizeIs(1));
  EXPECT_THAT(lost_.front().ToString(), HasSubstr("lost the manifest"));
  EXPECT_THAT(Salvaged(), SizeIs(kKeys));
  fs::remove(directory_.path() / "MANIFEST");
  ASSERT_TRUE(IsOk(Salvage()));
  EXPECT_THAT(Salvaged(), SizeIs(kKeys));
}

// Compaction has written the segments, so the lost keys are between two others.
TEST_F(SalvageTest, TheKeysAroundALostPartAreTold) {
  PutSome();
  ASSERT_TRUE(IsOk(store_->Compact()));
  Close();
  std::string name;
  std::uint64_t at = 0;
  for (const fs::path& path : Files(".seg")) {
    const std::string bytes = *io::PosixFileSystem().ReadFile(path, 8 << 20);
    if (bytes.find("value 2") == std::string::npos) continue;
    name = path.filename();
    at = bytes.find("value 2");
  }
  ASSERT_NE(at, 0U);
  Change(name, at);
  ASSERT_TRUE(IsOk(Salvage()));
  ASSERT_THAT(lost_, SizeIs(1));
  EXPECT_EQ(lost_.front().key_before, "key1");
  EXPECT_EQ(lost_.front().key_after, "key3");
  EXPECT_TRUE(lost_.front().is_in_key_order);
  EXPECT_THAT(Salvaged(), SizeIs(kKeys - 1));
}

TEST_F(SalvageTest, AMissingOrCutSegmentIsTold) {
  Open();
  for (int i = 0; i < 250; ++i) ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), std::string(10'000, 'x'))));
  ASSERT_TRUE(IsOk(store_->Compact()));
  Close();
  const auto segments = Files(".seg");
  std::string full;
  for (const fs::path& path : segments) {
    if (fs::file_size(path) > 500'000 && full.empty()) full = path.filename();
  }
  ASSERT_TRUE(IsOk(File(full)->Truncate(5'000)));
  const auto cut = Salvage();
  ASSERT_TRUE(IsOk(cut));
  EXPECT_GE(lost_.size(), 1U);
  EXPECT_GT(cut->lost_bytes, 500'000U);
  const std::size_t left = Salvaged().size();
  EXPECT_LT(left, 250U);
  fs::remove(directory_.path() / full);
  ASSERT_TRUE(IsOk(Salvage()));
  EXPECT_THAT(lost_.front().ToString(), HasSubstr(full + " offset=0: lost the file"));
  EXPECT_LE(Salvaged().size(), left);
  EXPECT_GT(Salvaged().size(), 0U);
}

TEST_F(SalvageTest, ExpiriesStay) {
  Open();
  const std::uint64_t until_ms = store_->NowMs() + 3'600'000;
  ASSERT_TRUE(IsOk(store_->Set("point", "1", until_ms)));
  ASSERT_TRUE(IsOk(store_->Set("span", "1", {until_ms, ExpiryKind::kSpan})));
  Close();
  ASSERT_TRUE(IsOk(Salvage()));
  const auto store = *Store::Open(io::PosixFileSystem(), salvaged_, options_);
  EXPECT_EQ(store->Stats()->expiring, 2U);
  for (const std::string key : {"point", "span"}) {
    ASSERT_TRUE(IsOk(store->ReadEntry(key, [&](const Entry& entry) {
      EXPECT_NEAR(static_cast<double>(entry.expiry_ms), static_cast<double>(until_ms), 2'000) << key;
    })));
  }
}

TEST_F(SalvageTest, NothingIsWrittenOverAndTheDamagedStoreStays) {
  PutSome();
  Close();
  const std::string before = *io::PosixFileSystem().ReadFile(directory_.path() / segment_, 8 << 20);
  const auto refused = SalvageStore(directory_.path(), directory_.path(), [](const LostPart&) {});
  ASSERT_TRUE(Fails(refused, ErrorCode::kInvalidArgument));
  EXPECT_THAT(refused.error().context, HasSubstr("is not empty"));
  ASSERT_TRUE(IsOk(Salvage()));
  EXPECT_EQ(*io::PosixFileSystem().ReadFile(directory_.path() / segment_, 8 << 20), before);
}

TEST_F(SalvageTest, AnOpenStoreAndADirectoryWithoutOneAreRefused) {
  EXPECT_TRUE(Fails(Salvage(), ErrorCode::kInvalidArgument));
  PutSome();
  EXPECT_TRUE(Fails(Salvage(), ErrorCode::kInUse));
  EXPECT_FALSE(fs::exists(salvaged_));
}

}  // namespace
}  // namespace kvs::store
