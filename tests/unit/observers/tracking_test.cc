// Promised: tracking sends one message per prefix for all changes of a turn, with each key once. A client that asked
// not to hear of its own writes still hears of the writes of others. The tests end the turns themselves.
#include "observers/tracking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/connection.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"

namespace kvs::server {
namespace {

using test::RespCommand;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

class TrackingTest : public testing::Test {
 protected:
  static void Call(Connection& connection, const std::vector<std::string>& words) {
    connection.Receive(RespCommand(words));
    connection.Sent(connection.output().size());
  }
  // The messages for a client at the end of a turn.
  std::string EndTurn(Connection& listener) {
    state_.observation.tracking.SendBroadcasts();
    listener.Resume();
    std::string told(listener.output());
    listener.Sent(told.size());
    return told;
  }

  test::MemoryEngine engine_;
  ServerState state_{engine_};
  test::ServedConnection listener_{state_, kLimits};
  test::ServedConnection writer_{state_, kLimits};
};

TEST_F(TrackingTest, ATurnIsOneMessagePerPrefix) {
  Call(listener_, {"HELLO", "3"});
  Call(listener_, {"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "a", "PREFIX", "b"});
  Call(writer_, {"MSET", "a2", "v", "a1", "v", "b1", "v", "c1", "v"});
  Call(writer_, {"SET", "a1", "again"});
  EXPECT_EQ(EndTurn(listener_),
            ">2\r\n$10\r\ninvalidate\r\n*2\r\n$2\r\na1\r\n$2\r\na2\r\n>2\r\n$10\r\ninvalidate\r\n*1\r\n$2\r\nb1\r\n");
  EXPECT_EQ(EndTurn(listener_), "");
}

TEST_F(TrackingTest, NoLoopHidesOnlyOwnWrites) {
  Call(listener_, {"HELLO", "3"});
  Call(listener_, {"CLIENT", "TRACKING", "ON", "BCAST", "NOLOOP"});
  Call(listener_, {"SET", "own", "v"});
  Call(listener_, {"SET", "both", "v"});
  Call(writer_, {"SET", "both", "w"});
  Call(listener_, {"SET", "both", "v"});
  EXPECT_EQ(EndTurn(listener_), ">2\r\n$10\r\ninvalidate\r\n*1\r\n$4\r\nboth\r\n");
}

TEST_F(TrackingTest, FlushAllReplacesTheGatheredKeys) {
  Call(listener_, {"HELLO", "3"});
  Call(listener_, {"CLIENT", "TRACKING", "ON", "BCAST"});
  Call(writer_, {"SET", "a", "v"});
  Call(writer_, {"FLUSHALL"});
  EXPECT_EQ(EndTurn(listener_), ">2\r\n$10\r\ninvalidate\r\n_\r\n");
}

}  // namespace
}  // namespace kvs::server
