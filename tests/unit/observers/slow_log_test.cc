// Promised: SlowLog shows each slow command, also one inside EXEC, and keeps a bounded part of the client's input. The
// tests run commands on a slow engine.
#include "observers/slow_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "net/connection.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"

namespace kvs::server {
namespace {

using test::RespCommand;
using testing::ElementsAre;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

// A read of "slow" takes longer than slowlog-log-slower-than is at first.
class SlowEngine final : public test::MemoryEngine {
 public:
  Result<bool> Read(std::string_view key, ValueVisitor visit) override {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(key == "slow" ? 11 : 0);
    while (std::chrono::steady_clock::now() < end) continue;
    return MemoryEngine::Read(key, visit);
  }
};

class SlowLogTest : public testing::Test {
 protected:
  SlowEngine engine_;
  ServerState state_{engine_};
  test::ServedConnection connection_{state_, kLimits};
};

TEST_F(SlowLogTest, ACommandInsideExecIsShown) {
  connection_.Receive(RespCommand({"MULTI"}) + RespCommand({"GET", "fast"}) + RespCommand({"GET", "slow"}) +
                      RespCommand({"EXEC"}));
  const auto entries = state_.observation.slow_log.Newest(10);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_THAT(entries[0].arguments, ElementsAre("GET", "slow"));
  EXPECT_GE(entries[0].microseconds, 11'000);
}

TEST_F(SlowLogTest, ALongClientNameIsCut) {
  connection_.Receive(RespCommand({"CLIENT", "SETNAME", std::string(500'000, 'n')}) +
                      RespCommand({"CONFIG", "SET", "slowlog-log-slower-than", "0"}) + RespCommand({"GET", "fast"}));
  const auto entries = state_.observation.slow_log.Newest(1);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].client_name, std::string(SlowLog::kArgumentBytesMax, 'n') + "... (499872 more bytes)");
}

}  // namespace
}  // namespace kvs::server
