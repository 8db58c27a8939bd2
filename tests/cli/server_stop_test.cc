// Promised: SIGINT and SIGTERM end the server with exit code 0 and keep every acknowledged write. SIGKILL loses no
// acknowledged write either. The tests stop servers while clients write, and ask the next server for the writes.
#include <signal.h>

#include <atomic>
#include <thread>
#include <tuple>

#include "cli/programs.h"
#include "kvs/address.h"
#include "support/frame_client.h"

namespace kvs::test {
namespace {

struct Ending {
  std::string name;
  int signal;
  int exit_code;
};

class ServerStopTest : public testing::TestWithParam<std::tuple<std::string, Ending>> {
 protected:
  void SetUp() override { KVS_SKIP_WITHOUT(std::get<0>(GetParam())); }

  TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(
    EnginesAndEndings, ServerStopTest,
    testing::Combine(testing::ValuesIn(AllEngineNames()),
                     testing::Values(Ending{"Interrupt", SIGINT, 0}, Ending{"Terminate", SIGTERM, 0},
                                     Ending{"Kill", SIGKILL, 128 + SIGKILL})),
    [](const auto& instance) { return std::get<0>(instance.param) + std::get<1>(instance.param).name; });

TEST_P(ServerStopTest, AcknowledgedWritesAreThereAfterwards) {
  const auto& [engine, ending] = GetParam();
  constexpr int kClients = 3;
  std::atomic<int> acknowledged[kClients] = {};
  {
    ServerProgram server(directory_.path(), {"--engine", engine});
    KVS_START_OR_FAIL(server);
    std::vector<std::jthread> clients;
    for (int client = 0; client < kClients; ++client) {
      clients.emplace_back([&server, &acknowledged, client] {
        for (int i = 0;; ++i) {
          const std::string key = std::to_string(client) + "-" + std::to_string(i);
          if (server.Client({"set", key, "of " + key}).exit_code != 0) return;
          acknowledged[client].store(i + 1, std::memory_order_release);
        }
      });
    }
    for (const std::atomic<int>& count : acknowledged) {
      while (count.load(std::memory_order_acquire) < 5) std::this_thread::yield();
    }
    EXPECT_EQ(server.StopBy(ending.signal), ending.exit_code) << server.process().error_output();
  }

  ServerProgram successor(directory_.path());
  KVS_START_OR_FAIL(successor);
  for (int client = 0; client < kClients; ++client) {
    for (int i = 0; i < acknowledged[client].load(std::memory_order_acquire); ++i) {
      const std::string key = std::to_string(client) + "-" + std::to_string(i);
      EXPECT_EQ(successor.Client({"get", key}).output, "of " + key + "\n");
    }
  }
}

// The first signal waits for a client that does not take its answers, the second waits for nobody. They are two
// different signals: of two that are the same the kernel may keep one.
TEST(ServerStop, ASecondSignalEndsTheServerImmediatelyAsFailed) {
  const TemporaryDirectory directory;
  ServerProgram server(directory.path());
  KVS_START_OR_FAIL(server);
  FrameClient client(*Address::Parse(server.address()));
  client.Send(SetFrame(1, "large", std::string(std::size_t{8} << 20, 'v')));
  ASSERT_TRUE(client.Await().is_ok());
  for (std::uint32_t id = 2; id < 10; ++id) client.Send(GetFrame(id, "large"));
  client.AwaitArrival();
  server.process().Signal(SIGTERM);
  server.process().Signal(SIGINT);
  EXPECT_EQ(server.process().Wait(), 1) << server.process().error_output();
}

}  // namespace
}  // namespace kvs::test
