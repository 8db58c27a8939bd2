// Promised: the limits of KvsServer hold in both modes. A client over a limit gets an error that names it, and no other
// client notices. Descriptors really run out here: the tests change the limit of this process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "base/coding.h"
#include "io/address.h"
#include "io/descriptor_limit.h"
#include "io/socket.h"
#include "support/frame_client.h"
#include "support/log_lines.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"

namespace kvs::test {
namespace {

constexpr const char* kRefusal = "-ERR max number of clients reached\r\n";  // Redis's words.

class ServerLimitsTest : public ServerModesTest {};
INSTANTIATE_TEST_SUITE_P(Modes, ServerLimitsTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

// Sets the limit of descriptors for as long as it lives.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t descriptors) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit wanted{.rlim_cur = std::min(descriptors, before_.rlim_max), .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &wanted);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_P(ServerLimitsTest, AClientOverTheLimitIsRefusedUntilOneLeaves) {
  ServerOptions options = Options();
  options.connections_max = 2;
  const RunningServer server(engine_, options);
  FrameClient first(server.address());
  EXPECT_TRUE(first.Call(PingFrame(1)).is_ok());
  {
    FrameClient second(server.address());
    EXPECT_TRUE(second.Call(PingFrame(1)).is_ok());
    FrameClient surplus(server.address());
    EXPECT_EQ(surplus.ReceiveToTheEnd(), kRefusal);
    second.FinishSending();
    EXPECT_FALSE(second.Receive().has_value());  // The server has closed it.
  }
  FrameClient next(server.address());
  EXPECT_TRUE(next.Call(PingFrame(1)).is_ok());
  EXPECT_TRUE(first.Call(PingFrame(2)).is_ok());
}

// Not even the descriptor that is set aside helps: the client waits in the kernel until there are some again.
TEST_P(ServerLimitsTest, AcceptingPausesWithoutDescriptorsAndResumes) {
  ServerOptions options = Options();
  LogLines lines;
  options.log = lines.sink();
  const RunningServer server(engine_, options);
  FrameClient early(server.address());
  EXPECT_TRUE(early.Call(PingFrame(1)).is_ok());
  io::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  {
    const DescriptorLimit none(3);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(server.address().port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int connected = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
    ASSERT_TRUE(connected == 0 || errno == EINPROGRESS);
    EXPECT_TRUE(lines.Come("accepting clients pauses"));
    EXPECT_TRUE(early.Call(PingFrame(2)).is_ok());
  }
  FrameClient late(std::move(socket));
  EXPECT_TRUE(late.Call(PingFrame(1)).is_ok());
  EXPECT_TRUE(lines.Come("accepting clients again"));
}

TEST_P(ServerLimitsTest, ARequestOverTheLimitIsRefusedOnItsHeader) {
  ServerOptions options = Options();
  options.request_bytes_max = 1'000;
  const RunningServer server(engine_, options);
  FrameClient client(server.address());
  client.TrySend(SetFrame(7, "k", std::string(4 << 20, 'v')));
  const Answer answer = client.Await();
  EXPECT_TRUE(answer.is(ErrorCode::kInvalidArgument) && answer.is_closing);
  EXPECT_EQ(answer.request_id, 7U);
}

TEST_P(ServerLimitsTest, ClientsThatDeclareMuchAndSendNothingDelayNobody) {
  const RunningServer server(engine_, Options());
  std::string header = SetFrame(1, "", "");
  base::PutFixed32(&header[12], 512U << 20);
  std::vector<std::unique_ptr<FrameClient>> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(std::make_unique<FrameClient>(server.address()));
    silent.back()->Send(header);
  }
  FrameClient client(server.address());
  EXPECT_TRUE(client.Call(SetFrame(1, "k", "v")).is_ok());
}

TEST_P(ServerLimitsTest, TwoThousandIdleConnectionsLeaveAnotherAtWork) {
  const DescriptorLimit raised(6'000);
  const RunningServer server(engine_, Options());
  std::vector<std::unique_ptr<FrameClient>> idle;
  for (int i = 0; i < 2'000; ++i) idle.push_back(std::make_unique<FrameClient>(server.address()));
  FrameClient busy(server.address());
  for (std::uint32_t id = 0; id < 1'000; ++id) ASSERT_TRUE(busy.Call(SetFrame(id, "k", "v")).is_ok());
  for (const auto& client : idle) ASSERT_TRUE(client->Call(PingFrame(1)).is_ok());
}

TEST_P(ServerLimitsTest, ASilentConnectionIsClosed) {
  ServerOptions options = Options();
  options.idle_timeout = std::chrono::milliseconds(20);
  const RunningServer server(engine_, options);
  FrameClient client(server.address());
  EXPECT_FALSE(client.Receive().has_value());
}

TEST_P(ServerLimitsTest, AClientThatReadsNothingIsClosedASlowOneIsNot) {
  ServerOptions options = Options();
  options.output_timeout = std::chrono::milliseconds(1'000);
  options.output_buffer_bytes_max = 1 << 20;
  const RunningServer server(engine_, options);
  RespClient busy(server.address());
  ASSERT_EQ(busy.Call({"SET", "key", std::string(1 << 20, 'v')}), "+OK\r\n");
  std::string requests;
  for (int i = 0; i < 1'024; ++i) requests += RespCommand({"GET", "key"});  // More than the slow client can take.
  RespClient never(server.address());
  never.Send(requests);
  RespClient slow(server.address());
  slow.Send(requests);
  std::string taken;
  for (int polls = 1; busy.Call({"INFO", "clients"}).find("connected_clients:3") != std::string::npos; ++polls) {
    if (polls % 20 != 0) continue;
    ASSERT_TRUE(slow.ReceiveSome(&taken));
  }
  EXPECT_TRUE(slow.ReceiveSome(&taken));
  slow.Send(RespCommand({"PING"}));
  EXPECT_EQ(busy.Call({"STRLEN", "key"}), ":1048576\r\n");
  EXPECT_THAT(busy.Call({"INFO", "clients"}), testing::HasSubstr("connected_clients:2"));
}

TEST_P(ServerLimitsTest, UnauthenticatedClientThatDoesNotReadIsClosed) {
  ServerOptions options = Options();
  options.password = "secret";
  const RunningServer server(engine_, options);
  std::string requests;
  for (int i = 0; i < 1'000; ++i) requests += RespCommand({"GET", "a"});
  RespClient deaf(server.address());
  while (deaf.TrySend(requests)) continue;
  RespClient member(server.address());
  EXPECT_EQ(member.Call({"AUTH", "secret"}), "+OK\r\n");
  EXPECT_THAT(member.Call({"INFO", "clients"}), testing::HasSubstr("connected_clients:1\r\n"));
}

TEST_P(ServerLimitsTest, LimitsSetAtRunTimeCountForNewClients) {
  const RunningServer server(engine_, Options());
  RespClient early(server.address());
  ASSERT_EQ(early.Call({"CONFIG", "SET", "client-query-buffer-limit", "1kb", "maxclients", "2"}), "+OK\r\n");
  EXPECT_EQ(early.Call({"SET", "key", std::string(4'096, 'v')}), "+OK\r\n");
  RespClient late(server.address());
  EXPECT_EQ(late.Call({"PING"}), "+PONG\r\n");
  RespClient surplus(server.address());
  EXPECT_EQ(surplus.ReceiveToTheEnd(), kRefusal);
  EXPECT_THAT(early.Call({"INFO", "stats"}), testing::HasSubstr("rejected_connections:1\r\n"));
  late.Send(RespCommand({"SET", "key", std::string(4'096, 'v')}));
  EXPECT_EQ(late.ReceiveToTheEnd().substr(0, 4), "-ERR");
}

TEST_P(ServerLimitsTest, AFloodOfConnectionsLeavesTheOthersAtWork) {
  ServerOptions options = Options();
  options.connections_max = 50;
  const RunningServer server(engine_, options);
  RespClient busy(server.address());
  for (int i = 0; i < 2'000; ++i) {
    const RespClient passing(server.address());
    if (i % 100 != 0) continue;
    ASSERT_EQ(busy.Call({"PING"}), "+PONG\r\n");
  }
  EXPECT_EQ(busy.Call({"SET", "key", "value"}), "+OK\r\n");
}

TEST_P(ServerLimitsTest, ClientsLearnOfAShortageAndServiceResumes) {
  const RunningServer server(engine_, Options());
  FrameClient early(server.address());
  EXPECT_TRUE(early.Call(PingFrame(1)).is_ok());

  io::UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
  const auto address = *io::SocketAddress::From(server.address());
  {
    io::UniqueFd next = io::ReserveDescriptor();
    const DescriptorLimit tight(static_cast<rlim_t>(next.get()));
    next.Close();  // The lowest free number: with the limit there, none is left.
    ASSERT_EQ(::connect(socket.get(), address.get(), address.bytes), 0);
    FrameClient refused(std::move(socket));
    EXPECT_EQ(refused.ReceiveToTheEnd(), kRefusal);
    EXPECT_TRUE(early.Call(PingFrame(2)).is_ok());
  }
  FrameClient late(server.address());
  EXPECT_TRUE(late.Call(PingFrame(1)).is_ok());
}

TEST_P(ServerLimitsTest, MaxclientsFitsTheDescriptors) {
  const DescriptorLimit tight(io::OpenDescriptors() + 120);
  std::vector<std::string> lines;
  ServerOptions options = Options();
  options.log = [&](const std::string& line) { lines.push_back(line); };
  const RunningServer server(engine_, options);
  RespClient client(server.address());
  const std::string lowered = client.Call({"CONFIG", "GET", "maxclients"});
  EXPECT_THAT(lowered, testing::Not(testing::HasSubstr("10000")));
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr("instead of 10000")));
  EXPECT_THAT(client.Call({"CONFIG", "SET", "maxclients", "5000"}),
              testing::HasSubstr("not able to handle the specified number of clients, try with"));
  EXPECT_EQ(client.Call({"CONFIG", "GET", "maxclients"}), lowered);
  EXPECT_EQ(client.Call({"CONFIG", "SET", "maxclients", "10"}), "+OK\r\n");
}

TEST_P(ServerLimitsTest, DescriptorsSetAsideAreNoClients) {
  const RunningServer server(engine_, Options());
  RespClient early(server.address());
  ASSERT_EQ(early.Call({"PING"}), "+PONG\r\n");
  // The limit falls while the server runs: maxclients no longer tells.
  const DescriptorLimit tight(io::OpenDescriptors() + 4);  // Of which more than four are set aside.
  RespClient refused(server.address());
  EXPECT_EQ(refused.ReceiveToTheEnd(), kRefusal);
  EXPECT_EQ(early.Call({"PING"}), "+PONG\r\n");
}

TEST_P(ServerLimitsTest, WrongPasswordsLeaveOneLine) {
  LogLines lines;
  ServerOptions options = Options();
  options.password = "secret";
  options.log = lines.sink();
  const RunningServer server(engine_, options);
  RespClient client(server.address());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Call({"AUTH", "guess"}).substr(0, 10), "-WRONGPASS");
  EXPECT_EQ(client.Call({"AUTH", "secret"}), "+OK\r\n");
  EXPECT_EQ(lines.CountWith("a wrong user or password from 127.0.0.1:"), 1U);
  EXPECT_THAT(client.Call({"INFO", "stats"}), testing::HasSubstr("acl_access_denied_auth:20\r\n"));
}

TEST_P(ServerLimitsTest, ADroppedSubscriberLeavesALine) {
  LogLines lines;
  ServerOptions options = Options();
  options.output_buffer_bytes_max = 1 << 16;
  options.log = lines.sink();
  const RunningServer server(engine_, options);
  RespClient subscriber(server.address());
  subscriber.Call({"SUBSCRIBE", "news"});
  RespClient publisher(server.address());
  const std::string message(1 << 17, 'm');
  publisher.Call({"PUBLISH", "news", message});
  subscriber.ReceiveToTheEnd();
  EXPECT_EQ(lines.CountWith("dropped the client at 127.0.0.1:"), 1U);
  EXPECT_THAT(publisher.Call({"INFO", "stats"}), testing::HasSubstr("kvs_dropped_clients:1\r\n"));
}

TEST_P(ServerLimitsTest, TrafficAndRatesAreMeasured) {
  const RunningServer server(engine_, Options());
  RespClient client(server.address());
  const std::string value(100'000, 'v');
  for (int i = 0; i < 50; ++i) ASSERT_EQ(client.Call({"SET", "key", value}), "+OK\r\n");
  const auto number = [&](const std::string& name) {
    const std::string text = client.Call({"INFO", "stats"});
    return std::stoull(text.substr(text.find("\n" + name + ":") + name.size() + 2));
  };
  EXPECT_GE(number("total_net_input_bytes"), 50U * 100'000);
  EXPECT_GE(number("total_net_output_bytes"), 50U * 5);
  EXPECT_EQ(number("total_connections_received"), 1U);
  while (number("instantaneous_ops_per_sec") == 0) client.Call({"PING"});
}

TEST(ServerCreateTest, APortThatIsTakenIsAnError) {
  const auto engine = std::make_shared<MemoryEngine>();
  const auto first = KvsServer::Create(engine, {.address = {.port = 0}, .threads = 1});
  ASSERT_TRUE(first.has_value());
  const auto second = KvsServer::Create(engine, {.address = (*first)->address(), .threads = 1});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kIo);
}

TEST(ServerCreateTest, LimitsThatLeaveRoomForNoRequestAreRefused) {
  ServerOptions options;
  options.address.port = 0;
  options.output_buffer_bytes_max = 0;
  const auto server = KvsServer::Create(std::make_shared<MemoryEngine>(), options);
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace kvs::test
