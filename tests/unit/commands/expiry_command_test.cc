// Promised: the commands about expiries give the replies of Redis, even for times at the limits of a number. The
// expected replies are those of redis-server 7.0.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

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

  // "span", "point" or "none": the clock that the key's expiry follows.
  std::string KindOf(std::string_view key) {
    std::string kind = "absent";
    EXPECT_TRUE(engine_->ReadEntry(key, [&](const Entry& entry) {
      kind = entry.expiry_ms.kind() == ExpiryKind::kSpan ? "span" : "point";
      if (entry.expiry_ms == kNoExpiry) kind = "none";
    }));
    return kind;
  }

  const test::TemporaryDirectory directory_;
  const std::shared_ptr<KvStore> engine_ = *KvStore::Open(directory_.path());
  RunningServer server_{engine_, {.threads = 1}};
  RespClient client_{server_.address()};
};

TEST_F(ExpiryCommandTest, TheFarthestTimeIsShownUnchanged) {
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

TEST_F(ExpiryCommandTest, ATimeFromNowIsASpanAndOneSince1970APoint) {
  const std::string far_s = "4102444800";
  const std::string far_ms = "4102444800000";
  const std::vector<std::pair<std::vector<std::string>, std::string>> expected = {
      {{"SET", "k", "1", "EX", "100"}, "span"},
      {{"SET", "k", "1", "PX", "100000"}, "span"},
      {{"SET", "k", "1", "EXAT", far_s}, "point"},
      {{"SET", "k", "1", "PXAT", far_ms}, "point"},
      {{"SETEX", "k", "100", "1"}, "span"},
      {{"PSETEX", "k", "100000", "1"}, "span"},
      {{"EXPIREAT", "k", far_s}, "point"},
      {{"EXPIRE", "k", "100"}, "span"},
      {{"PEXPIREAT", "k", far_ms}, "point"},
      {{"PEXPIRE", "k", "100000"}, "span"},
      {{"GETEX", "k", "EXAT", far_s}, "point"},
      {{"GETEX", "k", "EX", "100"}, "span"},
      {{"GETEX", "k", "PERSIST"}, "none"},
      {{"GETEX", "k", "PXAT", far_ms}, "point"},
      {{"PERSIST", "k"}, "none"},
      {{"SET", "k", "1", "NX", "EX", "100"}, "none"},
      {{"SET", "k", "1", "XX", "EX", "100"}, "span"},
  };
  client_.Call({"SET", "k", "1"});
  for (const auto& [command, kind] : expected) {
    client_.Call(command);
    EXPECT_EQ(KindOf("k"), kind) << command[0] << " " << command.back();
  }
}

TEST_F(ExpiryCommandTest, RestoreTakesASpanOrAPoint) {
  client_.Call({"SET", "k", "1"});
  const std::string reply = client_.Call({"DUMP", "k"});
  const std::size_t begin = reply.find("\r\n") + 2;
  const std::string dump = reply.substr(begin, reply.size() - begin - 2);
  client_.Call({"RESTORE", "k", "100000", dump, "REPLACE"});
  EXPECT_EQ(KindOf("k"), "span");
  client_.Call({"RESTORE", "k", "4102444800000", dump, "REPLACE", "ABSTTL"});
  EXPECT_EQ(KindOf("k"), "point");
  client_.Call({"RESTORE", "k", "0", dump, "REPLACE"});
  EXPECT_EQ(KindOf("k"), "none");
}

TEST_F(ExpiryCommandTest, ACommandThatKeepsTheExpiryKeepsItsKind) {
  const std::vector<std::vector<std::string>> commands = {{"INCR", "k"},
                                                          {"INCRBYFLOAT", "k", "1"},
                                                          {"APPEND", "k", "1"},
                                                          {"SETRANGE", "k", "0", "2"},
                                                          {"SETBIT", "k", "7", "0"},
                                                          {"BITFIELD", "k", "SET", "u8", "0", "50"},
                                                          {"GET", "k"},
                                                          {"SET", "k", "1", "KEEPTTL"},
                                                          {"RENAME", "k", "l"},
                                                          {"RENAME", "l", "k"},
                                                          {"COPY", "k", "l"}};
  const auto check = [&](const std::string& kind) {
    for (const auto& command : commands) {
      client_.Call(command);
      const bool is_renamed = command[0] == "RENAME" && command[2] == "l";
      EXPECT_EQ(KindOf(is_renamed ? "l" : "k"), kind) << command[0];
    }
    EXPECT_EQ(KindOf("l"), kind);
    client_.Call({"DEL", "l"});
  };
  client_.Call({"SET", "k", "1", "EX", "100"});
  check("span");
  client_.Call({"SET", "k", "1", "EXAT", "4102444800"});
  check("point");
  client_.Call({"MULTI"});
  client_.Call({"SET", "k", "1", "EX", "100"});
  client_.Call({"APPEND", "k", "1"});
  client_.Call({"EXEC"});
  EXPECT_EQ(KindOf("k"), "span");
}

}  // namespace
}  // namespace kvs::server
