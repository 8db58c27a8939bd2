// Promised: kvs-server logs its engine and address on stderr, and takes the engine that the directory remembers. It
// refuses an impossible start with an exit code and a helpful message. The tests start it with each kind of wrong line
// and on each kind of wrong directory.
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "cli/programs.h"
#include "kvs/client.h"
#include "kvs/version.h"

namespace kvs::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ServerStartTest : public testing::Test {
 protected:
  // Runs a server that cannot start.
  void ExpectRefused(int exit_code, std::vector<std::string> arguments,
                     const testing::Matcher<std::string>& error_output) {
    arguments.insert(arguments.end(), {"--dir", directory_.path().string()});
    const Outcome outcome = RunServer(std::move(arguments));
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.error_output;
    EXPECT_THAT(outcome.output, IsEmpty());
    EXPECT_THAT(outcome.error_output, error_output);
  }

  TemporaryDirectory directory_;
};

TEST_F(ServerStartTest, VersionGoesToStdout) {
  for (const char* flag : {"-V", "--version"}) {
    const Outcome outcome = RunServer({flag});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.output, std::string("kvs-server ") + kVersion + "\n");
    EXPECT_THAT(outcome.error_output, IsEmpty());
  }
}

TEST_F(ServerStartTest, HelpTeachesByExample) {
  const Outcome outcome = RunServer({"--help"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("kvs-server --engine sled"), HasSubstr("rocksdb"), HasSubstr("kvs-client set"),
                    HasSubstr("naive|queue|stealing"), HasSubstr("Exit codes")));
}

TEST_F(ServerStartTest, TheLogTellsVersionEngineAndAddress) {
  ServerProgram server(directory_.path());
  KVS_START_OR_FAIL(server);
  EXPECT_THAT(server.process().error_output(),
              AllOf(HasSubstr(kVersion), HasSubstr("engine kvs"), HasSubstr(directory_.path().string()),
                    HasSubstr("listening on 127.0.0.1:" + server.port())));
  EXPECT_THAT(server.process().output(), IsEmpty());
  EXPECT_NE(server.port(), "0");
}

TEST_F(ServerStartTest, ADamagedStoreIsRefusedAndCanBeReadAlone) {
  {
    ServerProgram server(directory_.path());
    KVS_START_OR_FAIL(server);
    for (const char* key : {"first", "second"}) {
      ASSERT_EQ(server.Client({"set", key, std::string("value of ") + key}).exit_code, 0);
    }
    server.StopBy(SIGKILL);
  }
  const std::filesystem::path segment = directory_.path() / "000000000001.seg";
  std::fstream file(segment, std::ios::binary | std::ios::in | std::ios::out);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  file.seekp(static_cast<std::streamoff>(bytes.find("value of first")));
  file << "w" << std::flush;
  ExpectRefused(1, {"--addr", "127.0.0.1:0"}, AllOf(HasSubstr("offset="), HasSubstr("--open-damaged read-only")));

  ServerProgram server(directory_.path(), {"--open-damaged", "read-only"});
  KVS_START_OR_FAIL(server);
  EXPECT_EQ(server.Client({"get", "second"}).output, "value of second\n");
  EXPECT_THAT(server.Client({"get", "first"}).output, HasSubstr("Key not found"));
  const Outcome refused = server.Client({"set", "third", "3"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.error_output, HasSubstr("read-only"));
  EXPECT_THAT(server.process().error_output(), HasSubstr("left out"));
}

TEST_F(ServerStartTest, AnUnknownEngineIsRefusedAndTheKnownOnesAreNamed) {
  ExpectRefused(1, {"--engine", "unknown", "--addr", "127.0.0.1:0"},
                AllOf(HasSubstr("unknown"), HasSubstr("kvs, sled, rocksdb")));
}

TEST_F(ServerStartTest, AWrongAddressIsRefused) {
  for (const char* address : {"invalid-addr", "127.0.0.1", "localhost:4000", "127.0.0.1:70000"}) {
    ExpectRefused(2, {"--addr", address}, AllOf(HasSubstr("--addr"), HasSubstr(address)));
  }
}

TEST_F(ServerStartTest, UnknownFlagsFieldsAndWordsAreRefused) {
  ExpectRefused(2, {"--unknown"}, HasSubstr("--unknown"));
  ExpectRefused(2, {"extra"}, HasSubstr("extra"));
  ExpectRefused(2, {"--pool", "lottery"}, HasSubstr("lottery"));
  ExpectRefused(2, {"--sync", "sometimes"}, HasSubstr("sometimes"));
  ExpectRefused(2, {"--threads", "-1"}, HasSubstr("--threads"));
  ExpectRefused(2, {"--threads", "many"}, HasSubstr("--threads"));
}

TEST_F(ServerStartTest, APortThatIsTakenIsRefused) {
  ServerProgram first(directory_.path());
  KVS_START_OR_FAIL(first);
  const TemporaryDirectory other;
  const Outcome outcome = RunServer({"--addr", first.address(), "--dir", other.path()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.error_output, AllOf(HasSubstr(first.address()), HasSubstr("--addr")));
}

TEST_F(ServerStartTest, AnAddressThatIsNotOfThisMachineIsRefused) {
  ExpectRefused(1, {"--addr", "192.0.2.1:4000"}, HasSubstr("192.0.2.1:4000"));
}

TEST_F(ServerStartTest, MoreThreadsThanAPoolTakesAreRefused) {
  ExpectRefused(1, {"--addr", "127.0.0.1:0", "--pool", "queue", "--threads", "1000000"}, HasSubstr("1000000"));
}

TEST_F(ServerStartTest, AnImpossibleDirectoryIsRefused) {
  const Outcome outcome = RunServer({"--addr", "127.0.0.1:0", "--dir", "/dev/null/data"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.error_output, HasSubstr("/dev/null"));
}

TEST_F(ServerStartTest, DotsAfterALinkMeanWhatTheSystemMeans) {
  const std::filesystem::path far = directory_.path() / "far";
  std::filesystem::create_directories(far / "away");
  std::filesystem::create_directory_symlink(far / "away", directory_.path() / "link");
  ServerProgram server(directory_.path() / "link" / ".." / "data");
  KVS_START_OR_FAIL(server);
  EXPECT_TRUE(std::filesystem::exists(far / "data" / "MANIFEST"));
  EXPECT_THAT(server.process().error_output(), HasSubstr((far / "data").string() + ","));
}

TEST_F(ServerStartTest, FilesOfOthersStayWhereTheyAre) {
  for (const char* name : {"thesis.tmp", "notes.txt", "INDEX"}) std::ofstream(directory_.path() / name) << "of mine";
  std::filesystem::create_directory(directory_.path() / "cache.tmp");
  for (int round = 0; round < 2; ++round) {
    ServerProgram server(directory_.path());
    KVS_START_OR_FAIL(server);
    EXPECT_EQ(server.Client({"set", "key", "value"}).exit_code, 0);
    EXPECT_EQ(server.StopBy(SIGTERM), 0);
  }
  for (const char* name : {"thesis.tmp", "notes.txt", "INDEX"}) {
    EXPECT_EQ(std::filesystem::file_size(directory_.path() / name), 7U) << name;
  }
  EXPECT_TRUE(std::filesystem::is_directory(directory_.path() / "cache.tmp"));
}

TEST_F(ServerStartTest, AFileSizeLimitIsAnErrorOfTheWrite) {
  const std::string line = "ulimit -f 1024; exec \"$@\"";
  ChildProcess process({"/bin/bash", "-c", line, "bash", KVS_SERVER_PROGRAM, "--dir", directory_.path().string(),
                        "--addr", "127.0.0.1:0"});
  ASSERT_TRUE(process.WaitForErrorOutput("listening on ")) << process.error_output();
  while (!process.error_output().ends_with('\n')) ASSERT_TRUE(process.WaitForMoreErrorOutput());
  const std::string& log = process.error_output();
  const std::size_t begin = log.rfind("listening on ") + 13;
  auto client = KvsClient::Connect(Address::Parse(log.substr(begin, log.find('\n', begin) - begin)).value());
  ASSERT_TRUE(client);
  std::size_t refused = 0;
  for (int i = 0; i < 40; ++i) refused += client->Set(std::to_string(i), std::string(60'000, 'v')) ? 0 : 1;
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(client->Get("0").value(), std::string(60'000, 'v'));
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0);
}

TEST_F(ServerStartTest, TheErrorNamesTheMissingResource) {
  const auto error_of = [&](std::vector<std::string> arguments) {
    std::vector<std::string> line{"/bin/bash",        "-c",    "ulimit -n 200; exec \"$@\"",          "bash",
                                  KVS_SERVER_PROGRAM, "--dir", (directory_.path() / "store").string()};
    line.insert(line.end(), arguments.begin(), arguments.end());
    ChildProcess process(line);
    EXPECT_EQ(process.Wait(), 1);
    return process.error_output();
  };
  EXPECT_THAT(error_of({"--addr", "127.0.0.1:0", "--threads", "500"}),
              AllOf(HasSubstr("no space: "), HasSubstr("Too many open files"), Not(HasSubstr("--addr"))));
  EXPECT_THAT(error_of({"--addr", "127.0.0.1:0", "--unixsocket", "not-there/socket"}),
              AllOf(HasSubstr("not-there"), Not(HasSubstr("--addr"))));
  EXPECT_THAT(error_of({"--addr", "192.0.2.1:4000"}), HasSubstr("choose another address with --addr"));
}

class ServerEngineTest : public ServerStartTest, public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override { KVS_SKIP_WITHOUT(GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Engines, ServerEngineTest, testing::ValuesIn(AllEngineNames()),
                         [](const auto& instance) { return instance.param; });

TEST_P(ServerEngineTest, TheDirectoryRemembersItsEngine) {
  {
    ServerProgram first(directory_.path(), {"--engine", GetParam()});
    KVS_START_OR_FAIL(first);
    EXPECT_THAT(first.process().error_output(), HasSubstr("engine " + GetParam()));
    EXPECT_EQ(first.StopBy(SIGTERM), 0);
  }
  ServerProgram second(directory_.path());
  KVS_START_OR_FAIL(second);
  EXPECT_THAT(second.process().error_output(), HasSubstr("engine " + GetParam()));
}

TEST_P(ServerEngineTest, AnotherEngineThanTheOneInUseIsRefused) {
  {
    ServerProgram first(directory_.path(), {"--engine", GetParam()});
    KVS_START_OR_FAIL(first);
    EXPECT_EQ(first.StopBy(SIGTERM), 0);
  }
  for (const std::string& other : EngineNamesBut(GetParam())) {
    ExpectRefused(1, {"--engine", other, "--addr", "127.0.0.1:0"}, AllOf(HasSubstr(GetParam()), HasSubstr(other)));
  }
}

TEST_P(ServerEngineTest, ADirectoryInUseIsRefusedWithThePidOfItsHolder) {
  ServerProgram holder(directory_.path(), {"--engine", GetParam()});
  KVS_START_OR_FAIL(holder);
  ExpectRefused(1, {"--addr", "127.0.0.1:0"}, HasSubstr(std::to_string(holder.process().pid())));
}

}  // namespace
}  // namespace kvs::test
