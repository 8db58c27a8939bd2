// Promised: the memory of all clients together has one limit. A command that would exceed it is an error and does
// nothing, or the clients with the most memory are closed. The server and the other clients go on. Each test has a
// limit of some megabytes, and commands that each need more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/frame_client.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"

namespace kvs::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::size_t kMegabyte = std::size_t{1} << 20;
constexpr const char* kRefusal = "-OOM the clients of this server have all the memory";

class ServerMemoryTest : public ServerModesTest {
 protected:
  static ServerOptions Limited(const std::string& limit) {
    ServerOptions options = Options();
    options.parameters = {{"client-memory-limit", limit}};
    return options;
  }
  void Store(const std::string& key, std::size_t bytes) {
    ASSERT_TRUE(engine_->Set(key, std::string(bytes, 'v')).has_value());
  }
  static std::string Figure(RespClient& client, const std::string& name) {
    const std::string info = client.Call({"INFO"});
    const std::size_t begin = info.find("\r\n" + name + ":");
    if (begin == std::string::npos) return "(none)";
    const std::size_t from = begin + 3 + name.size();
    return info.substr(from, info.find("\r\n", from) - from);
  }
};
INSTANTIATE_TEST_SUITE_P(Modes, ServerMemoryTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

TEST_P(ServerMemoryTest, CommandThatNeedsMoreIsRefused) {
  const RunningServer server(engine_, Limited("8mb"));
  Store("large", 10 * kMegabyte);
  Store("a", 100'000);
  RespClient client(server.address());
  const std::vector<std::vector<std::string>> commands = {{"GET", "large"},
                                                          {"MGET", "a", "large"},
                                                          {"GETRANGE", "large", "0", "-1"},
                                                          {"GETDEL", "large"},
                                                          {"GETSET", "large", "x"},
                                                          {"SET", "large", "x", "GET"},
                                                          {"DUMP", "large"},
                                                          {"COPY", "large", "other"},
                                                          {"RENAME", "large", "other"},
                                                          {"APPEND", "large", "x"},
                                                          {"SETRANGE", "a", "10000000", "x"},
                                                          {"SETBIT", "a", "80000000", "1"},
                                                          {"BITFIELD", "a", "SET", "u8", "80000000", "1"},
                                                          {"BITOP", "NOT", "other", "large"},
                                                          {"LCS", "a", "a", "LEN"},
                                                          {"LCS", "large", "a"}};
  for (const auto& command : commands) {
    const std::string reply = client.Call(command);
    EXPECT_THAT(reply, testing::AnyOf(StartsWith(kRefusal), HasSubstr("Insufficient memory"))) << command[0];
  }
  EXPECT_EQ(client.Call({"STRLEN", "large"}), ":10485760\r\n");
  EXPECT_EQ(client.Call({"STRLEN", "a"}), ":100000\r\n");
  EXPECT_EQ(client.Call({"EXISTS", "other"}), ":0\r\n");
  EXPECT_EQ(client.Call({"SETRANGE", "a", "1000000", "x"}), ":1000001\r\n");
  EXPECT_EQ(Figure(client, "evicted_clients"), "0");
  EXPECT_EQ(Figure(client, "client_memory_limit"), "8388608");
}

TEST_P(ServerMemoryTest, PipelinedRunsGoOnAfterARefusal) {
  const RunningServer server(engine_, Limited("8mb"));
  Store("large", 10 * kMegabyte);
  RespClient client(server.address());
  client.Send(RespCommand({"SET", "k", "v"}) + RespCommand({"GET", "k"}) + RespCommand({"GET", "large"}) +
              RespCommand({"GET", "k"}) + RespCommand({"PING"}));
  EXPECT_EQ(client.Receive(), "+OK\r\n");
  EXPECT_EQ(client.Receive(), "$1\r\nv\r\n");
  EXPECT_THAT(client.Receive(), StartsWith(kRefusal));
  EXPECT_EQ(client.Receive(), "$1\r\nv\r\n");
  EXPECT_EQ(client.Receive(), "+PONG\r\n");
}

TEST_P(ServerMemoryTest, NativeGetIsRefusedToo) {
  const RunningServer server(engine_, Limited("8mb"));
  Store("large", 10 * kMegabyte);
  FrameClient client(server.address());
  const Answer answer = client.Call(GetFrame(7, "large"));
  EXPECT_TRUE(answer.is(ErrorCode::kOverloaded) && !answer.is_closing);
  EXPECT_EQ(answer.request_id, 7U);
  EXPECT_TRUE(client.Call(SetFrame(8, "k", "v")).is_ok());
}

TEST_P(ServerMemoryTest, RequestThatIsTooLargeToKeepIsAnError) {
  const RunningServer server(engine_, Limited("8mb"));
  RespClient resp(server.address());
  resp.TrySend("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000000\r\n" + std::string().append(20'000'000, 'v'));
  EXPECT_THAT(resp.ReceiveToTheEnd(), StartsWith(kRefusal));
  FrameClient native(server.address());
  native.TrySend(SetFrame(1, "k", std::string().append(20'000'000, 'v')));
  const Answer answer = native.Await();
  EXPECT_TRUE(answer.is(ErrorCode::kOverloaded) && answer.is_closing);
  RespClient other(server.address());
  EXPECT_EQ(other.Call({"EXISTS", "k"}), ":0\r\n");
}

TEST_P(ServerMemoryTest, TransactionThatWritesTooMuchDoesNothing) {
  const RunningServer server(engine_, Limited("32mb"));
  RespClient client(server.address());
  ASSERT_EQ(client.Call({"MULTI"}), "+OK\r\n");
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(client.Call({"SETRANGE", "k" + std::to_string(i), "8000000", "x"}), "+QUEUED\r\n");
  }
  EXPECT_THAT(client.Call({"EXEC"}), StartsWith(kRefusal));
  EXPECT_EQ(client.Call({"DBSIZE"}), ":0\r\n");
  EXPECT_EQ(Figure(client, "mem_clients_normal"), "0");
}

TEST_P(ServerMemoryTest, TransactionWithTooMuchToReplyDoesNothing) {
  const RunningServer server(engine_, Limited("16mb"));
  Store("large", kMegabyte);
  RespClient client(server.address());
  ASSERT_EQ(client.Call({"MULTI"}), "+OK\r\n");
  ASSERT_EQ(client.Call({"SET", "k", "v"}), "+QUEUED\r\n");
  for (int i = 0; i < 60; ++i) ASSERT_EQ(client.Call({"GET", "large"}), "+QUEUED\r\n");
  EXPECT_THAT(client.Call({"EXEC"}), StartsWith(kRefusal));
  EXPECT_EQ(client.Call({"EXISTS", "k"}), ":0\r\n");
}

TEST_P(ServerMemoryTest, TransactionThatIsTooLargeToQueueIsRefused) {
  const RunningServer server(engine_, Limited("8mb"));
  RespClient client(server.address());
  ASSERT_EQ(client.Call({"MULTI"}), "+OK\r\n");
  std::string reply = "+QUEUED\r\n";
  for (int i = 0; i < 20 && reply == "+QUEUED\r\n"; ++i) reply = client.Call({"SET", "k", std::string(kMegabyte, 'v')});
  EXPECT_THAT(reply, StartsWith(kRefusal));
  EXPECT_THAT(client.Call({"EXEC"}), StartsWith("-EXECABORT"));
  EXPECT_EQ(client.Call({"EXISTS", "k"}), ":0\r\n");
}

TEST_P(ServerMemoryTest, ClientsThatDoNotReadAreClosedTheGreatestFirst) {
  const RunningServer server(engine_, Limited("16mb"));
  Store("value", kMegabyte);
  std::string requests;
  for (int i = 0; i < 64; ++i) requests += RespCommand({"GET", "value"});
  std::vector<std::unique_ptr<RespClient>> deaf;
  for (int i = 0; i < 8; ++i) {
    deaf.push_back(std::make_unique<RespClient>(server.address()));
    deaf.back()->TrySend(requests);
  }
  // The others may share the memory so equally that none of them closes another.
  RespClient client(server.address());
  while (Figure(client, "evicted_clients") == "0")
    EXPECT_THAT(client.Call({"GET", "value"}), StartsWith("$1048576\r\n"));
  EXPECT_EQ(client.Call({"STRLEN", "value"}), ":1048576\r\n");
  deaf.clear();
  while (Figure(client, "mem_clients_normal") != "0") continue;
}

TEST_P(ServerMemoryTest, SubscribersThatDoNotReadAreDropped) {
  const RunningServer server(engine_, Limited("64mb"));
  std::vector<std::unique_ptr<RespClient>> deaf;
  for (int i = 0; i < 8; ++i) {
    deaf.push_back(std::make_unique<RespClient>(server.address()));
    EXPECT_THAT(deaf.back()->Call({"SUBSCRIBE", "news"}), HasSubstr("subscribe"));
  }
  RespClient client(server.address());
  const std::string message(kMegabyte, 'm');
  std::string receivers = ":8\r\n";
  for (int i = 0; i < 1'000 && receivers == ":8\r\n"; ++i) receivers = client.Call({"PUBLISH", "news", message});
  EXPECT_NE(receivers, ":8\r\n");
  EXPECT_EQ(client.Call({"PING"}), "+PONG\r\n");
}

TEST_P(ServerMemoryTest, WatchedKeysCount) {
  const RunningServer server(engine_, Limited("1mb"));
  RespClient client(server.address());
  std::vector<std::string> words = {"WATCH"};
  for (int i = 0; i < 100; ++i) words.push_back(std::to_string(i) + std::string(2'000, 'k'));
  ASSERT_EQ(client.Call(words), "+OK\r\n");
  for (int i = 0; i < 100; ++i) words[1 + static_cast<std::size_t>(i)] += "more";
  EXPECT_THAT(client.Call(words), StartsWith(kRefusal));
  EXPECT_EQ(client.Call({"UNWATCH"}), "+OK\r\n");
  EXPECT_EQ(Figure(client, "mem_clients_normal"), "0");
}

TEST_P(ServerMemoryTest, NamesOfClientsCount) {
  const RunningServer server(engine_, Limited("1mb"));
  RespClient client(server.address());
  ASSERT_EQ(client.Call({"CLIENT", "SETNAME", std::string(300'000, 'n')}), "+OK\r\n");
  EXPECT_EQ(Figure(client, "mem_clients_normal"), "294912");
  RespClient other(server.address());
  EXPECT_THAT(other.Call({"HELLO", "2", "SETNAME", std::string(500'000, 'n')}), StartsWith(kRefusal));
  ASSERT_EQ(client.Call({"CLIENT", "SETNAME", "short"}), "+OK\r\n");
  EXPECT_EQ(Figure(client, "mem_clients_normal"), "0");
}

TEST_P(ServerMemoryTest, PrefixesOfTrackingCount) {
  const RunningServer server(engine_, Limited("2mb"));
  RespClient client(server.address());
  ASSERT_THAT(client.Call({"HELLO", "3"}), HasSubstr("server"));
  std::vector<std::string> words = {"CLIENT", "TRACKING", "ON", "BCAST"};
  for (int i = 100; i < 400; ++i) {
    words.insert(words.end(), {"PREFIX", std::to_string(i) + std::string(1'000, 'p')});
  }
  ASSERT_EQ(client.Call(words), "+OK\r\n");
  for (std::size_t i = 5; i < words.size(); i += 2) words[i] = "a" + words[i] + std::string(1'000, 'p');
  EXPECT_THAT(client.Call(words), StartsWith(kRefusal));
  EXPECT_EQ(client.Call({"CLIENT", "TRACKING", "OFF"}), "+OK\r\n");
  EXPECT_LE(std::stoul(Figure(client, "mem_clients_normal")), 65'536U);  // The list of the words of a command.
}

TEST_P(ServerMemoryTest, ThePartsOfAPatternCount) {
  const RunningServer server(engine_, Limited("2mb"));
  RespClient client(server.address());
  std::string tail = "*";
  for (int i = 0; i < 50; ++i) tail += "?a*";  // 2 kB each in memory.
  std::string reply;
  int taken = 0;
  while (taken < 1'000 && reply[0] != '-') reply = client.Call({"PSUBSCRIBE", std::to_string(taken++) + tail});
  EXPECT_THAT(reply, StartsWith(kRefusal));
  EXPECT_LT(taken, 25);
  RespClient other(server.address());
  EXPECT_EQ(other.Call({"PUBLISH", "news", "m"}), ":0\r\n");
}

TEST_P(ServerMemoryTest, TrackedKeysTakeAnEighthOfTheLimit) {
  const RunningServer server(engine_, Limited("8mb"));
  RespClient client(server.address());
  ASSERT_THAT(client.Call({"HELLO", "3"}), HasSubstr("server"));
  ASSERT_EQ(client.Call({"CLIENT", "TRACKING", "ON"}), "+OK\r\n");
  std::string requests;
  for (int i = 0; i < 60; ++i) requests += RespCommand({"GET", std::to_string(i) + std::string(60'000, 'k')});
  client.Send(requests + RespCommand({"PING"}));
  int told = 0;
  for (std::string reply; reply != "+PONG\r\n"; reply = client.Receive()) told += reply.starts_with(">2") ? 1 : 0;
  EXPECT_GT(told, 0);
  RespClient other(server.address());
  EXPECT_EQ(Figure(other, "tracking_total_keys"), "17");
}

TEST_P(ServerMemoryTest, LimitIsSetWhileTheServerRuns) {
  const RunningServer server(engine_, Limited("8mb"));
  Store("large", 10 * kMegabyte);
  RespClient client(server.address());
  EXPECT_THAT(client.Call({"GET", "large"}), StartsWith(kRefusal));
  EXPECT_EQ(client.Call({"CONFIG", "SET", "client-memory-limit", "64mb"}), "+OK\r\n");
  EXPECT_THAT(client.Call({"GET", "large"}), StartsWith("$10485760\r\n"));
  EXPECT_EQ(client.Call({"CONFIG", "SET", "client-memory-limit", "10%"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"CONFIG", "GET", "client-memory-limit"}), "*2\r\n$19\r\nclient-memory-limit\r\n$3\r\n10%\r\n");
  EXPECT_THAT(client.Call({"CONFIG", "SET", "client-memory-limit", "101%"}), StartsWith("-ERR CONFIG SET failed"));
}

}  // namespace
}  // namespace kvs::test
