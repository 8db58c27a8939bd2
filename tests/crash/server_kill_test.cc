// Promised: an answered EXEC survives the death of the server. An unanswered one takes effect as a whole or not at all.
// An expiry survives as well.
//
// Attack: a real kvs-server is killed with SIGKILL while clients send transactions, again and again on the same data.
// Each time the pairs are compared with each other and with the last answers.
//
// Replay: the moments depend on the machine.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "cli/programs.h"
#include "kvs/address.h"
#include "support/resp_client.h"

namespace kvs::test {
namespace {

constexpr int kKills = 15;
constexpr int kClients = 3;

std::string Key(int client, const char* half) { return "client:" + std::to_string(client) + ":" + half; }

// The stored number, 0 if there is none.
std::int64_t NumberAt(RespClient& client, const std::string& key) {
  const std::string reply = client.Call({"GET", key});
  if (reply == "$-1\r\n") return 0;
  return base::ParseDecimal(RespText(reply)).value_or(-1);
}

// Sends transactions until the server is gone; returns the number of the last one that was answered.
std::int64_t SendTransactions(const Address& address, int number, std::int64_t from) {
  RespClient client(address);
  for (std::int64_t i = from;; ++i) {
    const bool is_sent =
        client.TrySend(RespCommand({"MULTI"}) + RespCommand({"SET", Key(number, "a"), std::to_string(i)}) +
                       RespCommand({"INCR", Key(number, "b")}) +
                       RespCommand({"SET", Key(number, "c"), "v", "EX", "99999"}) + RespCommand({"EXEC"}));
    std::optional<std::string> reply = is_sent ? std::optional<std::string>("") : std::nullopt;
    for (int r = 0; reply && r < 5; ++r) reply = client.TryReceive();
    if (!reply) return i - 1;
    EXPECT_EQ(reply->front(), '*');
  }
}

TEST(ServerKillTest, ATransactionSurvivesAsAWholeOrNotAtAll) {
  const TemporaryDirectory directory;
  base::Random random(1);
  std::vector<std::int64_t> answered(kClients, 0);
  for (int kill = 0; kill < kKills; ++kill) {
    ServerProgram server(directory.path());
    KVS_START_OR_FAIL(server);
    const Address address = *Address::Parse(server.address());
    RespClient observer(address);
    for (int c = 0; c < kClients; ++c) {
      const std::int64_t a = NumberAt(observer, Key(c, "a"));
      ASSERT_EQ(a, NumberAt(observer, Key(c, "b")));
      ASSERT_GE(a, answered[static_cast<std::size_t>(c)]);
      if (a > 0) {
        ASSERT_THAT(observer.Call({"TTL", Key(c, "c")}), testing::StartsWith(":9"));
      }
      answered[static_cast<std::size_t>(c)] = a;
    }
    std::vector<std::thread> threads;
    for (int c = 0; c < kClients; ++c) {
      threads.emplace_back([&, c] {
        std::int64_t& last = answered[static_cast<std::size_t>(c)];
        last = SendTransactions(address, c, last + 1);
      });
    }
    // Some transactions of the first client, then the end.
    const std::int64_t until = NumberAt(observer, Key(0, "a")) + 1 + static_cast<std::int64_t>(random.Below(300));
    while (NumberAt(observer, Key(0, "a")) < until) continue;
    EXPECT_EQ(server.StopBy(SIGKILL), 128 + SIGKILL);
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_GT(answered[0], kKills);
}

}  // namespace
}  // namespace kvs::test
