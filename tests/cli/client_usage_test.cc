// Promised: kvs-client refuses a wrong command line on stderr with exit code 2, and names the wrong part. Help and
// version go to stdout with exit code 0. Without a server each command fails with exit code 1. The tests run the
// program with each kind of wrong line. No server is needed.
#include "cli/programs.h"
#include "kvs/version.h"

namespace kvs::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

void ExpectRefused(std::vector<std::string> arguments, const testing::Matcher<std::string>& error_output) {
  const Outcome outcome = RunClient(std::move(arguments));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_THAT(outcome.error_output, error_output);
}

TEST(ClientUsageTest, WithoutArgumentsTheUsageGoesToStderr) {
  ExpectRefused({}, AllOf(HasSubstr("Usage:"), HasSubstr("set"), HasSubstr("get"), HasSubstr("rm")));
}

TEST(ClientUsageTest, AnUnknownCommandIsNamed) { ExpectRefused({"unknown"}, HasSubstr("unknown")); }

TEST(ClientUsageTest, AMissingKeyIsNamed) {
  for (const char* command : {"set", "get", "rm"}) ExpectRefused({command}, HasSubstr("KEY"));
}

TEST(ClientUsageTest, AMissingValueIsNamed) { ExpectRefused({"set", "key"}, HasSubstr("VALUE")); }

TEST(ClientUsageTest, AnExtraFieldIsNamed) {
  ExpectRefused({"set", "key", "value", "extra"}, HasSubstr("extra"));
  ExpectRefused({"get", "key", "extra"}, HasSubstr("extra"));
  ExpectRefused({"rm", "key", "extra"}, HasSubstr("extra"));
}

TEST(ClientUsageTest, AnUnknownFlagIsNamed) {
  for (const char* command : {"get", "rm"}) ExpectRefused({command, "key", "--unknown"}, HasSubstr("--unknown"));
  ExpectRefused({"set", "key", "value", "--unknown"}, HasSubstr("--unknown"));
}

TEST(ClientUsageTest, AWrongAddressIsNamed) {
  for (const char* address : {"invalid-addr", "127.0.0.1", "localhost:4000", "::1:4000", "127.0.0.1:65536", ""}) {
    ExpectRefused({"get", "key", "--addr", address}, AllOf(HasSubstr("--addr"), HasSubstr(address)));
    ExpectRefused({"set", "key", "value", "--addr", address}, HasSubstr("--addr"));
    ExpectRefused({"rm", "key", "--addr", address}, HasSubstr("--addr"));
  }
}

TEST(ClientUsageTest, VersionGoesToStdout) {
  for (const char* flag : {"-V", "--version"}) {
    const Outcome outcome = RunClient({flag});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.output, std::string("kvs-client ") + kVersion + "\n");
    EXPECT_THAT(outcome.error_output, IsEmpty());
  }
}

TEST(ClientUsageTest, HelpTeachesByExample) {
  const Outcome outcome = RunClient({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("kvs-client set greeting hello"), HasSubstr("Exit codes")));
  EXPECT_THAT(outcome.error_output, IsEmpty());
}

TEST(ClientUsageTest, WithoutAServerEveryCommandFails) {
  for (std::vector<std::string> command :
       {std::vector<std::string>{"set", "key", "value"}, {"get", "key"}, {"rm", "key"}}) {
    command.insert(command.end(), {"--addr", "127.0.0.1:1"});
    const Outcome outcome = RunClient(command);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.output, IsEmpty());
    EXPECT_THAT(outcome.error_output, HasSubstr("127.0.0.1:1"));
  }
}

}  // namespace
}  // namespace kvs::test
