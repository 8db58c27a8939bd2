// Promised: a client to which others send may be silent, for each kind of message, and as long as any role remains. The
// test gives a connection several roles and takes them away one by one.
#include "service/client_state.h"

#include <gtest/gtest.h>

#include "net/connection.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"

namespace kvs::server {
namespace {

using test::RespCommand;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

class ClientStateTest : public testing::Test {
 protected:
  void Call(const std::vector<std::string>& words) {
    connection_.Receive(RespCommand(words));
    connection_.Sent(connection_.output().size());
  }

  test::MemoryEngine engine_;
  ServerState state_{engine_};
  test::ServedConnection connection_{state_, kLimits};
};

TEST_F(ClientStateTest, EachRoleMayBeSilent) {
  EXPECT_FALSE(connection_.may_be_idle());
  Call({"HELLO", "3"});
  EXPECT_FALSE(connection_.may_be_idle());
  Call({"SUBSCRIBE", "news"});
  EXPECT_TRUE(connection_.may_be_idle());
  Call({"CLIENT", "TRACKING", "ON"});
  Call({"UNSUBSCRIBE"});
  EXPECT_TRUE(connection_.may_be_idle());
  Call({"MONITOR"});
  Call({"CLIENT", "TRACKING", "OFF"});
  EXPECT_TRUE(connection_.may_be_idle());
  Call({"SUBSCRIBE", "news"});
  Call({"RESET"});
  EXPECT_FALSE(connection_.may_be_idle());
}

}  // namespace
}  // namespace kvs::server
