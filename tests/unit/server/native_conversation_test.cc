// Promised: a frame is a command like those of RESP. It waits while commands are paused, monitors see it, and listeners
// are told of its changes. The tests play a native client together with RESP clients.
#include "server/native_conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "net/connection.h"
#include "support/frame_client.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"

namespace kvs::server {
namespace {

using test::RespCommand;
using testing::HasSubstr;
using testing::Not;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

class NativeConversationTest : public testing::Test {
 protected:
  static std::string Call(Connection& connection, const std::vector<std::string>& words) {
    connection.Receive(RespCommand(words));
    return Take(connection);
  }
  static std::string Take(Connection& connection) {
    connection.Resume();
    std::string output(connection.output());
    connection.Sent(output.size());
    return output;
  }

  test::MemoryEngine engine_;
  ServerState state_{engine_};
  test::ServedConnection native_{state_, kLimits};
  test::ServedConnection resp_{state_, kLimits};
};

TEST_F(NativeConversationTest, WritesWaitWhileTheyArePaused) {
  Call(resp_, {"CLIENT", "PAUSE", "1000000", "WRITE"});
  native_.Receive(test::GetFrame(1, "a") + test::SetFrame(2, "a", "1") + test::GetFrame(3, "a"));
  EXPECT_NE(Take(native_), "");
  EXPECT_TRUE(native_.is_waiting());
  EXPECT_FALSE(*engine_.Read("a", [](std::string_view) {}));
  Call(resp_, {"CLIENT", "UNPAUSE"});
  EXPECT_NE(Take(native_), "");
  EXPECT_FALSE(native_.is_waiting());
  EXPECT_TRUE(*engine_.Read("a", [](std::string_view) {}));
}

TEST_F(NativeConversationTest, APausedClientLeavesNothing) {
  Call(resp_, {"CLIENT", "PAUSE", "1000000"});
  {
    test::ServedConnection waits(state_, kLimits);
    waits.Receive(test::GetFrame(1, "a"));
    EXPECT_EQ(state_.observation.alarms.size(), 1U);
  }
  EXPECT_EQ(state_.observation.alarms.size(), 0U);
}

TEST_F(NativeConversationTest, MonitorsSeeFrames) {
  Call(resp_, {"MONITOR"});
  native_.Receive(test::SetFrame(1, "key", "value") + test::GetFrame(2, "key"));
  EXPECT_THAT(Take(resp_),
              testing::AllOf(HasSubstr("\"SET\" \"key\" \"value\"\r\n"), HasSubstr("\"GET\" \"key\"\r\n")));
}

TEST_F(NativeConversationTest, KeyspaceEventsArePublished) {
  Call(resp_, {"CONFIG", "SET", "notify-keyspace-events", "KEAnm"});
  Call(resp_, {"PSUBSCRIBE", "__keyevent@0__:*"});
  native_.Receive(test::SetFrame(1, "key", "value"));
  EXPECT_THAT(Take(resp_), testing::AllOf(HasSubstr("__keyevent@0__:new"), HasSubstr("__keyevent@0__:set")));
  native_.Receive(test::SetFrame(2, "key", "other"));
  EXPECT_THAT(Take(resp_), testing::AllOf(Not(HasSubstr("__keyevent@0__:new")), HasSubstr("__keyevent@0__:set")));
  native_.Receive(test::RemoveFrame(3, "key") + test::GetFrame(4, "key"));
  EXPECT_THAT(Take(resp_), testing::AllOf(HasSubstr("__keyevent@0__:del"), HasSubstr("__keyevent@0__:keymiss")));
}

TEST_F(NativeConversationTest, NativeWritesInvalidateTrackedKeys) {
  Call(resp_, {"HELLO", "3"});
  Call(resp_, {"CLIENT", "TRACKING", "ON"});
  Call(resp_, {"GET", "key"});
  native_.Receive(test::SetFrame(1, "key", "value"));
  EXPECT_THAT(Take(resp_), HasSubstr("invalidate"));
}

}  // namespace
}  // namespace kvs::server
