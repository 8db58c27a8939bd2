// The commands about expiries promise the replies of Redis, also where a time is as far away as a number can say. The
// expected replies are those of redis-server 7.0.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kvs/kv_store.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/temporary_directory.h"

namespace kvs::server {
namespace {

using test::RespClient;
using test::RunningServer;

class ExpiryCommandTest : public testing::Test {
 protected:
  static std::string Invalid(const std::string& command) {
    return "-ERR invalid expire time in '" + command + "' command\r\n";
  }

  const test::TemporaryDirectory directory_;
  RunningServer server_{*KvStore::Open(directory_.path()), {.threads = 1}};
  RespClient client_{server_.address()};
};

TEST_F(ExpiryCommandTest, TheFarthestTimeIsToldAsItIs) {
  client_.Call({"SET", "k", "v"});
  EXPECT_EQ(client_.Call({"PEXPIREAT", "k", "9223372036854775807"}), ":1\r\n");
  EXPECT_EQ(client_.Call({"PEXPIRETIME", "k"}), ":9223372036854775807\r\n");
  EXPECT_EQ(client_.Call({"EXPIRETIME", "k"}), ":9223372036854776\r\n");
  EXPECT_TRUE(client_.Call({"TTL", "k"}).starts_with(":92233"));
  EXPECT_TRUE(client_.Call({"PTTL", "k"}).starts_with(":92233"));
  EXPECT_EQ(client_.Call({"PEXPIREAT", "k", "9223372036854775806", "GT"}), ":0\r\n");
  EXPECT_EQ(client_.Call({"PEXPIREAT", "k", "9223372036854775306", "LT"}), ":1\r\n");
  EXPECT_EQ(client_.Call({"EXPIRETIME", "k"}), ":9223372036854775\r\n");
  EXPECT_EQ(client_.Call({"APPEND", "k", "x"}), ":2\r\n");
  EXPECT_EQ(client_.Call({"PEXPIRETIME", "k"}), ":9223372036854775306\r\n");
  EXPECT_EQ(client_.Call({"SET", "k", "v", "PXAT", "9223372036854775807"}), "+OK\r\n");
  EXPECT_EQ(client_.Call({"GETEX", "k", "EXAT", "9223372036854775"}), "$1\r\nv\r\n");
  EXPECT_EQ(client_.Call({"PEXPIRETIME", "k"}), ":9223372036854775000\r\n");
}

TEST_F(ExpiryCommandTest, ATimeThatNoNumberCanSayIsRefused) {
  client_.Call({"SET", "k", "v"});
  EXPECT_EQ(client_.Call({"EXPIREAT", "k", "9223372036854776"}), Invalid("expireat"));
  EXPECT_EQ(client_.Call({"PEXPIRE", "k", "9223372036854775807"}), Invalid("pexpire"));
  EXPECT_EQ(client_.Call({"EXPIRE", "k", "9223372036854775"}), Invalid("expire"));
  EXPECT_EQ(client_.Call({"EXPIRE", "k", "-9223372036854775808"}), Invalid("expire"));
  EXPECT_EQ(client_.Call({"SET", "k", "v", "EX", "9223372036854775"}), Invalid("set"));
  EXPECT_EQ(client_.Call({"SET", "k", "v", "PX", "9223372036854775807"}), Invalid("set"));
  EXPECT_EQ(client_.Call({"SETEX", "k", "9223372036854775807", "v"}), Invalid("setex"));
  EXPECT_EQ(client_.Call({"TTL", "k"}), ":-1\r\n");
}

TEST_F(ExpiryCommandTest, ATimeLongBefore1970RemovesTheKey) {
  for (const char* const command : {"PEXPIREAT", "PEXPIRE"}) {
    client_.Call({"SET", "k", "v"});
    EXPECT_EQ(client_.Call({command, "k", "-9223372036854775808"}), ":1\r\n") << command;
    EXPECT_EQ(client_.Call({"EXISTS", "k"}), ":0\r\n") << command;
  }
}

}  // namespace
}  // namespace kvs::server
