// Promised: DEBUG is refused unless the server was started to allow it, and then does all that DEBUG HELP lists. The
// figures of MEMORY grow with the memory in use.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/running_server.h"

namespace kvs::server {
namespace {

using test::MemoryEngine;
using test::RespClient;
using test::RunningServer;

class DebugCommandTest : public testing::Test {
 protected:
  RunningServer server_{std::make_shared<MemoryEngine>(), {.threads = 1, .allows_debug_command = true}};
  RespClient client_{server_.address()};
};

TEST(DebugCommandRefusalTest, ItIsRefusedByDefault) {
  const RunningServer server(std::make_shared<MemoryEngine>(), {.threads = 1});
  RespClient client(server.address());
  EXPECT_TRUE(client.Call({"DEBUG", "SLEEP", "0"}).starts_with("-ERR DEBUG command not allowed. If the "));
  EXPECT_EQ(client.Call({"CONFIG", "GET", "enable-debug-command"}),
            "*2\r\n$20\r\nenable-debug-command\r\n$2\r\nno\r\n");
  EXPECT_EQ(client.Call({"DEBUG"}), "-ERR wrong number of arguments for 'debug' command\r\n");
}

TEST_F(DebugCommandTest, AnUnknownNameIsAWellFormedError) {
  EXPECT_EQ(client_.Call({"DEBUG", "JMAP"}),
            "-ERR unknown subcommand or wrong number of arguments for 'JMAP'. Try DEBUG HELP.\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "SLEEP"}),
            "-ERR unknown subcommand or wrong number of arguments for 'SLEEP'. Try DEBUG HELP.\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "OBJECT", "nosuch"}), "-ERR no such key\r\n");
  EXPECT_TRUE(client_.Call({"DEBUG", "PROTOCOL", "nosuch"}).starts_with("-ERR Wrong protocol type name."));
}

TEST_F(DebugCommandTest, SubcommandsReply) {
  EXPECT_EQ(client_.Call({"SET", "key", "10"}), "+OK\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "SLEEP", "0.001"}), "+OK\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "SLEEP", "-1"}), "+OK\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "RELOAD"}), "+OK\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "LOADAOF"}), "+OK\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "ERROR", "OOPS text"}), "-OOPS text\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "PROTOCOL", "array"}), "*3\r\n:0\r\n:1\r\n:2\r\n");
  EXPECT_EQ(client_.Call({"DEBUG", "OBJECT", "key"}),
            "+Value at:0x0 refcount:1 encoding:int serializedlength:2 lru:0 lru_seconds_idle:0\r\n");
  EXPECT_TRUE(client_.Call({"DEBUG", "HELP"}).starts_with("*"));
}

TEST_F(DebugCommandTest, ADigestIsThatOfThePairsAndNotOfTheirHistory) {
  const std::string of_nothing = client_.Call({"DEBUG", "DIGEST"});
  EXPECT_EQ(of_nothing, "+" + std::string(40, '0') + "\r\n");
  client_.Call({"MSET", "a", "1", "b", "2"});
  const std::string of_both = client_.Call({"DEBUG", "DIGEST"});
  client_.Call({"MSET", "a", "2", "b", "1"});
  EXPECT_NE(client_.Call({"DEBUG", "DIGEST"}), of_both);
  client_.Call({"FLUSHALL"});
  EXPECT_EQ(client_.Call({"DEBUG", "DIGEST"}), of_nothing);
  client_.Call({"SET", "b", "2"});
  client_.Call({"SET", "a", "1"});
  EXPECT_EQ(client_.Call({"DEBUG", "DIGEST"}), of_both);
  client_.Call({"SET", "c", "1"});
  const std::string values = client_.Call({"DEBUG", "DIGEST-VALUE", "a", "c"});
  EXPECT_EQ(values.substr(4, 43), values.substr(47));
}

TEST_F(DebugCommandTest, MemoryIsReported) {
  EXPECT_EQ(client_.Call({"MEMORY", "USAGE", "nosuch"}), "$-1\r\n");
  client_.Call({"SET", "key", std::string(1'000, 'v')});
  EXPECT_EQ(client_.Call({"MEMORY", "USAGE", "key"}), ":1003\r\n");
  EXPECT_EQ(client_.Call({"MEMORY", "USAGE", "key", "SAMPLES", "0"}), ":1003\r\n");
  EXPECT_EQ(client_.Call({"MEMORY", "USAGE", "key", "SAMPLES", "-1"}), "-ERR syntax error\r\n");
  EXPECT_EQ(client_.Call({"MEMORY", "USAGE", "key", "BOGUS"}), "-ERR syntax error\r\n");
  EXPECT_EQ(client_.Call({"MEMORY", "PURGE"}), "+OK\r\n");
  EXPECT_TRUE(client_.Call({"MEMORY", "STATS"}).starts_with("*12\r\n$14\r\npeak.allocated\r\n:"));
  EXPECT_TRUE(client_.Call({"MEMORY", "DOCTOR"}).starts_with("$"));
  EXPECT_EQ(client_.Call({"MEMORY", "NOSUCH"}), "-ERR unknown subcommand 'NOSUCH'. Try MEMORY HELP.\r\n");
}

}  // namespace
}  // namespace kvs::server
