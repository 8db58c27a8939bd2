// Promised: a directory is opened with its own engine or not at all; a new one gets kvs unless told otherwise; one that
// is in use is refused with the holder's pid. The tests open real directories with each engine, in each order, with the
// marker file present, missing, wrong and unknown.
#include "kvs/open_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "io/file_system.h"
#include "support/engine_names.h"
#include "support/temporary_directory.h"

namespace kvs {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class OpenEngineTest : public testing::Test {
 protected:
  Result<std::shared_ptr<KvsEngine>> Open(std::optional<std::string_view> name) {
    return OpenEngine(name, directory_.path());
  }
  // Opens and closes it. The data of `name` remains.
  void Fill(std::string_view name) {
    const auto engine = Open(name);
    ASSERT_TRUE(engine) << engine.error().ToString();
    ASSERT_TRUE((*engine)->Set("key", "value"));
  }
  void ExpectError(std::optional<std::string_view> name, ErrorCode code, const testing::Matcher<std::string>& text) {
    const auto engine = Open(name);
    ASSERT_FALSE(engine);
    EXPECT_EQ(engine.error().code, code) << engine.error().ToString();
    EXPECT_THAT(engine.error().ToString(), text);
  }
  std::string Marker() { return io::PosixFileSystem().ReadFile(directory_.path() / "ENGINE", 100).value_or("none"); }
  void WriteMarker(const std::string& contents) { std::ofstream(directory_.path() / "ENGINE") << contents; }

  test::TemporaryDirectory directory_;
};

// Every engine of this build against the rules; the cases that need a second engine name them.
class OpenEngineOfEachKindTest : public OpenEngineTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override { KVS_SKIP_WITHOUT(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Engines, OpenEngineOfEachKindTest, testing::ValuesIn(test::AllEngineNames()),
                         [](const auto& instance) { return instance.param; });

TEST_P(OpenEngineOfEachKindTest, ANewDirectoryTakesAndRemembersTheGivenEngine) {
  const auto engine = Open(GetParam());
  ASSERT_TRUE(engine) << engine.error().ToString();
  EXPECT_EQ((*engine)->Name(), GetParam());
  EXPECT_EQ(Marker(), GetParam() + "\n");
}

TEST_P(OpenEngineOfEachKindTest, WithoutANameTheEngineInUseIsOpened) {
  Fill(GetParam());
  const auto engine = Open(std::nullopt);
  ASSERT_TRUE(engine) << engine.error().ToString();
  EXPECT_EQ((*engine)->Name(), GetParam());
  EXPECT_EQ((*engine)->Get("key").value(), "value");
}

TEST_P(OpenEngineOfEachKindTest, ADirectoryInUseIsRefusedWithThePidOfItsHolder) {
  const auto holder = Open(GetParam());
  ASSERT_TRUE(holder);
  ExpectError(GetParam(), ErrorCode::kInUse, HasSubstr(std::to_string(::getpid())));
  ExpectError(std::nullopt, ErrorCode::kInUse, HasSubstr(std::to_string(::getpid())));
}

TEST_P(OpenEngineOfEachKindTest, TheLastHandleGivesTheDirectoryBack) {
  auto engine = Open(GetParam()).value();
  std::shared_ptr<KvsEngine> clone = engine;
  engine.reset();
  EXPECT_FALSE(Open(GetParam()));
  clone.reset();
  EXPECT_TRUE(Open(GetParam()));
}

TEST_P(OpenEngineOfEachKindTest, DataWithoutAMarkerIsRecognised) {
  Fill(GetParam());
  std::filesystem::remove(directory_.path() / "ENGINE");
  const auto engine = Open(std::nullopt);
  ASSERT_TRUE(engine) << engine.error().ToString();
  EXPECT_EQ((*engine)->Name(), GetParam());
  EXPECT_EQ(Marker(), GetParam() + "\n");
}

TEST_P(OpenEngineOfEachKindTest, DataOfAnotherEngineIsRefusedAndLeftAlone) {
  Fill(GetParam());
  for (const bool is_marked : {true, false}) {
    if (!is_marked) std::filesystem::remove(directory_.path() / "ENGINE");
    for (const std::string& other : test::EngineNamesBut(GetParam())) {
      ExpectError(other, ErrorCode::kWrongEngine, AllOf(HasSubstr(GetParam()), HasSubstr(directory_.path().string())));
    }
  }
  EXPECT_EQ((*Open(std::nullopt))->Get("key").value(), "value");
}

TEST_F(OpenEngineTest, ANewDirectoryTakesKvsByDefault) {
  const auto engine = Open(std::nullopt);
  ASSERT_TRUE(engine) << engine.error().ToString();
  EXPECT_EQ((*engine)->Name(), "kvs");
  EXPECT_EQ(Marker(), "kvs\n");
}

TEST_F(OpenEngineTest, AMissingDirectoryIsCreated) {
  const auto engine = OpenEngine(std::nullopt, directory_.path() / "a" / "b");
  EXPECT_TRUE(engine) << engine.error().ToString();
}

TEST_F(OpenEngineTest, AnUnknownNameIsRefusedBeforeTheDirectoryIsTouched) {
  const std::filesystem::path directory = directory_.path() / "absent";
  const auto engine = OpenEngine("leveldb", directory);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(engine.error().ToString(), AllOf(HasSubstr("leveldb"), HasSubstr("kvs, sled, rocksdb")));
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST_F(OpenEngineTest, AMarkerOfALaterVersionNamesAMissingEngine) {
  WriteMarker("tidewater\n");
  ExpectError(std::nullopt, ErrorCode::kUnsupported, HasSubstr("tidewater"));
  ExpectError("kvs", ErrorCode::kWrongEngine, HasSubstr("tidewater"));
}

TEST_F(OpenEngineTest, AMarkerThatIsNoNameIsCorruption) {
  WriteMarker("kv");
  ExpectError(std::nullopt, ErrorCode::kCorruption, HasSubstr("ENGINE"));
  ExpectError("kvs", ErrorCode::kCorruption, HasSubstr("ENGINE"));
}

TEST_F(OpenEngineTest, TheFilesOfTwoEnginesWithoutAMarkerAreCorruption) {
  std::ofstream(directory_.path() / "MANIFEST") << "x";
  for (const char* name : {"db", "conf"}) std::ofstream(directory_.path() / name) << "x";
  ExpectError(std::nullopt, ErrorCode::kCorruption, AllOf(HasSubstr("kvs"), HasSubstr("sled")));
}

// LevelDB and RocksDB keep files of the same names, but one.
TEST_F(OpenEngineTest, AForeignDirectoryOfLevelDbIsNotTakenForRocksDb) {
  for (const char* name : {"CURRENT", "MANIFEST-000002", "000003.log", "LOG"}) {
    std::ofstream(directory_.path() / name) << "x";
  }
  ExpectError("no such engine", ErrorCode::kInvalidArgument, HasSubstr("rocksdb"));
  const auto engine = Open(std::nullopt);
  ASSERT_TRUE(engine) << engine.error().ToString();
  EXPECT_EQ((*engine)->Name(), "kvs");
}

TEST_F(OpenEngineTest, FilesOfOthersAreNeverAnEnginesData) {
  std::ofstream(directory_.path() / "db") << "a list of mine";
  if (registry::FindEngine("sled")->check_built_in()) {
    ExpectError("sled", ErrorCode::kInvalidArgument, HasSubstr("db"));
  }
  EXPECT_EQ(Marker(), "none");
  EXPECT_TRUE(Open(std::nullopt)) << "there is a store of kvs as well";
  EXPECT_EQ(io::PosixFileSystem().ReadFile(directory_.path() / "db", 100).value(), "a list of mine");
}

TEST_F(OpenEngineTest, ForeignManifestIsRefusedAndNothingIsMarked) {
  std::ofstream(directory_.path() / "MANIFEST") << "1 box of books";
  ExpectError(std::nullopt, ErrorCode::kCorruption, HasSubstr((directory_.path() / "MANIFEST").string()));
  EXPECT_EQ(Marker(), "none");
  EXPECT_EQ(io::PosixFileSystem().ReadFile(directory_.path() / "MANIFEST", 100).value(), "1 box of books");
}

TEST_F(OpenEngineTest, ForeignLockIsRefusedAndStays) {
  std::ofstream(directory_.path() / "LOCK") << "the key is under the mat";
  ExpectError(std::nullopt, ErrorCode::kInvalidArgument, HasSubstr((directory_.path() / "LOCK").string()));
  EXPECT_EQ(io::PosixFileSystem().ReadFile(directory_.path() / "LOCK", 100).value(), "the key is under the mat");
}

TEST_F(OpenEngineTest, KvStoreRefusesADirectoryOfAnotherEngine) {
  WriteMarker("rocksdb\n");
  const auto store = KvStore::Open(directory_.path());
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, ErrorCode::kWrongEngine);
  EXPECT_THAT(store.error().context, HasSubstr("rocksdb"));
  EXPECT_FALSE(std::filesystem::exists(directory_.path() / "MANIFEST"));
}

TEST_F(OpenEngineTest, AnEngineThatIsLeftOutOfTheBuildLeavesNoMarker) {
  bool has_every_engine = true;
  for (const std::string& name : test::AllEngineNames()) {
    if (registry::FindEngine(name)->check_built_in()) continue;
    has_every_engine = false;
    ExpectError(name, ErrorCode::kUnsupported, AllOf(HasSubstr(name), HasSubstr("install")));
    EXPECT_EQ(Marker(), "none");
  }
  if (has_every_engine) GTEST_SKIP() << "this build has every engine";
}

}  // namespace
}  // namespace kvs
