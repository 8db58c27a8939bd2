// Promised: one reply per command, in order, however the input is split. A run of commands gives the same replies as
// the commands one by one. Limits hold, and no reply remains that a failed sync has made false.
#include "server/resp_conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"
#include "unit/server/conversation_test.h"

namespace kvs::server {
namespace {

using test::RespCommand;
using testing::ElementsAre;
using testing::StartsWith;

// Shows values in the reverse order of the keys, can fail for some of them, and on demand for every batch.
class PerverseEngine final : public test::MemoryEngine {
 public:
  Status Write(const WriteBatch& batch) override {
    if (batches_fail) return Error{.code = ErrorCode::kNoSpace, .context = "write"};
    return MemoryEngine::Write(batch);
  }
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) override {
    for (std::size_t i = keys.size(); i-- > 0;) {
      const Result<bool> found = Read(keys[i], [&](std::string_view value) { visit(i, value); });
      if (!found) return found.error();
      if (!*found) visit(i, std::nullopt);
    }
    return Ok();
  }
  Result<bool> Read(std::string_view key, ValueVisitor visit) override {
    if (key == "damaged") {
      visit("garbage");
      return Error{.code = ErrorCode::kCorruption, .context = "checksum"};
    }
    if (key == "failing") return failure;
    return MemoryEngine::Read(key, visit);
  }
  Status Set(std::string_view key, std::string_view value) override {
    return key == "failing" ? failure : MemoryEngine::Set(key, value);
  }
  Status Update(std::string_view key, UpdateFunction fn) override {
    return key == "failing" ? failure : MemoryEngine::Update(key, fn);
  }

  Error failure{};
  bool batches_fail = false;
};

class RespConversationTest : public ConversationTest {
 protected:
  PerverseEngine engine_;
  ServerState state_{engine_};
  ServerState syncing_{engine_, {.sync_before_reply = true}};
};

TEST_F(RespConversationTest, RunsAnswerInTheOrderOfTheirCommands) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(Stream({{"SET", "a", "1"},
                             {"SET", "b", ""},
                             {"get", "a"},
                             {"GET", "absent"},
                             {"GET", "b"},
                             {"GET", "a"},
                             {"PING"},
                             {"GET", "a"},
                             {"SET", "a", "2"},
                             {"GET", "a"}}));
  EXPECT_THAT(Take(connection), ElementsAre("+OK\r\n", "+OK\r\n", "$1\r\n1\r\n", "$-1\r\n", "$0\r\n\r\n", "$1\r\n1\r\n",
                                            "+PONG\r\n", "$1\r\n1\r\n", "+OK\r\n", "$1\r\n2\r\n"));
}

TEST_F(RespConversationTest, AnySplitGivesTheSameReplies) {
  const std::string stream = Stream({{"SET", "a", "1"}, {"GET", "a"}, {"GET", "b"}}) + "ECHO \"x y\"\r\n" +
                             Stream({{"MULTI"}, {"INCR", "n"}, {"EXEC"}, {"GET"}, {"DEL", "a", "n"}});
  test::ServedConnection whole(state_, kLimits);
  whole.Receive(stream);
  const std::string expected(whole.output());
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    test::ServedConnection connection(state_, kLimits);
    connection.Receive(stream.substr(0, cut));
    connection.Receive(stream.substr(cut));
    ASSERT_EQ(connection.output(), expected) << "cut at " << cut;
  }
}

TEST_F(RespConversationTest, ADamagedKeyOfARunIsAnErrorAndTheOthersAreNot) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(
      Stream({{"SET", "a", "1"}, {"GET", "a"}, {"GET", "damaged"}, {"GET", "a"}, {"MGET", "a", "damaged"}}));
  EXPECT_THAT(Take(connection), ElementsAre("+OK\r\n", "$1\r\n1\r\n", StartsWith("-ERR corruption"), "$1\r\n1\r\n",
                                            StartsWith("-ERR corruption")));
}

TEST_F(RespConversationTest, ARefusedSetOfARunIsAnErrorAndTheOthersAreSet) {
  test::ServedConnection connection(state_, kLimits);
  const std::string too_long(70'000, 'k');
  connection.Receive(Stream({{"SET", "a", "1"}, {"SET", too_long, "2"}, {"SET", "b", "3"}, {"MGET", "a", "b"}}));
  EXPECT_THAT(Take(connection),
              ElementsAre("+OK\r\n", StartsWith("-ERR invalid argument"), "+OK\r\n", "*2\r\n$1\r\n1\r\n$1\r\n3\r\n"));
}

TEST_F(RespConversationTest, ARunOfLargeValuesStopsIfTheOutputIsFull) {
  constexpr std::size_t kOutputMax = 10'000;
  const std::string value(3'000, 'v');
  ASSERT_TRUE(engine_.Set("k", value).has_value());
  test::ServedConnection connection(state_, {.request_bytes_max = 1 << 20, .output_bytes_max = kOutputMax});
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += RespCommand({"GET", "k"});
  connection.Receive(stream + "*1\r\n:bad");
  std::size_t replies = 0;
  while (true) {
    EXPECT_LE(connection.output().size(), kOutputMax + value.size() + 100);
    for (const std::string& reply : Take(connection)) {
      replies += reply == "$3000\r\n" + value + "\r\n" ? 1 : 0;
      if (reply.front() == '-') {
        EXPECT_EQ(replies, 100U);
      }
    }
    if (!connection.can_resume()) break;
    connection.Resume();
  }
  EXPECT_EQ(replies, 100U);
  EXPECT_TRUE(connection.is_closing());
}

TEST_F(RespConversationTest, AProtocolErrorComesAfterTheEarlierReplies) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(RespCommand({"PING"}) + "*1\r\n$-5\r\n" + RespCommand({"PING"}));
  EXPECT_THAT(Take(connection), ElementsAre("+PONG\r\n", "-ERR Protocol error: invalid bulk length\r\n"));
  EXPECT_TRUE(connection.is_finished());
}

TEST_F(RespConversationTest, WritesAreUnsettledOnlyIfRepliesAwaitTheSync) {
  test::ServedConnection direct(state_, kLimits);
  direct.Receive(Stream({{"SET", "k", "v"}, {"INCR", "n"}}));
  EXPECT_FALSE(direct.has_unsettled_writes());
  direct.Receive(RespCommand({"KVS.SYNC"}));
  EXPECT_TRUE(direct.has_unsettled_writes());

  test::ServedConnection syncing(syncing_, kLimits);
  syncing.Receive(Stream({{"GET", "k"}, {"DEL", "absent"}, {"SET", "k", "v", "NX"}, {"PING"}}));
  EXPECT_FALSE(syncing.has_unsettled_writes());
  for (const Words& write : std::vector<Words>{
           {"SET", "k", "v"}, {"INCR", "n"}, {"DEL", "k"}, {"MSET", "a", "1"}, {"APPEND", "k", "v"}, {"FLUSHALL"}}) {
    syncing.Receive(RespCommand(write));
    EXPECT_TRUE(syncing.has_unsettled_writes()) << write.front();
    syncing.SettleWrites(Ok());
  }
}

TEST_F(RespConversationTest, AFailedSyncFailsExactlyTheSuccessfulWrites) {
  test::ServedConnection connection(syncing_, kLimits);
  connection.Receive(Stream({{"PING"},
                             {"SET", "k", "1"},
                             {"SET", "l", "2"},
                             {"GET", "k"},
                             {"MULTI"},
                             {"SET", "m", "1"},
                             {"GET", "m"},
                             {"EXEC"},
                             {"DEL", "absent"},
                             {"INCR", "k"},
                             {"KVS.SYNC"}}));
  connection.SettleWrites(Error{.code = ErrorCode::kIo, .sys_errno = EIO, .context = "fdatasync"});
  const auto failed = StartsWith("-MISCONF Writing to the store failed: ");
  EXPECT_THAT(Take(connection), ElementsAre("+PONG\r\n", failed, failed, "$1\r\n1\r\n", "+OK\r\n", "+QUEUED\r\n",
                                            "+QUEUED\r\n", failed, ":0\r\n", failed, failed));
}

TEST_F(RespConversationTest, ErrorsTellReadingFromWriting) {
  engine_.failure = Error{.code = ErrorCode::kIo, .sys_errno = EIO, .context = "read fault"};
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(Stream({{"GET", "failing"}, {"GET", "failing", "x"}, {"STRLEN", "failing"}, {"MGET", "failing"}}));
  const auto unread = StartsWith("-ERR Reading the store failed: ");
  EXPECT_THAT(Take(connection), ElementsAre(unread, StartsWith("-ERR wrong number"), unread, unread));
  const std::vector<std::pair<ErrorCode, std::string>> refusals = {
      {ErrorCode::kIo, "-MISCONF Writing to the store failed: "},
      {ErrorCode::kNoSpace, "-MISCONF The store has no room: "},
      {ErrorCode::kPoisoned, "-MISCONF The store takes no writes: "}};
  for (const auto& [code, text] : refusals) {
    engine_.failure.code = code;
    connection.Receive(Stream({{"SET", "failing", "v"}, {"SETEX", "k", "1", "v"}, {"SET", "failing", "v", "XX"}}));
    EXPECT_THAT(Take(connection), ElementsAre(StartsWith(text), StartsWith("-ERR unsupported"), StartsWith(text)));
  }
}

TEST_F(RespConversationTest, NoCommandWorksWithoutThePassword) {
  ServerState guarded(engine_, {.password = "secret"});
  test::ServedConnection connection(guarded, kLimits);
  connection.Receive(Stream({{"GET", "k"},
                             {"SET", "k", "v"},
                             {"MULTI"},
                             {"HELLO", "3"},
                             {"AUTH", "wrong"},
                             {"AUTH", "other", "secret"},
                             {"nosuch"},
                             {"AUTH", "secret"},
                             {"GET", "k"},
                             {"RESET"},
                             {"GET", "k"},
                             {"HELLO", "2", "AUTH", "default", "secret"},
                             {"GET", "k"}}));
  const auto none = StartsWith("-NOAUTH Authentication required.");
  const auto wrong = StartsWith("-WRONGPASS ");
  EXPECT_THAT(Take(connection), ElementsAre(none, none, none, StartsWith("-NOAUTH HELLO must be called"), wrong, wrong,
                                            StartsWith("-ERR unknown command"), "+OK\r\n", "$-1\r\n", "+RESET\r\n",
                                            none, StartsWith("*14\r\n"), "$-1\r\n"));
  connection.Receive("*1\r\n$5\r\nRESET\r\n*11\r\n");
  EXPECT_THAT(Take(connection), ElementsAre("+RESET\r\n", "-ERR Protocol error: unauthenticated multibulk length\r\n"));
}

TEST_F(RespConversationTest, FailedCommitLeavesNoEffectOfTheTransaction) {
  test::ServedConnection listener(state_, kLimits);
  listener.Receive(RespCommand({"SUBSCRIBE", "news"}));
  Take(listener);
  const std::string transaction = Stream({{"MULTI"},
                                          {"PUBLISH", "news", "hello"},
                                          {"SET", "k", "v"},
                                          {"CONFIG", "SET", "timeout", "7"},
                                          {"GET", "k"},
                                          {"SUBSCRIBE", "other"},
                                          {"EXEC"}});
  test::ServedConnection connection(state_, kLimits);
  engine_.batches_fail = true;
  connection.Receive(transaction);
  EXPECT_THAT(Take(connection).back(), StartsWith("-MISCONF"));
  listener.Resume();
  EXPECT_THAT(Take(listener), ElementsAre());
  connection.Receive(Stream({{"CONFIG", "GET", "timeout"}, {"PUBSUB", "CHANNELS", "other"}}));
  EXPECT_THAT(Take(connection), ElementsAre("*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n", "*0\r\n"));

  engine_.batches_fail = false;
  connection.Receive(transaction);
  EXPECT_EQ(Take(connection).back(),
            "*5\r\n:1\r\n+OK\r\n+OK\r\n$1\r\nv\r\n*3\r\n$9\r\nsubscribe\r\n$5\r\nother\r\n:1\r\n");
  listener.Resume();
  EXPECT_THAT(Take(listener), ElementsAre("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n"));
}

TEST_F(RespConversationTest, ClientListShowsTheSizesOfTheBuffers) {
  test::ServedConnection idle(state_, kLimits);
  test::ServedConnection asking(state_, kLimits);
  const auto line_of_idle = [&] {
    asking.Receive(RespCommand({"CLIENT", "LIST", "ID", "1"}));
    return Take(asking).back();
  };
  idle.Receive(RespCommand({"PING"}));
  Take(idle);
  EXPECT_THAT(line_of_idle(), testing::HasSubstr(" qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 "));
  idle.Receive("*2\r\n$4\r\nPING\r\n$4000\r\n" + std::string(1'000, 'x'));
  EXPECT_THAT(line_of_idle(), testing::HasSubstr(" qbuf=1021 "));
  idle.Receive(std::string(3'000, 'x') + "\r\n" + Stream({{"MULTI"}, {"SET", "k", std::string(5'000, 'v')}}));
  EXPECT_THAT(line_of_idle(), testing::AllOf(testing::HasSubstr(" qbuf=0 "), testing::HasSubstr(" obl=4023 "),
                                             testing::ContainsRegex(" multi-mem=5[0-9][0-9][0-9] ")));
}

TEST_F(RespConversationTest, UnauthenticatedClientGetsLittleOutput) {
  ServerState guarded(engine_, {.password = "secret"});
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += RespCommand({"GET", "k"});
  test::ServedConnection reading(guarded, kLimits);
  test::ServedConnection deaf(guarded, kLimits);
  for (int i = 0; i < 20; ++i) {
    reading.Receive(requests);
    ASSERT_EQ(Take(reading).size(), 100U);
    ASSERT_FALSE(reading.is_dropped());
    if (deaf.wants_input()) deaf.Receive(requests);
  }
  EXPECT_TRUE(deaf.is_dropped());
  EXPECT_LE(deaf.output().size(), kUnauthenticatedOutputBytesMax + 100);
  reading.Receive(RespCommand({"AUTH", "secret"}));
  reading.Receive(requests + requests + requests + requests);
  reading.Receive(requests + requests + requests + requests);
  EXPECT_FALSE(reading.is_dropped());
  EXPECT_EQ(Take(reading).size(), 801U);
}

TEST_F(RespConversationTest, ACommandThatTheEngineCannotDoIsAnErrorInItsPlace) {
  test::ServedConnection connection(state_, kLimits);  // The engine of this test has no expiry.
  connection.Receive(Stream({{"SET", "k", "v", "EX", "10"},
                             {"SET", "k", "v"},
                             {"EXPIRE", "k", "10"},
                             {"TTL", "k"},
                             {"EXPIRE", "k", "-1"},
                             {"EXISTS", "k"}}));
  const auto refused = StartsWith("-ERR unsupported");
  EXPECT_THAT(Take(connection), ElementsAre(refused, "+OK\r\n", refused, ":-1\r\n", ":1\r\n", ":0\r\n"));
}

TEST_F(RespConversationTest, ATransactionThatDoesNotFitIsRefusedBeforeItRuns) {
  test::ServedConnection connection(state_, {.request_bytes_max = 1'000, .output_bytes_max = 1 << 20});
  const std::string value(600, 'v');
  connection.Receive(Stream({{"MULTI"}, {"SET", "a", value}, {"SET", "b", value}, {"EXEC"}, {"EXISTS", "a", "b"}}));
  EXPECT_THAT(Take(connection), ElementsAre("+OK\r\n", "+QUEUED\r\n", StartsWith("-ERR the transaction is larger"),
                                            StartsWith("-EXECABORT"), ":0\r\n"));
}

TEST_F(RespConversationTest, AnotherClientsWriteEndsATransactionThatWatches) {
  test::ServedConnection watching(state_, kLimits);
  test::ServedConnection other(state_, kLimits);
  const auto exec = [&](const Words& write) {
    watching.Receive(Stream({{"SET", "k", "0"}, {"WATCH", "k"}, {"MULTI"}, {"SET", "result", "1"}}));
    other.Receive(RespCommand(write));
    Take(other);
    watching.Receive(RespCommand({"EXEC"}));
    return Take(watching).back() == "*-1\r\n" ? "refused" : "done";
  };
  for (const Words& write : std::vector<Words>{{"SET", "k", "0"},
                                               {"APPEND", "k", "x"},
                                               {"DEL", "k"},
                                               {"DEL", "k", "l"},
                                               {"MSET", "k", "1"},
                                               {"FLUSHALL"},
                                               {"RENAME", "k", "l"},
                                               {"INCR", "k"},
                                               {"GETDEL", "k"},
                                               {"COPY", "result", "k", "REPLACE"}}) {
    ASSERT_TRUE(engine_.Set("result", "x").has_value());
    EXPECT_EQ(exec(write), "refused") << write.front();
  }
  for (const Words& write : std::vector<Words>{{"SET", "l", "0"},
                                               {"GET", "k"},
                                               {"DEL", "absent"},
                                               {"SET", "k", "1", "NX"},
                                               {"SETNX", "k", "1"},
                                               {"PING"}}) {
    EXPECT_EQ(exec(write), "done") << write.front();
  }
  watching.Receive(Stream({{"WATCH", "k"}}));
}

TEST_F(RespConversationTest, RandomKeysAreThereAndAllOfThemCome) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(RespCommand({"RANDOMKEY"}));
  EXPECT_THAT(Take(connection), ElementsAre("$-1\r\n"));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(engine_.Set("key:" + std::to_string(i), "v").has_value());
  std::vector<std::string> seen;
  for (int i = 0; i < 5'000; ++i) {
    connection.Receive(RespCommand({"RANDOMKEY"}));
    seen.push_back(Take(connection).at(0));
  }
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  EXPECT_EQ(seen.size(), 50U);
}

TEST_F(RespConversationTest, OrderedRangesAreAsAskedFor) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(Stream({{"MSET", "a", "1", "ab", "2", "b", "3", "c", "4"},
                             {"KVS.SCAN", "", ""},
                             {"KVS.SCAN", "ab", "c"},
                             {"KVS.SCAN", "", "", "PREFIX", "a", "VALUES"},
                             {"KVS.SCAN", "", "", "REV", "LIMIT", "2"},
                             {"KVS.SCAN", "", "", "LIMIT", "0"},
                             {"KVS.SCAN", "", "", "BOGUS"}}));
  EXPECT_THAT(Take(connection),
              ElementsAre("+OK\r\n", "*4\r\n$1\r\na\r\n$2\r\nab\r\n$1\r\nb\r\n$1\r\nc\r\n",
                          "*2\r\n$2\r\nab\r\n$1\r\nb\r\n", "*4\r\n$1\r\na\r\n$1\r\n1\r\n$2\r\nab\r\n$1\r\n2\r\n",
                          "*2\r\n$1\r\nc\r\n$1\r\nb\r\n", "-ERR LIMIT must be positive\r\n", "-ERR syntax error\r\n"));
}

TEST_F(RespConversationTest, NothingIsHeldInBuffersBetweenCommands) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(Stream({{"SET", "key", std::string(100'000, 'v')}, {"GET", "key"}}));
  Take(connection);
  EXPECT_EQ(connection.buffer_bytes(), 0U);
}

}  // namespace
}  // namespace kvs::server
