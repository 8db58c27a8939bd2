// Promised: KvsClient returns the engine's answers as its own, and an error for everything that can happen to a
// connection. A connection is dead after such an error. The client talks to a real server here, and to peers that are
// silent, hang up, or speak another protocol.
#include "kvs/client.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/byte_buffer.h"
#include "io/socket.h"
#include "protocol/frame_encoder.h"
#include "support/memory_engine.h"
#include "support/running_server.h"

namespace kvs::test {
namespace {

ServerOptions OneThread() {
  ServerOptions options;
  options.threads = 1;
  return options;
}

class ClientTest : public testing::Test {
 protected:
  const std::shared_ptr<MemoryEngine> engine_ = std::make_shared<MemoryEngine>();
};

TEST_F(ClientTest, AValueIsReadUntilItIsRemoved) {
  const RunningServer server(engine_, OneThread());
  KvsClient client = *KvsClient::Connect(server.address());
  EXPECT_TRUE(client.Ping().has_value());
  EXPECT_EQ(*client.Get("key"), std::nullopt);
  EXPECT_TRUE(client.Set("key", "value").has_value());
  EXPECT_EQ(*client.Get("key"), "value");
  EXPECT_TRUE(client.Set("key", "").has_value());
  EXPECT_EQ(*client.Get("key"), "");
  EXPECT_TRUE(client.Remove("key").has_value());
  EXPECT_EQ(*client.Get("key"), std::nullopt);
}

TEST_F(ClientTest, KeysAndValuesAreAnyBytesUpToTheirLimits) {
  const RunningServer server(engine_, OneThread());
  KvsClient client = *KvsClient::Connect(server.address());
  const std::string key(65'535, '\0');
  const std::string value(5'000'000, '\xB5');
  EXPECT_TRUE(client.Set(key, value).has_value());
  EXPECT_TRUE(*client.Get(key) == value);
  EXPECT_TRUE(client.Set("", "empty key").has_value());
  EXPECT_EQ(*client.Get(""), "empty key");
}

TEST_F(ClientTest, RemovingAnAbsentKeyKeepsTheConnection) {
  const RunningServer server(engine_, OneThread());
  KvsClient client = *KvsClient::Connect(server.address());
  EXPECT_EQ(client.Remove("absent").error().code, ErrorCode::kKeyNotFound);
  EXPECT_TRUE(client.Ping().has_value());
}

TEST_F(ClientTest, SyncIsTheEnginesBarrierAndItsErrorComesBack) {
  const RunningServer server(engine_, OneThread());
  KvsClient client = *KvsClient::Connect(server.address());
  EXPECT_TRUE(client.Sync().has_value());
  EXPECT_EQ(engine_->syncs(), 1U);
  engine_->AnswerSyncWith(Error{.code = ErrorCode::kIo, .sys_errno = EIO, .context = "fdatasync 000001.seg"});
  const Status failed = client.Sync();
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  EXPECT_EQ(failed.error().context, "fdatasync 000001.seg: Input/output error");
  EXPECT_TRUE(client.Ping().has_value());
  engine_->AnswerSyncWith(Ok());
}

TEST_F(ClientTest, AKeyOverTheLimitIsRefusedBeforeItIsSent) {
  const RunningServer server(engine_, OneThread());
  KvsClient client = *KvsClient::Connect(server.address());
  EXPECT_EQ(client.Get(std::string(65'536, 'k')).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(client.Ping().has_value());
}

TEST_F(ClientTest, ATooLargeRequestIsAnErrorAndEndsTheConnection) {
  ServerOptions options = OneThread();
  options.request_bytes_max = 1'000;
  const RunningServer server(engine_, options);
  KvsClient client = *KvsClient::Connect(server.address());
  EXPECT_EQ(client.Set("key", std::string(8 << 20, 'v')).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(client.Ping().error().code, ErrorCode::kIo);
}

TEST_F(ClientTest, AServerAtItsLimitAnswersOverloaded) {
  ServerOptions options = OneThread();
  options.connections_max = 1;
  const RunningServer server(engine_, options);
  KvsClient first = *KvsClient::Connect(server.address());
  ASSERT_TRUE(first.Ping().has_value());
  KvsClient second = *KvsClient::Connect(server.address());
  EXPECT_EQ(second.Ping().error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(second.Ping().error().code, ErrorCode::kIo);
}

TEST_F(ClientTest, AStoppedServerIsAnErrorAndNotAWait) {
  RunningServer server(engine_, OneThread());
  KvsClient client = *KvsClient::Connect(server.address());
  ASSERT_TRUE(client.Ping().has_value());
  ASSERT_TRUE(server.Stop().has_value());
  EXPECT_EQ(client.Ping().error().code, ErrorCode::kIo);
  EXPECT_FALSE(KvsClient::Connect(server.address()).has_value());
}

TEST_F(ClientTest, AMovedClientGoesOn) {
  const RunningServer server(engine_, OneThread());
  KvsClient first = *KvsClient::Connect(server.address());
  ASSERT_TRUE(first.Ping().has_value());
  KvsClient second = std::move(first);
  EXPECT_TRUE(second.Ping().has_value());
}

// A peer that sends given bytes to any client that connects, then either hangs up or keeps silent.
class OddPeer {
 public:
  explicit OddPeer(std::string bytes, bool hangs_up = false) : listener_(*io::Listen({.port = 0})) {
    thread_ = std::thread([this, bytes = std::move(bytes), hangs_up] {
      const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      EXPECT_TRUE(io::WaitReadable(listener_.get(), soon).has_value());
      socket_ = std::move(io::Accept(listener_.get())->socket);
      EXPECT_TRUE(io::Send(socket_.get(), bytes).has_value());
      if (hangs_up) io::ShutDownSending(socket_.get());
    });
  }
  ~OddPeer() { thread_.join(); }

  Address address() const { return *io::LocalAddress(listener_.get()); }

 private:
  io::UniqueFd listener_;
  io::UniqueFd socket_;
  std::thread thread_;
};

TEST(ClientAgainstOddPeersTest, SilenceIsATimeoutAndTheConnectionIsDead) {
  const OddPeer peer("");
  KvsClient client = *KvsClient::Connect(peer.address(), {.request_timeout = std::chrono::milliseconds(20)});
  EXPECT_EQ(client.Set("k", "v").error().code, ErrorCode::kTimeout);
  EXPECT_EQ(client.Ping().error().code, ErrorCode::kIo);
}

// It hangs up when the client has filled all buffers on the way and waits.
TEST(ClientAgainstOddPeersTest, ARefusalArrivesBeforeTheRequestIsReadWhole) {
  const io::UniqueFd listener = *io::Listen({.port = 0});
  std::thread peer([&] {
    const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    ASSERT_TRUE(io::WaitReadable(listener.get(), soon).has_value());
    const io::UniqueFd socket = std::move(io::Accept(listener.get())->socket);
    std::size_t waiting = 0;
    for (int unchanged = 0; waiting < 100'000 || unchanged < 10'000; ++unchanged) {
      std::this_thread::yield();
      if (waiting != io::BytesWaiting(socket.get())) unchanged = 0;
      waiting = io::BytesWaiting(socket.get());
    }
    base::ByteBuffer refusal;
    protocol::AppendClosingError(1, Error{.code = ErrorCode::kOverloaded, .context = "no more"}, &refusal);
    EXPECT_TRUE(io::Send(socket.get(), refusal.view()).has_value());
  });
  KvsClient client = *KvsClient::Connect(*io::LocalAddress(listener.get()));
  const Status refused = client.Set("key", std::string(64 << 20, 'v'));
  peer.join();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kOverloaded) << refused.error().ToString();
  EXPECT_EQ(client.Ping().error().code, ErrorCode::kIo);
}

TEST(ClientAgainstOddPeersTest, AnotherProtocolIsAProtocolError) {
  const OddPeer peer("HTTP/1.1 400 Bad Request\r\n\r\n");
  KvsClient client = *KvsClient::Connect(peer.address());
  EXPECT_EQ(client.Ping().error().code, ErrorCode::kProtocol);
  EXPECT_EQ(client.Ping().error().code, ErrorCode::kIo);
}

TEST(ClientAgainstOddPeersTest, AnAnswerToAnotherRequestIsAProtocolError) {
  base::ByteBuffer frame;
  protocol::AppendOk(12'345, &frame);
  const OddPeer peer{std::string(frame.view())};
  KvsClient client = *KvsClient::Connect(peer.address());
  EXPECT_EQ(client.Ping().error().code, ErrorCode::kProtocol);
}

TEST(ClientAgainstOddPeersTest, AnAnswerCutShortIsAnErrorOfTheConnection) {
  base::ByteBuffer frame;
  protocol::AppendValue(1, "value", &frame);
  const OddPeer peer(std::string(frame.view().substr(0, frame.size() - 1)), true);
  KvsClient client = *KvsClient::Connect(peer.address());
  EXPECT_EQ(client.Get("key").error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace kvs::test
