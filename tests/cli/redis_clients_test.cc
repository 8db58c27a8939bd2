// Promised: clients made for Redis work against a kvs-server with its default settings. The tests start those that
// Debian has: redis-cli, redis-benchmark, and redis-py by a script in this folder. If one is not installed, its tests
// are skipped and name the missing package.
#include <signal.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/programs.h"

namespace kvs::test {
namespace {

using testing::HasSubstr;
using testing::Not;

#define KVS_SKIP_WITHOUT_PROGRAM(path, package) \
  if (!std::filesystem::exists(path)) GTEST_SKIP() << (path) << " is not installed: apt-get install " << (package)

constexpr const char* kRedisCli = "/usr/bin/redis-cli";
constexpr const char* kRedisBenchmark = "/usr/bin/redis-benchmark";
constexpr const char* kPython = "/usr/bin/python3";  // Debian's own: it has Debian's packages.

class RedisClientsTest : public testing::Test {
 protected:
  void SetUp() override { KVS_START_OR_FAIL(server_); }
  void TearDown() override { EXPECT_EQ(server_.StopBy(SIGTERM), 0) << server_.process().error_output(); }

  // The output of redis-cli; its errors are failures.
  std::string Cli(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {kRedisCli, "-p", server_.port()});
    const Outcome outcome = RunProgram(std::move(arguments));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error_output;
    return outcome.output;
  }

  // The same, with `input` as the shell's printf makes it on its standard input.
  std::string CliWithInput(const std::string& input, const std::string& arguments) {
    const Outcome outcome = RunProgram(
        {"/bin/sh", "-c", "printf '" + input + "' | " + kRedisCli + " -p " + server_.port() + " " + arguments});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error_output;
    return outcome.output;
  }

  TemporaryDirectory directory_;
  ServerProgram server_{directory_.path()};
};

TEST_F(RedisClientsTest, RedisCliRunsCommands) {
  KVS_SKIP_WITHOUT_PROGRAM(kRedisCli, "redis-tools");
  EXPECT_EQ(Cli({"ping"}), "PONG\n");
  EXPECT_EQ(Cli({"set", "key", "value"}), "OK\n");
  EXPECT_EQ(Cli({"get", "key"}), "value\n");
  EXPECT_EQ(Cli({"-3", "get", "nosuch"}), "\n");
  EXPECT_THAT(Cli({"lpush", "list", "1"}), HasSubstr("ERR unknown command 'lpush'"));
  EXPECT_EQ(CliWithInput("SET a 1\\nINCR a\\nGET a\\n", ""), "OK\n2\n2\n");
  EXPECT_EQ(CliWithInput("MULTI\\nSET b 5\\nINCR b\\nEXEC\\n", ""), "OK\nQUEUED\nQUEUED\nOK\n6\n");
}

TEST_F(RedisClientsTest, RedisCliLoadsThroughAPipe) {
  KVS_SKIP_WITHOUT_PROGRAM(kRedisCli, "redis-tools");
  std::string input;
  for (int i = 0; i < 1'000; ++i) input += "SET key:" + std::to_string(i) + " value\\r\\n";
  EXPECT_THAT(CliWithInput(input, "--pipe"), HasSubstr("errors: 0, replies: 1000"));
  EXPECT_EQ(Cli({"dbsize"}), "1000\n");
}

TEST_F(RedisClientsTest, RedisCliWalksOverTheKeys) {
  KVS_SKIP_WITHOUT_PROGRAM(kRedisCli, "redis-tools");
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key:" + std::to_string(i);
    ASSERT_EQ(Cli({"set", key, std::string(static_cast<std::size_t>(i), 'v')}), "OK\n");
  }
  const std::string scanned = Cli({"--scan", "--pattern", "key:*"});
  EXPECT_EQ(std::count(scanned.begin(), scanned.end(), '\n'), 100);
  EXPECT_THAT(Cli({"--bigkeys"}), HasSubstr("100 strings with 4950 bytes"));
  EXPECT_THAT(Cli({"--memkeys"}), HasSubstr("100 strings with"));
}

TEST_F(RedisClientsTest, RedisBenchmarkRuns) {
  KVS_SKIP_WITHOUT_PROGRAM(kRedisBenchmark, "redis-tools");
  for (const char* pipeline : {"1", "16"}) {
    const Outcome outcome =
        RunProgram({kRedisBenchmark, "-p", server_.port(), "-t", "ping_inline,ping_mbulk,set,get,incr,mset", "-n",
                    "5000", "-c", "10", "-P", pipeline, "--csv"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error_output;
    EXPECT_THAT(outcome.error_output, Not(HasSubstr("WARN")));
    for (const char* test : {"PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"}) {
      EXPECT_THAT(outcome.output, HasSubstr("\"" + std::string(test) + "\",")) << outcome.output;
    }
  }
  EXPECT_GE(std::stoi(Cli({"get", "counter:__rand_int__"})), 10'000);  // Its last pipelines may be beyond -n.
}

TEST_F(RedisClientsTest, RedisPyWorks) {
  KVS_SKIP_WITHOUT_PROGRAM(kPython, "python3");
  if (RunProgram({kPython, "-c", "import redis"}).exit_code != 0) {
    GTEST_SKIP() << "redis-py is not installed: apt-get install python3-redis";
  }
  const Outcome outcome = RunProgram({kPython, KVS_REDIS_PY_SCRIPT, server_.port()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error_output;
  EXPECT_EQ(outcome.output, "done\n");
}

// These come from npm, and ./dev clients installs them.
TEST_F(RedisClientsTest, IoredisAndNodeRedisWork) {
  const std::string modules = std::string(KVS_NPM_FOLDER) + "/node_modules";
  if (!std::filesystem::exists(modules)) GTEST_SKIP() << "SKIPPED: ioredis and node-redis are not there: ./dev clients";
  const Outcome outcome = RunProgram({"/usr/bin/env", "NODE_PATH=" + modules, "node", KVS_NPM_SCRIPT, server_.port()});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.error_output;
  EXPECT_EQ(outcome.output, "done\n");
}

}  // namespace
}  // namespace kvs::test
