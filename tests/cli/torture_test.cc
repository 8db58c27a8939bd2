// Promised by kvs-torture: a wrong command line has words and exit code 2; a run of seconds on a directory ends with
// its figures, finds no fault, and removes its files. The tests run the real program, beside the real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kvs/version.h"
#include "support/child_process.h"
#include "support/temporary_directory.h"

namespace kvs::test {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

Outcome RunTorture(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), KVS_TORTURE_PROGRAM);
  return RunProgram(std::move(arguments));
}

TEST(TortureProgramTest, TellsItsVersionAndItsUse) {
  EXPECT_THAT(RunTorture({"--version"}).output, HasSubstr(kVersion));
  EXPECT_THAT(RunTorture({"--help"}).output, AllOf(HasSubstr("--dir"), HasSubstr("Exit codes:")));
}

TEST(TortureProgramTest, AWrongCommandLineIsRefusedWithWords) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"0"}, "MINUTES"},
      {{"--dir", "/nowhere"}, "/nowhere"},
      {{"--events", "earthquake"}, "earthquake"},
      {{"--file-systems", "ntfs"}, "ntfs"},
      {{"--server", "/nowhere/kvs-server"}, "there is no /nowhere/kvs-server"}};
  for (const auto& [arguments, words] : wrong) {
    const Outcome outcome = RunTorture(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << words;
    EXPECT_THAT(outcome.error_output, HasSubstr(words));
  }
}

TEST(TortureProgramTest, ARunOnADirectoryFindsNoFaultAndLeavesNothing) {
  const TemporaryDirectory directory;
  const Outcome outcome = RunTorture({"0.05", "--dir", directory.path().string(), "--scratch",
                                      directory.path().string(), "--events", "kill,restart", "--seed", "7"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.output << outcome.error_output;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("seed 7"), AnyOf(HasSubstr("a sync of a page takes"), HasSubstr("keeps nothing"))));
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

}  // namespace
}  // namespace kvs::test
