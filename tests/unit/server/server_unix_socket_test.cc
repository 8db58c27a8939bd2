// Promised: clients of both protocols can connect to a unix socket, which is removed with the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "support/frame_client.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"
#include "support/temporary_directory.h"
#include "support/unix_connect.h"

namespace kvs::test {
namespace {

class ServerUnixSocketTest : public ServerModesTest {
 protected:
  TemporaryDirectory directory_;
  const std::string path_ = (directory_.path() / "kvs.sock").string();
};
INSTANTIATE_TEST_SUITE_P(Modes, ServerUnixSocketTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

TEST_P(ServerUnixSocketTest, BothProtocolsWorkOnTheSocketAndOnTcp) {
  ServerOptions options = Options();
  options.unix_socket = path_;
  {
    const RunningServer server(engine_, options);
    FrameClient native(ConnectToUnixSocket(path_));
    EXPECT_TRUE(native.Call(SetFrame(1, "key", "value")).is_ok());
    RespClient resp(ConnectToUnixSocket(path_));
    EXPECT_EQ(resp.Call({"GET", "key"}), "$5\r\nvalue\r\n");
    RespClient beside(server.address());
    EXPECT_EQ(beside.Call({"GET", "key"}), "$5\r\nvalue\r\n");
    EXPECT_THAT(resp.Call({"CLIENT", "INFO"}), testing::HasSubstr("addr=" + path_ + ":0"));
    EXPECT_THAT(resp.Call({"CONFIG", "GET", "unixsocket"}), testing::HasSubstr(path_));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_P(ServerUnixSocketTest, ASecondServerDoesNotTakeIt) {
  ServerOptions options = Options();
  options.unix_socket = path_;
  const RunningServer server(engine_, options);
  options.address.port = 0;
  const auto second = KvsServer::Create(engine_, options);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kInUse);
  RespClient resp(ConnectToUnixSocket(path_));
  EXPECT_EQ(resp.Call({"PING"}), "+PONG\r\n");
}

}  // namespace
}  // namespace kvs::test
