// Promised: a client is heard even while others send to it all the time. One end of a pair of sockets is the session's,
// the other the client's.
#include "net/session.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "server/server_host.h"
#include "service/server_state.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"

namespace kvs::server {
namespace {

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

TEST(SessionTest, AClientWithMailIsRead) {
  test::MemoryEngine engine;
  ServerState state(engine);
  ServerHost host(state);
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  test::RespClient client{io::UniqueFd(ends[0])};
  const auto outbox = std::make_shared<Outbox>(std::size_t{1} << 20, nullptr);
  Session session(io::UniqueFd(ends[1]), host, kLimits, outbox);
  client.Send(test::RespCommand({"PING"}));
  std::vector<char> room(Session::kReceiveBytes);
  std::string received;
  for (int turns = 0; turns < 3; ++turns) {
    outbox->Push("+mail\r\n");
    session.NoteReadable();
    session.Receive(room);
    session.Execute();
    session.Output();
    EXPECT_EQ(session.next(), Session::Next::kWait);
    ASSERT_TRUE(client.ReceiveSome(&received));
  }
  EXPECT_NE(received.find("+PONG\r\n"), std::string::npos) << received;
}

}  // namespace
}  // namespace kvs::server
