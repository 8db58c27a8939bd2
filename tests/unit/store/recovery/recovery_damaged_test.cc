// Promised: a damaged store is refused, unless it is to be opened for reading alone. Then all that is readable is read,
// no value is ever wrong, every write is refused, and no segment is changed. The tests change every byte of a segment,
// headers and manifests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "log/file_names.h"
#include "store/recovery/recovery.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;

class RecoveryDamagedTest : public StoreFixture {
 protected:
  // A store that is closed, without the saved index: opening reads every record.
  void MakeStore(int keys, std::size_t value_bytes) {
    options_ = SmallSegments();
    Open();
    for (int i = 0; i < keys; ++i) {
      const std::string key = "key" + std::to_string(i);
      const std::string value = std::to_string(i) + std::string(value_bytes, '.');
      ASSERT_TRUE(IsOk(store_->Set(key, value)));
      pairs_[key] = value;
    }
    store_.reset();
    fs::remove(log::IndexPath(directory_.path()));
  }

  static std::string Bytes(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void Write(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }
  static void Flip(const fs::path& path, std::size_t at) {
    std::string bytes = Bytes(path);
    bytes.at(at) = static_cast<char>(bytes[at] ^ 0x20);
    Write(path, bytes);
  }

  Result<std::unique_ptr<Store>> TryOpen() { return Store::Open(io::PosixFileSystem(), directory_.path(), options_); }
  void OpenReadOnly() {
    options_.on_damage = OnDamage::kReadOnly;
    Open();
  }
  // How many pairs are missing. All others must be right.
  std::size_t CountMissing() {
    std::size_t missing = 0;
    for (const auto& [key, value] : pairs_) {
      const std::string found = Get(key);
      if (found == "(none)") {
        ++missing;
      } else {
        EXPECT_EQ(found, value) << key;
      }
    }
    return missing;
  }

  std::map<std::string, std::string> pairs_;
};

TEST_F(RecoveryDamagedTest, ADamagedRecordIsLeftOutAndTheOthersAreRead) {
  MakeStore(5, 20);
  const fs::path segment = Files(".seg").front();
  Flip(segment, Bytes(segment).find("2...."));
  const auto refused = TryOpen();
  ASSERT_TRUE(Fails(refused, ErrorCode::kCorruption));

  const std::string before = Bytes(segment);
  KeepLog();
  OpenReadOnly();
  EXPECT_EQ(Get("key2"), "(none)");
  EXPECT_EQ(CountMissing(), 1U);
  EXPECT_EQ(Scan({}).size(), 4U);
  EXPECT_EQ(store_->Stats()->keys, 4U);
  EXPECT_THAT(store_->open_report().read_only_because, HasSubstr("offset="));
  EXPECT_THAT(Log(), HasSubstr("left out 3"));
  EXPECT_TRUE(Fails(store_->Set("a", "b"), ErrorCode::kPoisoned));
  EXPECT_TRUE(Fails(store_->Remove("key1"), ErrorCode::kPoisoned));
  store_.reset();
  EXPECT_EQ(Bytes(segment), before);
}

TEST_F(RecoveryDamagedTest, WhicheverByteIsDamagedNoValueIsWrong) {
  MakeStore(5, 3);
  const fs::path segment = Files(".seg").front();
  const std::string whole = Bytes(segment);
  const std::size_t end = whole.find_last_not_of('\0') + 1;
  for (std::size_t at = 0; at < end; ++at) {
    Write(segment, whole);
    Flip(segment, at);
    options_.on_damage = OnDamage::kReadOnly;
    auto opened = TryOpen();
    if (!opened) {
      EXPECT_LT(at, 64U) << "only the header of the only segment may prevent reading";
      continue;
    }
    store_ = std::move(*opened);
    EXPECT_LE(CountMissing(), 1U) << at;
    store_.reset();
  }
}

TEST_F(RecoveryDamagedTest, AnotherSegmentIsReadIfOneHasADamagedHeader) {
  MakeStore(60, 50'000);
  const auto segments = Files(".seg");
  ASSERT_GE(segments.size(), 3U);
  Flip(segments[1], 20);
  ASSERT_TRUE(Fails(TryOpen(), ErrorCode::kCorruption));
  OpenReadOnly();
  const std::size_t missing = CountMissing();
  EXPECT_GT(missing, 0U);
  EXPECT_LT(missing, 30U);
}

TEST_F(RecoveryDamagedTest, WithoutAManifestAllSegmentsAreRead) {
  MakeStore(60, 50'000);
  Flip(log::ManifestPath(directory_.path()), 30);
  ASSERT_TRUE(Fails(TryOpen(), ErrorCode::kCorruption));
  OpenReadOnly();
  EXPECT_EQ(CountMissing(), 0U);
}

TEST_F(RecoveryDamagedTest, AWholeStoreIsOpenedForWriting) {
  MakeStore(5, 20);
  OpenReadOnly();
  EXPECT_EQ(CountMissing(), 0U);
  EXPECT_TRUE(IsOk(store_->Set("a", "b")));
  EXPECT_EQ(store_->open_report().read_only_because, "");
}

}  // namespace
}  // namespace kvs::store
