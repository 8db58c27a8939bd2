// Promised, in both modes: a client that waits for the server is not idle. A client that has ended is gone for all
// others immediately, however long its socket stays open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"

namespace kvs::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class ServerTurnsTest : public ServerModesTest {
 protected:
  static std::string IdOf(RespClient& client) {
    const std::string reply = client.Call({"CLIENT", "ID"});
    return reply.substr(1, reply.size() - 3);
  }
};
INSTANTIATE_TEST_SUITE_P(Modes, ServerTurnsTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

TEST_P(ServerTurnsTest, ABlockedClientIsNotIdle) {
  ServerOptions options = Options();
  options.idle_timeout = std::chrono::milliseconds(40);
  const RunningServer server(engine_, options);
  RespClient client(server.address());
  EXPECT_EQ(client.Call({"WAIT", "1", "300"}), ":0\r\n");
}

TEST_P(ServerTurnsTest, APausedClientIsNotIdle) {
  ServerOptions options = Options();
  options.idle_timeout = std::chrono::milliseconds(40);
  const RunningServer server(engine_, options);
  RespClient writer(server.address());
  writer.Send(RespCommand({"CLIENT", "PAUSE", "300", "WRITE"}) + RespCommand({"SET", "key", "value"}));
  EXPECT_EQ(writer.Receive(), "+OK\r\n");
  EXPECT_EQ(writer.Receive(), "+OK\r\n");
  EXPECT_EQ(*engine_->Get("key"), "value");
}

TEST_P(ServerTurnsTest, APausedWriteOutlivesTheEndOfInput) {
  const RunningServer server(engine_, Options());
  RespClient writer(server.address());
  writer.Send(RespCommand({"CLIENT", "PAUSE", "100", "WRITE"}) + RespCommand({"SET", "key", "value"}));
  writer.FinishSending();
  EXPECT_EQ(writer.ReceiveToTheEnd(), "+OK\r\n+OK\r\n");
  EXPECT_EQ(*engine_->Get("key"), "value");
}

TEST_P(ServerTurnsTest, AClientThatQuitIsGoneForAll) {
  const RunningServer server(engine_, Options());
  RespClient other(server.address());
  for (const bool violates : {false, true}) {
    RespClient gone(server.address());
    const std::string id = IdOf(gone);
    gone.Call({"SUBSCRIBE", "channel"});
    EXPECT_EQ(other.Call({"PUBLISH", "channel", "x"}), ":1\r\n");
    gone.Receive();
    gone.Send(violates ? "*1\r\n:bad" : RespCommand({"QUIT"}));
    EXPECT_THAT(gone.Receive(), HasSubstr(violates ? "-ERR" : "+OK"));
    EXPECT_EQ(other.Call({"PUBLISH", "channel", "x"}), ":0\r\n");
    EXPECT_EQ(other.Call({"PUBSUB", "NUMSUB", "channel"}), "*2\r\n$7\r\nchannel\r\n:0\r\n");
    EXPECT_THAT(other.Call({"CLIENT", "LIST"}), Not(HasSubstr("id=" + id + " ")));
    EXPECT_THAT(other.Call({"CLIENT", "TRACKING", "ON", "REDIRECT", id}), HasSubstr("does not exist"));
    EXPECT_EQ(gone.ReceiveToTheEnd(), "");
  }
}

TEST_P(ServerTurnsTest, AKilledClientIsGoneForAll) {
  const RunningServer server(engine_, Options());
  RespClient other(server.address());
  RespClient gone(server.address());
  const std::string id = IdOf(gone);
  gone.Call({"SUBSCRIBE", "channel"});
  other.Send(RespCommand({"CLIENT", "KILL", "ID", id}) + RespCommand({"PUBLISH", "channel", "x"}) +
             RespCommand({"CLIENT", "LIST"}) + RespCommand({"CLIENT", "TRACKING", "ON", "REDIRECT", id}));
  EXPECT_EQ(other.Receive(), ":1\r\n");
  EXPECT_EQ(other.Receive(), ":0\r\n");
  EXPECT_THAT(other.Receive(), Not(HasSubstr("id=" + id + " ")));
  EXPECT_THAT(other.Receive(), HasSubstr("does not exist"));
}

}  // namespace
}  // namespace kvs::test
