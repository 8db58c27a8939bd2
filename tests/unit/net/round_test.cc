// Promised: the sessions of a round are received from before the first of them executes, so that what their requests
// need is prefetched together. Each is answered as if it were alone. The engine writes down the order of its calls.
#include "net/round.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/server_host.h"
#include "service/server_state.h"
#include "support/memory_engine.h"
#include "support/request_frame.h"
#include "support/resp_client.h"

namespace kvs::server {
namespace {

using ::testing::ElementsAre;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

class WritingEngine : public test::MemoryEngine {
 public:
  void Prefetch(std::span<const std::string_view> keys) override {
    std::string line = "prefetch";
    for (const std::string_view key : keys) line += " " + std::string(key);
    calls.push_back(line);
  }
  Result<bool> Read(std::string_view key, ValueVisitor visit) override {
    calls.push_back("read " + std::string(key));
    return MemoryEngine::Read(key, visit);
  }

  std::vector<std::string> calls;
};

class RoundTest : public ::testing::Test {
 protected:
  struct Pair {
    test::RespClient client;
    std::unique_ptr<Session> session;
  };

  Pair Connect() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    return {test::RespClient{io::UniqueFd(ends[0])},
            std::make_unique<Session>(io::UniqueFd(ends[1]), host_, kLimits,
                                      std::make_shared<Outbox>(std::size_t{1} << 20, nullptr))};
  }

  void Serve(const std::vector<Pair>& pairs) {
    std::vector<Session*> sessions;
    for (const Pair& pair : pairs) sessions.push_back(pair.session.get());
    std::vector<char> room(kServedTogether * Session::kReceiveBytes);
    ServeRound(host_, room, sessions);
  }

  WritingEngine engine_;
  ServerState state_{engine_};
  ServerHost host_{state_};
};

TEST_F(RoundTest, TheKeysOfAllSessionsArePrefetched) {
  std::vector<Pair> pairs;
  for (int i = 0; i < 4; ++i) pairs.push_back(Connect());
  ASSERT_TRUE(engine_.Set("b", "2"));
  pairs[0].client.Send(test::RespCommand({"GET", "a"}));
  pairs[1].client.Send(test::RespCommand({"GET", "b"}));
  pairs[2].client.Send(test::RespCommand({"PING"}));
  pairs[3].client.Send(test::RequestFrame({.opcode = protocol::Opcode::kGet, .request_id = 7, .key = "c"}));
  Serve(pairs);
  EXPECT_THAT(engine_.calls, ElementsAre("prefetch a b c", "read a", "read b", "read c"));
  EXPECT_EQ(pairs[0].client.Receive(), "$-1\r\n");
  EXPECT_EQ(pairs[1].client.Receive(), "$1\r\n2\r\n");
  EXPECT_EQ(pairs[2].client.Receive(), "+PONG\r\n");
}

TEST_F(RoundTest, OneSessionOrAPipelinePrefetchesNothing) {
  std::vector<Pair> pairs;
  pairs.push_back(Connect());
  pairs[0].client.Send(test::RespCommand({"GET", "a"}));
  Serve(pairs);
  pairs.push_back(Connect());
  for (Pair& pair : pairs) pair.client.Send(test::RespCommand({"SET", "key", std::string(1'000, 'v')}));
  Serve(pairs);
  EXPECT_THAT(engine_.calls, ElementsAre("read a"));
}

// More sessions than are served together, with more input than a turn receives.
TEST_F(RoundTest, EverySessionIsAnsweredAsIfItWereAlone) {
  std::vector<Pair> pairs;
  for (int i = 0; i < 40; ++i) pairs.push_back(Connect());
  const std::string value(100'000, 'v');
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    pairs[i].client.Send(test::RespCommand({"SET", "key" + std::to_string(i), value.substr(i * 1'000)}));
  }
  for (int round = 0; round < 3; ++round) Serve(pairs);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_EQ(pairs[i].client.Receive(), "+OK\r\n");
    EXPECT_EQ(engine_.Get("key" + std::to_string(i)).value(), value.substr(i * 1'000));
  }
}

}  // namespace
}  // namespace kvs::server
