// Promised, in both modes: each client gets the answers to its own requests in their order, whatever it and the others
// do: pipelining, reading slowly, finishing early, sending byte by byte, sending rubbish, or flooding.
#include "kvs/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/frame_client.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"

namespace kvs::test {
namespace {

class ServerTest : public ServerModesTest {};
INSTANTIATE_TEST_SUITE_P(Modes, ServerTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

TEST_P(ServerTest, ManyClientsTogetherReadTheirOwnWrites) {
  const RunningServer server(engine_, Options());
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      FrameClient client(server.address());
      for (std::uint32_t i = 0; i < 200; ++i) {
        const std::string key = "client " + std::to_string(c) + " key " + std::to_string(i % 10);
        const std::string value = key + " at " + std::to_string(i);
        EXPECT_TRUE(client.Call(SetFrame(2 * i, key, value)).is_ok());
        const Answer answer = client.Call(GetFrame(2 * i + 1, key));
        EXPECT_EQ(answer.payload, value);
        EXPECT_EQ(answer.request_id, 2 * i + 1);
      }
    });
  }
  for (std::thread& client : clients) client.join();
}

TEST_P(ServerTest, TenThousandPipelinedRequestsAreAnsweredInOrder) {
  const RunningServer server(engine_, Options());
  FrameClient client(server.address());
  std::string stream;
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    stream += SetFrame(2 * i, "key", std::to_string(i)) + GetFrame(2 * i + 1, "key");
  }
  client.Send(stream);
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    ASSERT_EQ(client.Await().request_id, 2 * i);
    const Answer answer = client.Await();
    ASSERT_EQ(answer.request_id, 2 * i + 1);
    ASSERT_EQ(answer.payload, std::to_string(i));
  }
}

TEST_P(ServerTest, AClientThatQuitButStaysIsClosed) {
  const RunningServer server(engine_, Options());
  RespClient client(server.address());
  client.Send("QUIT\r\n");
  EXPECT_EQ(client.ReceiveToTheEnd(), "+OK\r\n");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (client.TrySend("x")) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    std::this_thread::yield();
  }
}

TEST_P(ServerTest, ALargeValueComesBackWhole) {
  const RunningServer server(engine_, Options());
  FrameClient client(server.address());
  std::string value(8 << 20, 'x');
  for (std::size_t i = 0; i < value.size(); i += 1'000) value[i] = static_cast<char>(i / 1'000);
  EXPECT_TRUE(client.Call(SetFrame(1, "large", value)).is_ok());
  EXPECT_TRUE(client.Call(GetFrame(2, "large")).payload == value);
}

TEST_P(ServerTest, ASlowReaderGetsEverythingAndDelaysNobody) {
  ServerOptions options = Options();
  options.output_buffer_bytes_max = 200'000;
  const RunningServer server(engine_, options);
  ASSERT_TRUE(engine_->Set("k", std::string(100'000, 'v')).has_value());
  FrameClient slow(server.address());
  std::string stream;
  for (std::uint32_t id = 0; id < 500; ++id) stream += GetFrame(id, "k");  // Answers of 50 MB: more than sockets hold.
  slow.Send(stream);

  FrameClient other(server.address());
  for (std::uint32_t id = 0; id < 100; ++id) EXPECT_TRUE(other.Call(PingFrame(id)).is_ok());
  for (std::uint32_t id = 0; id < 500; ++id) {
    const Answer answer = slow.Await();
    ASSERT_EQ(answer.request_id, id);
    ASSERT_EQ(answer.payload.size(), 100'000U);
  }
}

TEST_P(ServerTest, AClientThatEndedItsInputGetsAllAnswers) {
  const RunningServer server(engine_, Options());
  FrameClient client(server.address());
  std::string stream;
  for (std::uint32_t id = 0; id < 3'000; ++id) stream += SetFrame(id, "k" + std::to_string(id), "v");
  client.Send(stream);
  client.FinishSending();
  for (std::uint32_t id = 0; id < 3'000; ++id) ASSERT_EQ(client.Await().request_id, id);
  EXPECT_FALSE(client.Receive().has_value());
}

TEST_P(ServerTest, ARequestMayComeByteByByte) {
  const RunningServer server(engine_, Options());
  FrameClient client(server.address());
  for (const char byte : SetFrame(1, "key", "value") + GetFrame(2, "key")) client.Send({&byte, 1});
  EXPECT_TRUE(client.Await().is_ok());
  EXPECT_EQ(client.Await().payload, "value");
}

TEST_P(ServerTest, AClientOfAnotherProtocolIsRefusedAlone) {
  const RunningServer server(engine_, Options());
  FrameClient neighbour(server.address());
  EXPECT_TRUE(neighbour.Call(PingFrame(1)).is_ok());
  FrameClient stranger(server.address());
  stranger.Send("GET / HTTP/1.1\r\n\r\n" + std::string(300'000, 'x'));
  EXPECT_EQ(stranger.ReceiveToTheEnd(),
            "-ERR wrong number of arguments for 'get' command\r\n-ERR Protocol error: too big inline request\r\n");
  EXPECT_TRUE(neighbour.Call(PingFrame(2)).is_ok());
}

TEST_P(ServerTest, RubbishIsAnsweredOnceAndEndsTheConnection) {
  const RunningServer server(engine_, Options());
  FrameClient client(server.address());
  client.Send(PingFrame(1) + "rubbish" + PingFrame(2));
  EXPECT_TRUE(client.Await().is_ok());
  const Answer answer = client.Await();
  EXPECT_TRUE(answer.is(ErrorCode::kProtocol) && answer.is_closing);
  EXPECT_FALSE(client.Receive().has_value());
}

TEST_P(ServerTest, AFloodFromOneClientLeavesRoomForTheOthers) {
  ServerOptions options = Options();
  options.threads = 1;  // The worst case: they share a loop.
  const RunningServer server(engine_, options);
  std::atomic<bool> enough{false};
  std::thread flood([&] {
    FrameClient client(server.address());
    std::string stream;
    for (std::uint32_t id = 0; id < 20'000; ++id) stream += SetFrame(id, "flooded", "v");
    while (!enough.load(std::memory_order_relaxed)) {
      client.Send(stream);
      for (std::uint32_t id = 0; id < 20'000; ++id) ASSERT_EQ(client.Await().request_id, id);
    }
  });
  FrameClient other(server.address());
  for (std::uint32_t id = 0; id < 200; ++id) EXPECT_TRUE(other.Call(PingFrame(id)).is_ok());
  enough.store(true, std::memory_order_relaxed);
  flood.join();
}

TEST_P(ServerTest, OneSyncServesEverythingThatWasReady) {
  ServerOptions options = Options();
  options.sync_before_reply = true;
  const RunningServer server(engine_, options);
  FrameClient client(server.address());
  std::string stream;
  for (std::uint32_t id = 0; id < 500; ++id) stream += SetFrame(id, "k", "v");
  client.Send(stream);
  for (std::uint32_t id = 0; id < 500; ++id) ASSERT_TRUE(client.Await().is_ok());
  EXPECT_GE(engine_->syncs(), 1U);
  EXPECT_LT(engine_->syncs(), 500U);
}

TEST_P(ServerTest, AFailedSyncIsNeverAnsweredWithOk) {
  ServerOptions options = Options();
  options.sync_before_reply = true;
  const RunningServer server(engine_, options);
  FrameClient client(server.address());
  EXPECT_TRUE(client.Call(SetFrame(1, "k", "v")).is_ok());
  engine_->AnswerSyncWith(Error{.code = ErrorCode::kPoisoned, .context = "an earlier sync failed"});
  client.Send(SetFrame(2, "k", "w") + GetFrame(3, "k") + SyncFrame(4));
  const Answer set = client.Await();
  EXPECT_TRUE(set.is(ErrorCode::kPoisoned));
  EXPECT_EQ(set.payload, "an earlier sync failed");
  EXPECT_TRUE(client.Await().has_value);
  EXPECT_TRUE(client.Await().is(ErrorCode::kPoisoned));
  engine_->AnswerSyncWith(Ok());
}

TEST_P(ServerTest, ASyncRequestReachesTheEngine) {
  const RunningServer server(engine_, Options());
  FrameClient client(server.address());
  EXPECT_TRUE(client.Call(SyncFrame(1)).is_ok());
  EXPECT_EQ(engine_->syncs(), 1U);
}

TEST_P(ServerTest, ClientsThatVanishLeaveTheServerServing) {
  const RunningServer server(engine_, Options());
  ASSERT_TRUE(engine_->Set("k", std::string(1'000'000, 'v')).has_value());
  for (int i = 0; i < 50; ++i) {
    FrameClient client(server.address());
    client.Send(GetFrame(1, "k") + GetFrame(2, "k") + PingFrame(3).substr(0, 5));
  }
  FrameClient client(server.address());
  EXPECT_TRUE(client.Call(PingFrame(1)).is_ok());
}

}  // namespace
}  // namespace kvs::test
