// Promised by kvs-inspect: scripts can rely on its exit codes, and its messages name the fault. The tests run the real
// program on a small store, whole and damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "support/child_process.h"
#include "support/temporary_directory.h"

namespace kvs::test {
namespace {

using testing::HasSubstr;

class InspectProgramTest : public testing::Test {
 protected:
  InspectProgramTest() {
    const auto store = *KvStore::Open(path_);
    EXPECT_TRUE(store->Set("greeting", "hello"));
    EXPECT_TRUE(store->Set(std::string("\x01\"", 2), "odd"));
    EXPECT_TRUE(store->Remove("greeting"));
  }

  Outcome Inspect(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {KVS_INSPECT_PROGRAM, path_.string()});
    return RunProgram(std::move(arguments));
  }

  const TemporaryDirectory directory_;
  const std::filesystem::path path_ = directory_.path() / "store";
  const std::string segment_ = "000000000001.seg";
};

TEST_F(InspectProgramTest, AWholeStoreVerifiesAndExitsWithZero) {
  const Outcome outcome = Inspect({"verify"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error_output;
  EXPECT_THAT(outcome.output, HasSubstr("checked 1 segments, 3 records"));
  EXPECT_THAT(outcome.output, HasSubstr("nothing is damaged"));
}

TEST_F(InspectProgramTest, ADamagedByteExitsWithOneAndNamesFileAndOffset) {
  const auto file = *io::PosixFileSystem().Open(path_ / segment_, io::OpenMode::kReadWrite);
  ASSERT_TRUE(file->WriteAt(70, "x"));
  const Outcome outcome = Inspect({"verify"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("damaged: " + (path_ / segment_).string() + " offset=64"));
  EXPECT_THAT(outcome.output, HasSubstr("1 place is damaged"));
}

TEST_F(InspectProgramTest, ATornTailExitsWithZero) {
  const auto file = *io::PosixFileSystem().Open(path_ / segment_, io::OpenMode::kReadWrite);
  ASSERT_TRUE(file->WriteAt(116, "x"));  // The log ends at 114.
  const Outcome outcome = Inspect({"verify"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("torn tail"));
}

TEST_F(InspectProgramTest, SegmentsAreTheDefault) {
  const Outcome outcome = Inspect({});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("1 keys,"));
  EXPECT_THAT(outcome.output, HasSubstr("1..3"));
  EXPECT_EQ(Inspect({"segments"}).output, outcome.output);
}

TEST_F(InspectProgramTest, ManifestAndHintsAreShown) {
  EXPECT_THAT(Inspect({"manifest"}).output, HasSubstr("next segment id  2"));
  EXPECT_THAT(Inspect({"hints"}).output, HasSubstr("segment bytes"));
}

TEST_F(InspectProgramTest, RecordsAreShownWithKeysThatATerminalCanTake) {
  const Outcome outcome = Inspect({"records", "1"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("\"greeting\""));
  EXPECT_THAT(outcome.output, HasSubstr("tombstone"));
  EXPECT_THAT(outcome.output, HasSubstr(R"("\x01\x22")"));
}

TEST_F(InspectProgramTest, AnUnreadableStoreIsReportedOnTheErrorOutput) {
  EXPECT_EQ(Inspect({"records", "7"}).exit_code, 1);
  const Outcome absent = RunProgram({KVS_INSPECT_PROGRAM, (directory_.path() / "absent").string()});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_NE(absent.error_output, "");
  const auto store = *KvStore::Open(path_);
  const Outcome in_use = Inspect({"verify"});
  EXPECT_EQ(in_use.exit_code, 1);
  EXPECT_THAT(in_use.error_output, HasSubstr("in use"));
}

TEST_F(InspectProgramTest, AnythingElseIsAUsageError) {
  EXPECT_EQ(RunProgram({KVS_INSPECT_PROGRAM}).exit_code, 2);
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"repair"}, {"records"}, {"records", "one"}, {"verify", "1"}, {"verify", "hints"}, {"--force"}}) {
    EXPECT_EQ(Inspect(arguments).exit_code, 2) << arguments.front();
  }
}

TEST_F(InspectProgramTest, TheHelpExplainsTheExitCodes) {
  const Outcome outcome = RunProgram({KVS_INSPECT_PROGRAM, "--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("Exit codes: 0"));
}

TEST_F(InspectProgramTest, TheCommandMayComeFirst) {
  const Outcome outcome = RunProgram({KVS_INSPECT_PROGRAM, "verify", path_.string()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error_output;
  EXPECT_EQ(outcome.output, Inspect({"verify"}).output);
  EXPECT_THAT(RunProgram({KVS_INSPECT_PROGRAM, "records", path_.string(), "1"}).output, HasSubstr("tombstone"));
}

TEST_F(InspectProgramTest, SalvagingAWholeStoreExitsWithZero) {
  const std::string to = (directory_.path() / "salvaged").string();
  const Outcome outcome = Inspect({"salvage", to});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error_output;
  EXPECT_THAT(outcome.output, HasSubstr("1 keys of 3 records in 1 segments are in " + to));
  EXPECT_EQ(*(*KvStore::Open(to))->Get(std::string("\x01\"", 2)), "odd");
}

TEST_F(InspectProgramTest, SalvagingADamagedStoreExitsWithOneAndNamesThePlace) {
  const auto file = *io::PosixFileSystem().Open(path_ / segment_, io::OpenMode::kReadWrite);
  ASSERT_TRUE(file->WriteAt(70, "x"));
  const Outcome outcome = Inspect({"salvage", (directory_.path() / "salvaged").string()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, HasSubstr(segment_ + " offset=64: lost records of"));
}

}  // namespace
}  // namespace kvs::test
