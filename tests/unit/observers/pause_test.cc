// Promised: a connection is woken once when its time has come. Nothing of a connection remains after it has ended or no
// longer waits. The tests drive whole connections and count the alarms.
#include "observers/pause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "net/connection.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"

namespace kvs::server {
namespace {

using test::RespCommand;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

class PauseTest : public testing::Test {
 protected:
  std::size_t alarms() const { return state_.observation.alarms.size(); }

  test::MemoryEngine engine_;
  ServerState state_{engine_};
};

TEST_F(PauseTest, AnAlarmEndsWithItsClient) {
  {
    test::ServedConnection waits(state_, kLimits);
    waits.Receive(RespCommand({"WAIT", "1", "1000000"}));
    EXPECT_EQ(alarms(), 1U);
    EXPECT_TRUE(state_.observation.NeedsLook());
  }
  EXPECT_EQ(alarms(), 0U);
  EXPECT_FALSE(state_.observation.NeedsLook());
}

TEST_F(PauseTest, AnUnblockedClientHasNoAlarm) {
  test::ServedConnection waits(state_, kLimits);
  waits.Receive(RespCommand({"CLIENT", "ID"}));
  const std::string id(waits.output().substr(1, waits.output().size() - 3));
  waits.Sent(waits.output().size());
  waits.Receive(RespCommand({"WAIT", "1", "1000000"}));
  test::ServedConnection other(state_, kLimits);
  other.Receive(RespCommand({"CLIENT", "UNBLOCK", id}));
  waits.Resume();
  EXPECT_EQ(waits.output(), ":0\r\n");
  EXPECT_EQ(alarms(), 0U);
}

TEST_F(PauseTest, APausedClientHasOneAlarmAndLeavesNone) {
  test::ServedConnection admin(state_, kLimits);
  admin.Receive(RespCommand({"CLIENT", "PAUSE", "1000000"}));
  {
    test::ServedConnection waits(state_, kLimits);
    waits.Receive(RespCommand({"SET", "k", "v"}));
    EXPECT_EQ(alarms(), 1U);
    EXPECT_EQ(waits.output(), "");
  }
  EXPECT_EQ(alarms(), 0U);
}

TEST_F(PauseTest, AlarmsRingInTheirOrder) {
  Observers observers;
  Alarms alarms(observers);
  const auto start = Alarms::Clock::now();
  const auto early = std::make_shared<Outbox>(100, nullptr);
  const auto late = std::make_shared<Outbox>(100, nullptr);
  alarms.Set(start + std::chrono::seconds(9), late);
  alarms.Set(start + std::chrono::seconds(5), early);
  alarms.Set(start + std::chrono::seconds(2), early);  // In place of the other.
  EXPECT_EQ(alarms.next(), start + std::chrono::seconds(2));
  alarms.RingDue(start + std::chrono::seconds(3));
  EXPECT_TRUE(early->TakeWake());
  EXPECT_FALSE(late->TakeWake());
  EXPECT_EQ(alarms.size(), 1U);
  EXPECT_EQ(alarms.next(), start + std::chrono::seconds(9));
}

}  // namespace
}  // namespace kvs::server
