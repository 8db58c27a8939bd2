// Promised: keyspace events report each change that a command made, each expiry, and each transaction once it has
// happened. A tracking client is told of every change of the keys that it has read. So a cache built on it never stays
// stale. MONITOR, SLOWLOG, CLIENT PAUSE and WAIT work between connections as in Redis 7.0.15.
//
// Attack: several connections on the loops of a server, in both of its modes. Also run under ThreadSanitizer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "kvs/kv_store.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"
#include "support/temporary_directory.h"

namespace kvs::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

ServerOptions WithDebugCommand(ServerOptions options) {
  options.allows_debug_command = true;
  return options;
}

std::string Invalidated(const std::string& key) {
  return ">2\r\n$10\r\ninvalidate\r\n*1\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n";
}

// "event key", of a pmessage from __keyevent@0__:*.
std::string Event(const std::string& message) {
  const std::vector<std::string> words = RespElements(message);
  const std::string channel = RespText(words.at(2));
  return channel.substr(channel.find(':') + 1) + " " + RespText(words.at(3));
}

class ServerObservationTest : public testing::TestWithParam<Mode> {
 protected:
  ServerObservationTest()
      : server_(*KvStore::Open(directory_.path(), {.sync = SyncPolicy::kNone}),
                WithDebugCommand(OptionsOf(GetParam()))) {}

  // A client of version 3.
  std::unique_ptr<RespClient> Client3() {
    auto client = std::make_unique<RespClient>(server_.address());
    EXPECT_THAT(client->Call({"HELLO", "3"}), StartsWith("%7"));
    return client;
  }

  const TemporaryDirectory directory_;
  const RunningServer server_;
};

TEST_P(ServerObservationTest, EventsNameTheEffectsOfCommands) {
  struct Step {
    std::vector<std::string> command;
    std::vector<std::string> events;
  };
  const std::vector<Step> steps = {
      {{"SET", "a", "1"}, {"new a", "set a"}},
      {{"SET", "a", "1", "EX", "100"}, {"set a", "expire a"}},
      {{"SET", "a", "1", "NX"}, {}},
      {{"SETEX", "b", "10", "x"}, {"new b", "set b", "expire b"}},
      {{"SETNX", "c", "1"}, {"new c", "set c"}},
      {{"GETSET", "d", "1"}, {"keymiss d", "new d", "set d"}},
      {{"GETDEL", "d"}, {"del d"}},
      {{"GETDEL", "d"}, {"keymiss d"}},
      {{"GETEX", "a", "EX", "10"}, {"expire a"}},
      {{"GETEX", "a", "PERSIST"}, {"persist a"}},
      {{"GETEX", "a", "PERSIST"}, {}},
      {{"MSET", "a", "1", "m", "2"}, {"set a", "new m", "set m"}},
      {{"MSETNX", "n", "1"}, {"new n", "set n"}},
      {{"APPEND", "p", "x"}, {"new p", "append p"}},
      {{"SETRANGE", "p", "1", "x"}, {"setrange p"}},
      {{"SETRANGE", "p", "1", ""}, {}},
      {{"INCR", "i"}, {"new i", "incrby i"}},
      {{"DECRBY", "i", "2"}, {"incrby i"}},
      {{"INCRBYFLOAT", "i", "1.5"}, {"incrbyfloat i"}},
      {{"EXPIRE", "i", "100"}, {"expire i"}},
      {{"PERSIST", "i"}, {"persist i"}},
      {{"PEXPIRE", "i", "-1"}, {"del i"}},
      {{"EXPIRE", "i", "1"}, {}},
      {{"RENAME", "b", "bb"}, {"new bb", "rename_from b", "rename_to bb"}},
      {{"COPY", "a", "aa"}, {"new aa", "copy_to aa"}},
      {{"DEL", "m", "n", "none"}, {"del m", "del n"}},
      {{"UNLINK", "p"}, {"del p"}},
      {{"MGET", "x", "a", "y"}, {"keymiss x", "keymiss y"}},
      {{"STRLEN", "x"}, {"keymiss x"}},
  };
  RespClient client(server_.address());
  EXPECT_EQ(client.Call({"CONFIG", "SET", "notify-keyspace-events", "EAmn"}), "+OK\r\n");
  RespClient listener(server_.address());
  listener.Call({"PSUBSCRIBE", "__keyevent@0__:*"});
  for (const Step& step : steps) {
    SCOPED_TRACE(RespCommand(step.command));
    client.Call(step.command);
    for (const std::string& event : step.events) EXPECT_EQ(Event(listener.Receive()), event);
  }
  client.Call({"SET", "last", "1"});
  EXPECT_EQ(Event(listener.Receive()), "new last");
}

TEST_P(ServerObservationTest, EventsOfATransactionComeWhenItHasHappened) {
  RespClient client(server_.address());
  client.Call({"CONFIG", "SET", "notify-keyspace-events", "KEA"});
  RespClient listener(server_.address());
  listener.Call({"SUBSCRIBE", "__keyspace@0__:a"});
  client.Call({"MULTI"});
  client.Call({"SET", "a", "1"});
  client.Call({"DEL", "a"});
  EXPECT_EQ(client.Call({"EXEC"}), "*2\r\n+OK\r\n:1\r\n");
  EXPECT_THAT(listener.Receive(), EndsWith("$3\r\nset\r\n"));
  EXPECT_THAT(listener.Receive(), EndsWith("$3\r\ndel\r\n"));
  auto self = Client3();
  self->Call({"SUBSCRIBE", "__keyspace@0__:b"});
  self->Send(RespCommand({"SET", "b", "1"}));
  EXPECT_EQ(self->Receive(), ">3\r\n$7\r\nmessage\r\n$16\r\n__keyspace@0__:b\r\n$3\r\nset\r\n");
  EXPECT_EQ(self->Receive(), "+OK\r\n");
}

TEST_P(ServerObservationTest, ExpiredKeysAreReported) {
  RespClient client(server_.address());
  client.Call({"CONFIG", "SET", "notify-keyspace-events", "Ex"});
  RespClient listener(server_.address());
  listener.Call({"PSUBSCRIBE", "__keyevent@0__:*"});
  auto tracker = Client3();
  tracker->Call({"CLIENT", "TRACKING", "ON"});
  client.Call({"SET", "gone", "1", "PX", "800"});
  client.Call({"SET", "kept", "1", "PX", "800"});
  client.Call({"PERSIST", "kept"});
  client.Call({"SET", "later", "1", "PX", "600"});
  client.Call({"PEXPIRE", "later", "1200"});
  EXPECT_EQ(tracker->Call({"GET", "gone"}), "$1\r\n1\r\n");
  EXPECT_EQ(tracker->Receive(), Invalidated("gone"));
  EXPECT_EQ(Event(listener.Receive()), "expired gone");
  EXPECT_EQ(Event(listener.Receive()), "expired later");
  EXPECT_EQ(client.Call({"GET", "kept"}), "$1\r\n1\r\n");
}

std::string ExpiredKeys(const std::string& info) {
  const std::size_t begin = info.find("expired_keys:");
  return info.substr(begin, info.find("\r\n", begin) - begin);
}

TEST_P(ServerObservationTest, ExpiredKeysAreReportedAndCountedAtTheirRemoval) {
  RespClient client(server_.address());
  EXPECT_EQ(client.Call({"DEBUG", "SET-ACTIVE-EXPIRE", "0"}), "+OK\r\n");
  for (const char* key : {"set", "deleted", "appended", "read", "left"}) {
    client.Call({"SET", key, "1", "PXAT", "1"});  // Before anybody listens.
  }
  client.Call({"CONFIG", "SET", "notify-keyspace-events", "EA"});
  RespClient listener(server_.address());
  listener.Call({"PSUBSCRIBE", "__keyevent@0__:*"});
  client.Call({"SET", "set", "2"});
  EXPECT_EQ(client.Call({"DEL", "deleted"}), ":0\r\n");
  client.Call({"MULTI"});
  client.Call({"APPEND", "appended", "2"});
  EXPECT_EQ(client.Call({"EXEC"}), "*1\r\n:1\r\n");
  for (const char* event : {"expired set", "set set", "expired deleted", "expired appended", "append appended"}) {
    EXPECT_EQ(Event(listener.Receive()), event);
  }
  EXPECT_EQ(ExpiredKeys(client.Call({"INFO", "stats"})), "expired_keys:3");
  client.Call({"CONFIG", "RESETSTAT"});
  EXPECT_EQ(ExpiredKeys(client.Call({"INFO", "stats"})), "expired_keys:0");
  do {  // One that meets a writer leaves it to the next.
    EXPECT_EQ(client.Call({"GET", "read"}), "$-1\r\n");
  } while (client.Call({"DBSIZE"}) != ":3\r\n");
  EXPECT_EQ(Event(listener.Receive()), "expired read");
  EXPECT_EQ(client.Call({"DEBUG", "SET-ACTIVE-EXPIRE", "1"}), "+OK\r\n");
  EXPECT_EQ(Event(listener.Receive()), "expired left");
  EXPECT_EQ(client.Call({"DBSIZE"}), ":2\r\n");
  EXPECT_EQ(ExpiredKeys(client.Call({"INFO", "stats"})), "expired_keys:2");
}

TEST_P(ServerObservationTest, TrackingTellsOfChangesOnce) {
  RespClient writer(server_.address());
  auto reader = Client3();
  EXPECT_EQ(reader->Call({"CLIENT", "TRACKING", "ON"}), "+OK\r\n");
  reader->Call({"GET", "a"});
  reader->Call({"MGET", "b", "c"});
  writer.Call({"SET", "unread", "1"});
  writer.Call({"SET", "a", "1"});
  writer.Call({"SET", "a", "2"});
  EXPECT_EQ(reader->Receive(), Invalidated("a"));
  writer.Call({"MSET", "b", "1", "c", "1"});
  EXPECT_EQ(reader->Receive(), Invalidated("b"));
  EXPECT_EQ(reader->Receive(), Invalidated("c"));
  reader->Send(RespCommand({"GET", "a"}) + RespCommand({"SET", "a", "3"}));
  EXPECT_EQ(reader->Receive(), "$1\r\n2\r\n");
  EXPECT_EQ(reader->Receive(), "+OK\r\n");
  EXPECT_EQ(reader->Receive(), Invalidated("a"));  // Its own write as well, after the reply.
  writer.Call({"FLUSHALL"});
  EXPECT_EQ(reader->Receive(), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
  EXPECT_EQ(reader->Call({"CLIENT", "TRACKING", "OFF"}), "+OK\r\n");
  reader->Call({"GET", "a"});
  writer.Call({"SET", "a", "4"});
  EXPECT_EQ(reader->Call({"PING"}), "+PONG\r\n");
}

TEST_P(ServerObservationTest, TrackingWorksByPrefixAndByRedirection) {
  RespClient writer(server_.address());
  auto listener = Client3();
  listener->Call({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "user:", "NOLOOP"});
  listener->Call({"SET", "user:0", "own"});
  writer.Call({"SET", "other", "1"});
  writer.Call({"SET", "user:1", "1"});
  EXPECT_EQ(listener->Receive(), Invalidated("user:1"));

  auto target = std::make_unique<RespClient>(server_.address());
  const std::string id = target->Call({"CLIENT", "ID"});
  target->Call({"SUBSCRIBE", "__redis__:invalidate"});
  auto reader = Client3();
  EXPECT_EQ(reader->Call({"CLIENT", "TRACKING", "ON", "REDIRECT", id.substr(1, id.size() - 3)}), "+OK\r\n");
  reader->Call({"GET", "a"});
  writer.Call({"SET", "a", "1"});
  EXPECT_EQ(target->Receive(), "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n");
  EXPECT_EQ(target->Call({"QUIT"}), "+OK\r\n");
  target->ReceiveToTheEnd();
  // The server may still be about to close it: then nobody reads the message.
  std::string news;
  while (!news.starts_with(">2\r\n$21\r\ntracking-redir-broken")) {
    reader->Call({"GET", "a"});
    writer.Call({"SET", "a", "2"});
    news = reader->Call({"PING"});
  }
  EXPECT_THAT(reader->Receive(), Not(StartsWith("-")));
}

TEST_P(ServerObservationTest, ACacheThatTracksChangesIsNeverStale) {
  constexpr std::uint64_t kKeys = 4;
  constexpr int kWrites = 400;
  std::vector<std::thread> writers;
  for (std::uint64_t w = 0; w < 2; ++w) {
    writers.emplace_back([&, w] {
      RespClient client(server_.address());
      base::Random random(w);
      for (int i = 0; i < kWrites; ++i) {
        client.Call({"SET", "k" + std::to_string(random.Below(kKeys)), std::to_string(w) + ":" + std::to_string(i)});
      }
    });
  }
  auto reader = Client3();
  reader->Call({"CLIENT", "TRACKING", "ON"});
  std::map<std::string, std::string> cache;
  const auto read_to = [&](const std::string& end) {
    for (std::string reply = reader->Receive(); reply != end; reply = reader->Receive()) {
      ASSERT_THAT(reply, StartsWith(">2"));
      const std::size_t at = reply.rfind('k');
      cache.erase(reply.substr(at, 2));
    }
  };
  base::Random random(7);
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = "k" + std::to_string(random.Below(kKeys));
    reader->Send(RespCommand({"GET", key}));
    std::string reply = reader->Receive();
    for (; reply.starts_with(">2"); reply = reader->Receive()) cache.erase(reply.substr(reply.rfind('k'), 2));
    cache[key] = reply;
  }
  for (std::thread& writer : writers) writer.join();
  reader->Send(RespCommand({"ECHO", "end"}));
  read_to("$3\r\nend\r\n");
  // The messages of a write are in the reader's outbox before the writer has its reply: one more turn brings them.
  reader->Send(RespCommand({"ECHO", "end"}));
  read_to("$3\r\nend\r\n");
  RespClient other(server_.address());
  for (const auto& [key, value] : cache) EXPECT_EQ(other.Call({"GET", key}), value) << key;
}

TEST_P(ServerObservationTest, MonitorShowsCommandsOfOthers) {
  RespClient monitor(server_.address());
  EXPECT_EQ(monitor.Call({"MONITOR"}), "+OK\r\n");
  RespClient client(server_.address());
  client.Call({"SET", "a", "x\n\"\x01"});
  EXPECT_THAT(monitor.Receive(), MatchesRegex("\\+[0-9]+\\.[0-9]{6} \\[0 127\\.0\\.0\\.1:[0-9]+\\] "
                                              "\"SET\" \"a\" \"x\\\\n\\\\\"\\\\x01\"\r\n"));
  client.Call({"CONFIG", "GET", "port"});
  client.Call({"AUTH", "user", "secret"});
  EXPECT_THAT(monitor.Receive(), EndsWith("\"AUTH\" \"(redacted)\" \"(redacted)\"\r\n"));
  client.Call({"MULTI"});
  client.Call({"GET", "a"});
  client.Call({"EXEC"});
  EXPECT_THAT(monitor.Receive(), EndsWith("\"MULTI\"\r\n"));
  EXPECT_THAT(monitor.Receive(), EndsWith("\"GET\" \"a\"\r\n"));
  EXPECT_THAT(monitor.Receive(), EndsWith("\"EXEC\"\r\n"));
  EXPECT_EQ(monitor.Call({"GET", "a"}), "-ERR Replica can't interact with the keyspace\r\n");
  EXPECT_EQ(monitor.Call({"RESET"}), "+RESET\r\n");
  EXPECT_EQ(monitor.Call({"GET", "a"}), "$4\r\nx\n\"\x01\r\n");
}

TEST_P(ServerObservationTest, SlowCommandsAreKept) {
  RespClient client(server_.address());
  EXPECT_EQ(client.Call({"CONFIG", "SET", "slowlog-log-slower-than", "0", "slowlog-max-len", "2"}), "+OK\r\n");
  client.Call({"CLIENT", "SETNAME", "me"});
  client.Call({"SLOWLOG", "RESET"});
  client.Call({"SET", "a", std::string(200, 'x')});
  client.Call({"GET", "a"});
  EXPECT_EQ(client.Call({"SLOWLOG", "LEN"}), ":2\r\n");
  client.Call({"CONFIG", "SET", "slowlog-log-slower-than", "-1", "slowlog-max-len", "128"});
  EXPECT_EQ(client.Call({"SLOWLOG", "LEN"}), ":2\r\n");
  const std::string log = client.Call({"SLOWLOG", "GET"});
  EXPECT_THAT(log, StartsWith("*2\r\n*6\r\n:"));
  EXPECT_THAT(log, HasSubstr("$2\r\nme\r\n"));
  EXPECT_THAT(log, HasSubstr("*2\r\n$7\r\nSLOWLOG\r\n$3\r\nLEN\r\n"));
}

TEST_P(ServerObservationTest, SlowCommandsAreShownByLatency) {
  RespClient client(server_.address());
  EXPECT_EQ(client.Call({"DEBUG", "SLEEP", "0.012"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"LATENCY", "LATEST"}), "*0\r\n");
  EXPECT_THAT(client.Call({"LATENCY", "DOCTOR"}), HasSubstr("Nothing is watched"));
  EXPECT_EQ(client.Call({"CONFIG", "SET", "latency-monitor-threshold", "1000"}), "+OK\r\n");
  EXPECT_THAT(client.Call({"LATENCY", "DOCTOR"}), HasSubstr("Nothing took 1000 ms"));
  EXPECT_EQ(client.Call({"CONFIG", "SET", "latency-monitor-threshold", "5"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"LATENCY", "LATEST"}), "*0\r\n") << "the command that begins the watching took no time";
  EXPECT_EQ(client.Call({"DEBUG", "SLEEP", "0.012"}), "+OK\r\n");
  EXPECT_THAT(client.Call({"LATENCY", "LATEST"}),
              MatchesRegex("\\*1\r\n\\*4\r\n\\$7\r\ncommand\r\n:[0-9]+\r\n:[1-9][0-9]+\r\n:[1-9][0-9]+\r\n"));
  EXPECT_THAT(client.Call({"LATENCY", "HISTORY", "command"}),
              MatchesRegex("\\*1\r\n\\*2\r\n:[0-9]+\r\n:[1-9][0-9]+\r\n"));
  EXPECT_EQ(client.Call({"LATENCY", "HISTORY", "fast-command"}), "*0\r\n");
  EXPECT_THAT(client.Call({"LATENCY", "DOCTOR"}), HasSubstr("command: in 1 seconds it took long"));
  EXPECT_THAT(client.Call({"LATENCY", "GRAPH", "command"}),
              MatchesRegex("\\$[0-9]+\r\ncommand - high [0-9]+ ms, low [0-9]+ ms .all time high [0-9]+ ms.\n-{80}\n"
                           " \n \n \n_\n \n([0-9]\n)+s\n\r\n"));
  EXPECT_EQ(client.Call({"LATENCY", "GRAPH", "x"}), "-ERR No samples available for event 'x'\r\n");
  EXPECT_EQ(client.Call({"LATENCY", "RESET", "x", "command"}), ":1\r\n");
  EXPECT_EQ(client.Call({"DEBUG", "SLEEP", "0.012"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"LATENCY", "RESET"}), ":1\r\n");
  EXPECT_EQ(client.Call({"LATENCY", "LATEST"}), "*0\r\n");
  EXPECT_EQ(client.Call({"CONFIG", "SET", "latency-monitor-threshold", "0"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"DEBUG", "SLEEP", "0.012"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"LATENCY", "LATEST"}), "*0\r\n");
}

TEST_P(ServerObservationTest, TimesOfCommandsAreCountedWhileLatencyTrackingIsOn) {
  RespClient client(server_.address());
  EXPECT_EQ(client.Call({"CONFIG", "SET", "latency-tracking", "no"}), "+OK\r\n");
  client.Call({"CONFIG", "RESETSTAT"});
  client.Call({"GET", "a"});
  EXPECT_EQ(client.Call({"LATENCY", "HISTOGRAM"}), "*0\r\n");
  EXPECT_EQ(client.Call({"CONFIG", "SET", "latency-tracking", "yes"}), "+OK\r\n");
  for (int i = 0; i < 3; ++i) client.Call({"GET", "a"});
  client.Send(RespCommand({"SET", "a", "1"}) + RespCommand({"SET", "a", "2"}));
  EXPECT_EQ(client.Receive(), "+OK\r\n");
  EXPECT_EQ(client.Receive(), "+OK\r\n");
  client.Call({"DEBUG", "SLEEP", "0.3"});  // 268 to 541 ms: a bucket of its own, if the machine has time.
  EXPECT_THAT(client.Call({"LATENCY", "HISTOGRAM", "GET"}),
              MatchesRegex("\\*2\r\n\\$3\r\nget\r\n\\*4\r\n\\$5\r\ncalls\r\n:3\r\n\\$14\r\nhistogram_usec\r\n"
                           "\\*[246]\r\n(:[0-9]+\r\n)+"));
  EXPECT_THAT(client.Call({"LATENCY", "HISTOGRAM", "set", "nosuch"}), HasSubstr("calls\r\n:2\r\n"));
  EXPECT_THAT(client.Call({"LATENCY", "HISTOGRAM", "latency"}), HasSubstr("latency|histogram\r\n"));
  EXPECT_THAT(client.Call({"LATENCY", "HISTOGRAM", "debug"}),
              MatchesRegex("\\*2\r\n.5\r\ndebug\r\n.*:(541|1082)[0-9][0-9][0-9]\r\n:1\r\n"));
  client.Call({"CONFIG", "RESETSTAT"});
  EXPECT_THAT(client.Call({"LATENCY", "HISTOGRAM", "GET", "SET"}), "*0\r\n");
}

TEST_P(ServerObservationTest, PausedCommandsWaitAndThenRun) {
  RespClient client(server_.address());
  RespClient writer(server_.address());
  RespClient transaction(server_.address());
  transaction.Call({"MULTI"});
  transaction.Call({"INCR", "n"});
  EXPECT_EQ(client.Call({"CLIENT", "PAUSE", "60000", "WRITE"}), "+OK\r\n");
  writer.Send(RespCommand({"GET", "n"}) + RespCommand({"INCR", "n"}) + RespCommand({"GET", "n"}));
  EXPECT_EQ(writer.Receive(), "$-1\r\n");
  transaction.Send(RespCommand({"EXEC"}));
  while (client.Call({"INFO", "clients"}).find("blocked_clients:2\r\n") == std::string::npos) std::this_thread::yield();
  EXPECT_EQ(client.Call({"GET", "n"}), "$-1\r\n");
  EXPECT_EQ(client.Call({"CLIENT", "UNPAUSE"}), "+OK\r\n");
  EXPECT_THAT(writer.Receive(), StartsWith(":"));
  EXPECT_THAT(writer.Receive(), StartsWith("$1\r\n"));
  EXPECT_THAT(transaction.Receive(), StartsWith("*1\r\n:"));
  EXPECT_EQ(client.Call({"GET", "n"}), "$1\r\n2\r\n");
  EXPECT_EQ(client.Call({"CLIENT", "PAUSE", "50"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"PING"}), "+PONG\r\n");  // After the pause.
}

TEST_P(ServerObservationTest, WaitWaitsForItsTimeoutOrForUnblock) {
  RespClient client(server_.address());
  EXPECT_EQ(client.Call({"WAIT", "0", "0"}), ":0\r\n");
  EXPECT_EQ(client.Call({"WAIT", "1", "20"}), ":0\r\n");
  EXPECT_EQ(client.Call({"WAITAOF", "1", "0", "0"}), "*2\r\n:1\r\n:0\r\n");
  EXPECT_EQ(client.Call({"WAITAOF", "2", "0", "0"}), "-ERR value is out of range, value must between 0 and 1\r\n");
  const std::string id = client.Call({"CLIENT", "ID"});
  RespClient other(server_.address());
  for (const char* const word : {"TIMEOUT", "ERROR"}) {
    const std::string reason = word;
    client.Send(RespCommand({"WAIT", "1", "0"}) + RespCommand({"PING"}));
    while (other.Call({"CLIENT", "UNBLOCK", id.substr(1, id.size() - 3), reason}) == ":0\r\n") {
      std::this_thread::yield();
    }
    const bool is_error = reason == "ERROR";
    EXPECT_EQ(client.Receive(), is_error ? "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n" : ":0\r\n");
    EXPECT_EQ(client.Receive(), "+PONG\r\n");
  }
  client.Send(RespCommand({"WAIT", "1", "0"}));
  EXPECT_EQ(other.Call({"CLIENT", "KILL", "ID", id.substr(1, id.size() - 3)}), ":1\r\n");
  client.ReceiveToTheEnd();
}

INSTANTIATE_TEST_SUITE_P(Modes, ServerObservationTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

}  // namespace
}  // namespace kvs::test
