// Promised: any client of Redis can also connect by --unixsocket, even after the previous server was killed. The tests
// run redis-cli, if it is installed, against the real server.
#include <signal.h>

#include <filesystem>
#include <string>

#include "cli/programs.h"
#include "cli/redis_cli.h"

namespace kvs::test {
namespace {

TEST(UnixSocketProgramTest, RedisCliConnectsAlsoAfterASigkill) {
  KVS_SKIP_WITHOUT_REDIS_CLI();
  const TemporaryDirectory directory;
  const TemporaryDirectory sockets;
  const std::string path = (sockets.path() / "kvs.sock").string();
  const std::vector<std::string> arguments = {"--unixsocket", path, "--unixsocketperm", "770"};
  {
    ServerProgram server(directory.path(), arguments);
    KVS_START_OR_FAIL(server);
    EXPECT_EQ(RedisCli({"-s", path, "SET", "key", "value"}).output, "OK\n");
    EXPECT_EQ(server.StopBy(SIGKILL), 128 + SIGKILL);
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  ServerProgram server(directory.path(), arguments);
  KVS_START_OR_FAIL(server);
  EXPECT_EQ(RedisCli({"-s", path, "GET", "key"}).output, "value\n");
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms(0770));
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace kvs::test
