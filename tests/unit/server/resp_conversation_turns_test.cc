// Promised: no command keeps other clients waiting. A turn ends after its commands, its bytes and its time. A scan
// looks at a bounded number of pairs, whatever it is asked for, and still gives every key that stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "net/connection.h"
#include "server/resp_conversation.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"
#include "unit/server/conversation_test.h"

namespace kvs::server {
namespace {

using test::RespCommand;
using testing::ElementsAre;

class RespConversationTurnsTest : public ConversationTest {
 protected:
  test::MemoryEngine engine_;
  ServerState state_{engine_};
};

TEST_F(RespConversationTurnsTest, ATurnIsBoundedAndTheRestRunsLater) {
  test::ServedConnection connection(
      state_, {.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20, .requests_per_turn = 10});
  std::string stream;
  for (int i = 0; i < 25; ++i) stream += RespCommand({"SET", "k", std::to_string(i)});
  connection.Receive(stream);
  EXPECT_EQ(Take(connection).size(), 10U);
  EXPECT_TRUE(connection.can_resume());
  connection.Resume();
  connection.Resume();
  EXPECT_EQ(Take(connection).size(), 15U);
  EXPECT_EQ(**engine_.Get("k"), "24");
}

TEST_F(RespConversationTurnsTest, ATurnEndsAfterItsTime) {
  ConnectionLimits limits = kLimits;
  limits.turn_time = std::chrono::milliseconds(0);
  test::ServedConnection connection(state_, limits);
  connection.Receive(Stream(std::vector<Words>(10, {"PING"})));
  for (int turns = 1; turns < 10; ++turns) {
    EXPECT_EQ(Take(connection).size(), 1U);
    ASSERT_TRUE(connection.can_resume());
    EXPECT_FALSE(connection.wants_input());
    connection.Resume();
  }
  EXPECT_EQ(Take(connection).size(), 1U);
  EXPECT_FALSE(connection.can_resume());
}

TEST_F(RespConversationTurnsTest, ATurnEndsAfterItsBytes) {
  ASSERT_TRUE(engine_.Set("k", std::string(100'000, 'v')).has_value());
  for (const Words& command : {Words{"GET", "k"}, Words{"GETRANGE", "k", "0", "-1"}}) {
    test::ServedConnection connection(state_, {.request_bytes_max = 1 << 20, .output_bytes_max = 64 << 20});
    connection.Receive(Stream(std::vector<Words>(100, command)));
    std::size_t replies = 0;
    std::size_t turns = 1;
    for (; connection.can_resume(); ++turns) {
      EXPECT_LE(connection.output().size(), (1U << 20) + 200'000U);
      replies += Take(connection).size();
      connection.Resume();
    }
    EXPECT_EQ(replies + Take(connection).size(), 100U);
    EXPECT_GE(turns, 9U);
  }
}

TEST_F(RespConversationTurnsTest, KeysGivesOtherClientsTheirTurns) {
  constexpr std::size_t kKeys = 40'000;
  for (std::size_t i = 0; i < kKeys; ++i) ASSERT_TRUE(engine_.Set("key:" + std::to_string(i), "v").has_value());
  const ConnectionLimits limits{.request_bytes_max = 1 << 20, .output_bytes_max = 64 << 20};
  test::ServedConnection connection(state_, limits);
  test::ServedConnection other(state_, limits);
  connection.Receive(Stream({{"KEYS", "key:*"}, {"PING"}}));
  std::size_t turns = 1;
  for (; connection.can_resume(); ++turns) {
    EXPECT_TRUE(connection.output().empty());
    other.Receive(RespCommand({"SET", "other", "v"}));
    EXPECT_THAT(Take(other), ElementsAre("+OK\r\n"));
    connection.Resume();
  }
  EXPECT_GT(turns, 2U);
  const std::vector<std::string> replies = Take(connection);
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_EQ(test::RespElements(replies.at(0)).size(), kKeys);
  EXPECT_EQ(replies.at(1), "+PONG\r\n");

  connection.Receive(Stream({{"MULTI"}, {"KEYS", "key:*"}, {"EXEC"}}));
  EXPECT_EQ(test::RespElements(test::RespElements(Take(connection).at(2)).at(0)).size(), kKeys);
  connection.Receive(Stream({{"CLIENT", "REPLY", "SKIP"}, {"KEYS", "*"}, {"PING"}}));
  EXPECT_THAT(Take(connection), ElementsAre("+PONG\r\n"));
}

// Each of these takes minutes if its time grows with the square of its input.
TEST_F(RespConversationTurnsTest, LongListsTakeNoSquareOfTheirLength) {
  constexpr int kNames = 200'000;
  test::ServedConnection connection(state_, {.request_bytes_max = 64 << 20, .output_bytes_max = 64 << 20});
  Words watch = {"WATCH"};
  Words track = {"CLIENT", "TRACKING", "ON", "BCAST"};
  Words list = {"CLIENT", "LIST", "ID"};
  for (int i = 0; i < kNames; ++i) {
    watch.push_back("key:" + std::to_string(i));
    track.emplace_back("PREFIX");
    track.push_back(std::to_string(i) + ":");
    list.push_back(std::to_string(i + 1'000'000));
  }
  for (const Words& command : {watch, watch, Words{"UNWATCH"}, Words{"HELLO", "3"}, track, list}) {
    connection.Receive(RespCommand(command));
    EXPECT_EQ(Take(connection).size(), 1U) << command.front();
  }
  for (int i = 0; i < 20'000; ++i) connection.Receive(RespCommand({"SET", std::to_string(i) + ":key", "v"}));
  connection.Resume();
  EXPECT_EQ(Take(connection).size(), 20'000U);
  state_.observation.tracking.SendBroadcasts();  // As a loop does at the end of its turn.
  connection.Resume();
  EXPECT_EQ(Take(connection).size(), 20'000U);
}

// One call of SCAN: the cursor, then the keys.
Words ScanOnce(Connection& connection, const Words& command) {
  connection.Receive(RespCommand(command));
  const std::string reply(connection.output());
  connection.Sent(reply.size());
  const std::vector<std::string> parts = test::RespElements(reply);
  Words found = {test::RespText(parts.at(0))};
  for (const std::string& key : test::RespElements(parts.at(1))) found.push_back(test::RespText(key));
  return found;
}

TEST_F(RespConversationTurnsTest, ScansGiveEveryKeyThatStays) {
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(engine_.Set("stays:" + std::to_string(i), "v").has_value());
  for (const int forgotten_after : {1'000, 0, 7}) {
    std::set<std::string> seen;
    std::string cursor = "0";
    int calls = 0;
    ServerState restarted(engine_);
    test::ServedConnection before(state_, kLimits);
    test::ServedConnection after(restarted, kLimits);
    do {
      const Words found = ScanOnce(calls <= forgotten_after ? before : after, {"SCAN", cursor, "COUNT", "50"});
      cursor = found.front();
      seen.insert(found.begin() + 1, found.end());
      // Others come and go in between.
      ASSERT_TRUE(engine_.Set("goes:" + std::to_string(calls), "v").has_value());
      if (calls > 0) {
        ASSERT_TRUE(engine_.Remove("goes:" + std::to_string(calls - 1)).has_value());
      }
      ASSERT_LT(++calls, 50);
    } while (cursor != "0");
    EXPECT_EQ(std::count_if(seen.begin(), seen.end(), [](const auto& key) { return key.starts_with("stays:"); }),
              1'000);
  }
}

// Counts the pairs that its scans show.
class CountingEngine final : public test::MemoryEngine {
 public:
  Status Scan(const ScanRange& range, ScanVisitor visit) override {
    return MemoryEngine::Scan(range, [&](std::string_view key, std::string_view value) {
      ++shown;
      return visit(key, value);
    });
  }
  std::size_t shown = 0;
};

TEST_F(RespConversationTurnsTest, AScanLooksAtNoMoreThanItsCount) {
  CountingEngine engine;
  for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(engine.Set("key:" + std::to_string(i), "v").has_value());
  ServerState state(engine);
  test::ServedConnection connection(state, kLimits);
  for (const std::string cursor : {"0", "123456789", "4611686018427387904", "18446744073709551615"}) {
    engine.shown = 0;
    EXPECT_EQ(ScanOnce(connection, {"SCAN", cursor, "COUNT", "20"}).size(), 21U) << cursor;
    EXPECT_LE(engine.shown, 21U) << cursor;
  }
}

TEST_F(RespConversationTurnsTest, AScanOfAnyCountIsBounded) {
  CountingEngine engine;
  const std::string padding(1'000, 'x');
  for (int i = 0; i < 5'000; ++i) ASSERT_TRUE(engine.Set(padding + std::to_string(i), "v").has_value());
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(engine.Set(std::to_string(i), "v").has_value());
  ServerState state(engine);
  test::ServedConnection connection(state, {.request_bytes_max = 1 << 20, .output_bytes_max = 100 << 20});
  std::set<std::string> seen;
  std::string cursor = "0";
  do {
    engine.shown = 0;
    const Words found = ScanOnce(connection, {"SCAN", cursor, "COUNT", "1000000000000"});
    EXPECT_LE(engine.shown, 16'385U);
    std::size_t bytes = 0;
    for (const std::string& key : found) bytes += key.size();
    EXPECT_LT(bytes, 1'100'000U);
    cursor = found.front();
    seen.insert(found.begin() + 1, found.end());
  } while (cursor != "0");
  EXPECT_EQ(seen.size(), 25'000U);
}

}  // namespace
}  // namespace kvs::server
