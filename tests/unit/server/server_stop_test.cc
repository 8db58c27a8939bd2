// Promised by Stop(), in both modes: all received commands are executed and answered, all answered writes are in the
// engine, and the engine is synced. A client that takes no answers delays the end by at most stop_timeout.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/frame_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"

namespace kvs::test {
namespace {

class ServerStopTest : public ServerModesTest {};
INSTANTIATE_TEST_SUITE_P(Modes, ServerStopTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

TEST_P(ServerStopTest, EveryRequestThatHadArrivedIsAnswered) {
  RunningServer server(engine_, Options());
  std::vector<std::unique_ptr<FrameClient>> clients;
  for (int c = 0; c < 10; ++c) {
    clients.push_back(std::make_unique<FrameClient>(server.address()));
    ASSERT_TRUE(clients.back()->Call(PingFrame(0)).is_ok());
  }
  std::string stream;
  for (std::uint32_t id = 0; id < 2'000; ++id) stream += SetFrame(id, "k" + std::to_string(id), "v");
  for (const auto& client : clients) {
    client->Send(stream);
    client->AwaitArrival();
  }
  EXPECT_TRUE(server.Stop().has_value());
  for (const auto& client : clients) {
    for (std::uint32_t id = 0; id < 2'000; ++id) ASSERT_EQ(client->Await().request_id, id);
    EXPECT_FALSE(client->Receive().has_value());
  }
}

TEST_P(ServerStopTest, UnderLoadNoAcknowledgedWriteIsLost) {
  RunningServer server(engine_, Options());
  constexpr std::uint32_t kBatch = 50;
  std::latch warm(4);
  std::vector<std::uint32_t> acknowledged(4, 0);
  std::vector<std::thread> clients;
  for (std::size_t c = 0; c < 4; ++c) {
    clients.emplace_back([&, c] {
      FrameClient client(server.address());
      for (std::uint32_t first = 0;; first += kBatch) {
        std::string stream;
        for (std::uint32_t id = first; id < first + kBatch; ++id) {
          stream += SetFrame(id, std::to_string(c) + ":" + std::to_string(id), "v");
        }
        client.TrySend(stream);
        for (std::uint32_t id = first; id < first + kBatch; ++id) {
          const auto answer = client.Receive();
          if (!answer) return;
          ASSERT_EQ(answer->request_id, id);
          ASSERT_TRUE(answer->is_ok());
          acknowledged[c] = id + 1;
        }
        if (first == 10 * kBatch) warm.count_down();
      }
    });
  }
  warm.wait();
  EXPECT_TRUE(server.Stop().has_value());
  for (std::thread& client : clients) client.join();
  for (std::size_t c = 0; c < 4; ++c) {
    for (std::uint32_t id = 0; id < acknowledged[c]; ++id) {
      ASSERT_TRUE((*engine_->Get(std::to_string(c) + ":" + std::to_string(id))).has_value());
    }
  }
}

TEST_P(ServerStopTest, AClientThatTakesNoAnswersIsClosedAfterTheTimeout) {
  ServerOptions options = Options();
  options.stop_timeout = std::chrono::milliseconds(30);
  std::mutex mutex;
  std::vector<std::string> lines;
  options.log = [&](const std::string& line) {
    const std::lock_guard lock(mutex);
    lines.push_back(line);
  };
  RunningServer server(engine_, options);
  ASSERT_TRUE(engine_->Set("k", std::string(10 << 20, 'v')).has_value());
  FrameClient client(server.address());
  std::string stream;
  for (std::uint32_t id = 0; id < 10; ++id) stream += GetFrame(id, "k");  // 100 MB: more than the sockets hold.
  ASSERT_TRUE(client.Call(PingFrame(0)).is_ok());
  client.Send(stream);
  client.AwaitArrival();
  EXPECT_TRUE(server.Stop().has_value());
  EXPECT_EQ(lines.size(), 1U);
}

TEST_P(ServerStopTest, IdleClientsDoNotDelayIt) {
  ServerOptions options = Options();
  options.stop_timeout = std::chrono::hours(1);  // The test would not end if it were waited for.
  RunningServer server(engine_, options);
  FrameClient idle(server.address());
  ASSERT_TRUE(idle.Call(PingFrame(1)).is_ok());
  FrameClient half(server.address());
  ASSERT_TRUE(half.Call(PingFrame(1)).is_ok());
  half.Send(PingFrame(2).substr(0, 7));
  EXPECT_TRUE(server.Stop().has_value());
  EXPECT_FALSE(idle.Receive().has_value());
}

TEST_P(ServerStopTest, TheEngineIsSyncedAndItsErrorIsTheResult) {
  RunningServer good(engine_, Options());
  EXPECT_TRUE(good.Stop().has_value());
  EXPECT_EQ(engine_->syncs(), 1U);

  engine_->AnswerSyncWith(Error{.code = ErrorCode::kPoisoned});
  RunningServer bad(engine_, Options());
  const Status ended = bad.Stop();
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().code, ErrorCode::kPoisoned);
}

TEST_P(ServerStopTest, StoppingBeforeItRunsAndMoreThanOnceIsFine) {
  ServerOptions options = Options();
  options.address.port = 0;
  const auto server = *KvsServer::Create(engine_, options);
  server->Stop();
  server->Stop();
  EXPECT_TRUE(server->Run().has_value());
  server->Stop();
  EXPECT_EQ(server->Run().error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace kvs::test
