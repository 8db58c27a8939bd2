// Promised: set, get and rm work over the wire as specified, with each engine, with loops and with each pool, over IPv4
// and IPv6. The tests play one conversation against each combination.
#include <signal.h>

#include <thread>
#include <tuple>

#include "cli/programs.h"

namespace kvs::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

void ExpectOutcome(const Outcome& outcome, int exit_code, const std::string& output, const std::string& error_output) {
  EXPECT_EQ(outcome.exit_code, exit_code);
  EXPECT_EQ(outcome.output, output);
  EXPECT_EQ(outcome.error_output, error_output);
}

void PlayConversation(const ServerProgram& server) {
  ExpectOutcome(server.Client({"get", "key1"}), 0, "Key not found\n", "");
  ExpectOutcome(server.Client({"rm", "key1"}), 1, "", "Key not found\n");
  ExpectOutcome(server.Client({"set", "key1", "value1"}), 0, "", "");
  ExpectOutcome(server.Client({"get", "key1"}), 0, "value1\n", "");
  ExpectOutcome(server.Client({"set", "key1", "value2"}), 0, "", "");
  ExpectOutcome(server.Client({"get", "key1"}), 0, "value2\n", "");
  ExpectOutcome(server.Client({"set", "key2", "value3"}), 0, "", "");
  ExpectOutcome(server.Client({"rm", "key1"}), 0, "", "");
  ExpectOutcome(server.Client({"get", "key1"}), 0, "Key not found\n", "");
  ExpectOutcome(server.Client({"rm", "key1"}), 1, "", "Key not found\n");
  ExpectOutcome(server.Client({"get", "key2"}), 0, "value3\n", "");
}

struct Mode {
  std::string name;
  std::vector<std::string> arguments;
};

class ServingTest : public testing::TestWithParam<std::tuple<std::string, Mode>> {
 protected:
  void SetUp() override { KVS_SKIP_WITHOUT(std::get<0>(GetParam())); }

  std::vector<std::string> Arguments() const {
    std::vector<std::string> arguments = {"--engine", std::get<0>(GetParam())};
    const Mode& mode = std::get<1>(GetParam());
    arguments.insert(arguments.end(), mode.arguments.begin(), mode.arguments.end());
    return arguments;
  }

  TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(
    EnginesAndModes, ServingTest,
    testing::Combine(testing::ValuesIn(AllEngineNames()),
                     testing::Values(Mode{"Direct", {}}, Mode{"DirectOneThread", {"--threads", "1"}},
                                     Mode{"Naive", {"--pool", "naive"}}, Mode{"Queue", {"--pool", "queue"}},
                                     Mode{"Stealing", {"--pool", "stealing", "--threads", "3"}},
                                     Mode{"SyncAlways", {"--sync", "always"}}, Mode{"SyncNone", {"--sync", "none"}})),
    [](const auto& instance) { return std::get<0>(instance.param) + std::get<1>(instance.param).name; });

TEST_P(ServingTest, PlaysTheConversationAndKeepsItsEnd) {
  {
    ServerProgram server(directory_.path(), Arguments());
    KVS_START_OR_FAIL(server);
    PlayConversation(server);
    EXPECT_EQ(server.StopBy(SIGTERM), 0) << server.process().error_output();
  }
  ServerProgram server(directory_.path(), Arguments());
  KVS_START_OR_FAIL(server);
  ExpectOutcome(server.Client({"get", "key2"}), 0, "value3\n", "");
  ExpectOutcome(server.Client({"get", "key1"}), 0, "Key not found\n", "");
}

TEST_P(ServingTest, ServesManyClientsTogether) {
  ServerProgram server(directory_.path(), Arguments());
  KVS_START_OR_FAIL(server);
  std::vector<std::jthread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&server, i] {
      const std::string number = std::to_string(i);
      ExpectOutcome(server.Client({"set", "key" + number, "value" + number}), 0, "", "");
      ExpectOutcome(server.Client({"get", "key" + number}), 0, "value" + number + "\n", "");
    });
  }
}

class WireTest : public testing::Test {
 protected:
  TemporaryDirectory directory_;
};

TEST_F(WireTest, ServesOverV6) {
  ServerProgram server(directory_.path(), {"--addr", "[::1]:0"});
  if (!server.is_listening()) {
    server.process().Wait();
    if (server.process().error_output().find("Cannot assign") != std::string::npos) GTEST_SKIP() << "no v6 here";
  }
  KVS_START_OR_FAIL(server);
  EXPECT_THAT(server.address(), testing::StartsWith("[::1]:"));
  PlayConversation(server);
}

TEST_F(WireTest, AfterTwoDashesADashIsALetter) {
  ServerProgram server(directory_.path());
  KVS_START_OR_FAIL(server);
  ExpectOutcome(server.Client({"set", "--", "-key", "--value"}), 0, "", "");
  ExpectOutcome(server.Client({"get", "--", "-key"}), 0, "--value\n", "");
  ExpectOutcome(server.Client({"rm", "--", "-key"}), 0, "", "");
}

TEST_F(WireTest, WordsWithAMeaningArePlainKeysAndValues) {
  ServerProgram server(directory_.path());
  KVS_START_OR_FAIL(server);
  for (const std::string word : {"set", "get", "rm", "", "a b", "{}", "[a,b]", "%%", "a=b", "\"", "Key not found",
                                 "\xff\xfe", "line\nline", "\xc3\xa4"}) {
    ExpectOutcome(server.Client({"set", word, word}), 0, "", "");
    ExpectOutcome(server.Client({"get", word}), 0, word + "\n", "");
    ExpectOutcome(server.Client({"rm", word}), 0, "", "");
  }
}

TEST_F(WireTest, AKeyOverTheLimitIsAnError) {
  ServerProgram server(directory_.path());
  KVS_START_OR_FAIL(server);
  const Outcome outcome = server.Client({"set", std::string(65'536, 'k'), "value"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_THAT(outcome.error_output, HasSubstr("invalid argument"));
}

TEST_F(WireTest, AnAnswerThatCannotBePrintedIsAnError) {
  ServerProgram server(directory_.path());
  KVS_START_OR_FAIL(server);
  ExpectOutcome(server.Client({"set", "key", "value"}), 0, "", "");
  const Outcome outcome = RunProgram(
      {"/bin/sh", "-c", "exec \"$0\" get key --addr \"$1\" > /dev/full", KVS_CLIENT_PROGRAM, server.address()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.error_output, HasSubstr("stdout"));
}

}  // namespace
}  // namespace kvs::test
