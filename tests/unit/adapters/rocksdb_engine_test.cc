// Promised beyond the contract suite: a damaged byte is corruption, never another value. A database that is in use says
// so. After a failed write there are no more writes, but reads go on. The acknowledged writes are there when it is
// opened again. Each sync policy syncs when it says. The tests damage tables byte by byte, and let the system refuse to
// write.
#include "kvs/rocksdb_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/temporary_directory.h"

namespace kvs {
namespace {

constexpr int kKeys = 500;

std::string KeyOf(int i) { return "key" + std::to_string(i); }
std::string ValueOf(int i) { return "value" + std::to_string(i * 7'919); }

class RocksDbEngineTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const Status built_in = RocksDbEngine::CheckBuiltIn(); !built_in) {
      GTEST_SKIP() << built_in.error().ToString();
    }
  }

  std::shared_ptr<RocksDbEngine> Open(const KvStoreOptions& options = {.sync = SyncPolicy::kNone}) {
    auto engine = RocksDbEngine::Open(directory_.path(), options);
    EXPECT_TRUE(engine) << engine.error().ToString();
    return engine.value_or(nullptr);
  }
  void FillOneTable() {
    const auto engine = Open();
    for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(engine->Set(KeyOf(i), ValueOf(i)));
    ASSERT_TRUE(engine->Compact());
  }
  std::filesystem::path Table() {
    for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
      if (entry.path().extension() == ".sst") return entry.path();
    }
    return {};
  }

  test::TemporaryDirectory directory_;
};

void FlipByte(const std::filesystem::path& path, std::uintmax_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ 0x40);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

// Reads all, one by one, in one call, and in order: right values or kCorruption. Whether there was any corruption.
bool ReadDamaged(RocksDbEngine& engine) {
  bool is_damaged = false;
  const auto expect_corruption = [&is_damaged](const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::kCorruption) << error.ToString();
    is_damaged = true;
  };
  for (int i = 0; i < kKeys; ++i) {
    const auto value = engine.Get(KeyOf(i));
    if (!value) {
      expect_corruption(value.error());
    } else {
      EXPECT_EQ(*value, ValueOf(i));
    }
    const std::string key = KeyOf(i);
    const std::vector<std::string_view> keys = {key};
    const Status many = engine.MultiGet(
        keys, [i](std::size_t, std::optional<std::string_view> found) { EXPECT_EQ(found, ValueOf(i)); });
    if (!many) expect_corruption(many.error());
  }
  int pairs = 0;
  const Status scan = engine.Scan({}, [&pairs](std::string_view, std::string_view) { return ++pairs > 0; });
  if (!scan) {
    expect_corruption(scan.error());
  } else {
    EXPECT_EQ(pairs, kKeys);
  }
  return is_damaged;
}

TEST_F(RocksDbEngineTest, ADamagedByteIsCorruptionAndNeverAnotherValue) {
  FillOneTable();
  const std::uintmax_t bytes = std::filesystem::file_size(Table());
  int damages = 0;
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    const std::uintmax_t at = bytes * static_cast<unsigned>(round) / kRounds;
    FlipByte(Table(), at);
    const auto engine = RocksDbEngine::Open(directory_.path(), {.sync = SyncPolicy::kNone});
    if (!engine) {
      EXPECT_EQ(engine.error().code, ErrorCode::kCorruption) << engine.error().ToString();
      ++damages;
    } else {
      damages += ReadDamaged(**engine) ? 1 : 0;
    }
    FlipByte(Table(), at);
  }
  EXPECT_GT(damages, kRounds / 2);  // Not each: a table holds properties that nobody needs to read.
  EXPECT_FALSE(ReadDamaged(*Open()));
}

TEST_F(RocksDbEngineTest, ADatabaseInUseIsRefusedAsInUse) {
  const auto holder = Open();
  const auto second = RocksDbEngine::Open(directory_.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kInUse) << second.error().ToString();
}

TEST_F(RocksDbEngineTest, AnImpossibleDirectoryIsAnError) {
  const auto engine = RocksDbEngine::Open("/dev/null/data");
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::kIo) << engine.error().ToString();
  EXPECT_THAT(engine.error().ToString(), testing::HasSubstr("/dev/null/data"));
}

// FileBytesLimit: no file of this process grows beyond so many bytes, as long as it lives.
class FileBytesLimit {
 public:
  explicit FileBytesLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &former_);
    former_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {.rlim_cur = bytes, .rlim_max = former_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileBytesLimit() {
    ::setrlimit(RLIMIT_FSIZE, &former_);
    ::signal(SIGXFSZ, former_handler_);
  }
  FileBytesLimit(const FileBytesLimit&) = delete;
  FileBytesLimit& operator=(const FileBytesLimit&) = delete;

 private:
  rlimit former_{};
  sighandler_t former_handler_ = SIG_DFL;
};

TEST_F(RocksDbEngineTest, AfterAFailedWriteThereAreNoMoreAndReadsGoOn) {
  constexpr rlim_t kBytesMax = 300'000;
  const std::string value(1'000, 'v');
  int acknowledged = 0;
  {
    const auto engine = Open({.sync = SyncPolicy::kInterval, .sync_interval = std::chrono::milliseconds(1)});
    {
      const FileBytesLimit limit(kBytesMax);
      Status status = Ok();
      while (status && acknowledged < 1'000) {
        status = engine->Set(KeyOf(acknowledged), value);
        if (status) ++acknowledged;
      }
      ASSERT_FALSE(status);
      EXPECT_THAT(status.error().code, testing::AnyOf(ErrorCode::kIo, ErrorCode::kPoisoned))
          << status.error().ToString();
    }
    const Status next = engine->Set("next", value);
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().code, ErrorCode::kPoisoned) << next.error().ToString();
    EXPECT_FALSE(engine->Sync());
    for (int i = 0; i < acknowledged; ++i) EXPECT_EQ(engine->Get(KeyOf(i)).value(), value);
  }
  ASSERT_GT(acknowledged, 0);
  const auto engine = Open();
  for (int i = 0; i < acknowledged; ++i) EXPECT_EQ(engine->Get(KeyOf(i)).value(), value);
  EXPECT_EQ(engine->Get("next").value(), std::nullopt);
  EXPECT_TRUE(engine->Set("next", value));
}

TEST_F(RocksDbEngineTest, AScanShowsEachPairAsItIsWhenItIsVisited) {
  const auto engine = Open();
  for (const bool is_reverse : {false, true}) {
    for (const char* key : {"a", "b", "c", "d", "e"}) ASSERT_TRUE(engine->Set(key, "old"));
    ASSERT_TRUE(engine->Update("bb", [](auto) { return UpdateDecision::Remove(); }));
    std::string seen;
    const auto visit = [&](std::string_view key, std::string_view value) {
      if (seen.empty()) {
        std::jthread([&engine] {
          EXPECT_TRUE(engine->Set("bb", "new"));
          EXPECT_TRUE(engine->Set("c", "new"));
          EXPECT_TRUE(engine->Remove("d"));
        }).join();
      }
      seen.append(key).append("=").append(value).append(" ");
      return true;
    };
    ASSERT_TRUE(engine->Scan({.from = "a", .to = "f", .reverse = is_reverse}, visit));
    EXPECT_EQ(seen, is_reverse ? "e=old c=new bb=new b=old a=old " : "a=old b=old bb=new c=new e=old ");
  }
}

TEST_F(RocksDbEngineTest, UnderNoneOnlyACallOfSyncSyncs) {
  const auto engine = Open({.sync = SyncPolicy::kNone});
  const std::uint64_t before = engine->Stats()->syncs;
  ASSERT_TRUE(engine->Set("key", "value"));
  EXPECT_EQ(engine->Stats()->syncs, before);
  ASSERT_TRUE(engine->Sync());
  EXPECT_EQ(engine->Stats()->syncs, before + 1);
}

TEST_F(RocksDbEngineTest, UnderAlwaysEachWriteIsSynced) {
  const auto engine = Open({.sync = SyncPolicy::kAlways});
  const std::uint64_t before = engine->Stats()->syncs;
  ASSERT_TRUE(engine->Set("key", "value"));
  EXPECT_EQ(engine->Stats()->syncs, before + 1);
  WriteBatch batch;
  batch.Set("key", "other");
  ASSERT_TRUE(engine->Write(batch));
  ASSERT_TRUE(engine->Remove("key"));
  EXPECT_EQ(engine->Stats()->syncs, before + 3);
}

TEST_F(RocksDbEngineTest, UnderIntervalAWriteIsSyncedByItself) {
  const auto engine = Open({.sync = SyncPolicy::kInterval, .sync_interval = std::chrono::milliseconds(1)});
  const std::uint64_t before = engine->Stats()->syncs;
  ASSERT_TRUE(engine->Set("key", "value"));
  while (engine->Stats()->syncs == before) std::this_thread::yield();
}

TEST_F(RocksDbEngineTest, StatsFollowTheWrites) {
  const auto engine = Open();
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(engine->Set(KeyOf(i), std::string(1'000, 'v')));
  const auto written = engine->Stats();
  ASSERT_TRUE(written);
  EXPECT_EQ(written->keys, static_cast<std::uint64_t>(kKeys));
  EXPECT_GT(written->written_bytes, kKeys * 1'000u);
  EXPECT_GT(written->disk_bytes, kKeys * 1'000u);
  EXPECT_EQ(written->segments, 0u);
  ASSERT_TRUE(engine->Compact());
  EXPECT_EQ(engine->Stats()->segments, 1u);
  EXPECT_GT(engine->Stats()->written_bytes, written->written_bytes);

  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(engine->Remove(KeyOf(i)));
  ASSERT_TRUE(engine->Compact());
  EXPECT_EQ(engine->Stats()->keys, 0u);
  EXPECT_EQ(engine->Stats()->segments, 0u);
  EXPECT_GT(engine->Stats()->compactions, 0u);
}

}  // namespace
}  // namespace kvs
