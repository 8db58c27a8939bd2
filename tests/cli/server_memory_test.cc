// Promised: a server that runs out of memory answers the command that needed it with an error, and goes on. This holds
// for every way that a command can arrive. The tests limit the server's address space to less than the commands need.
#include <signal.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/programs.h"
#include "kvs/address.h"
#include "support/address_space.h"
#include "support/resp_client.h"

namespace kvs::test {
namespace {

using testing::StartsWith;

constexpr std::uint64_t kRoom = std::uint64_t{3} << 29;  // 1.5 GB.

class ServerMemoryTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { KVS_SKIP_UNDER_SANITIZERS(); }

  // With room for so many bytes beyond those of the test itself.
  void Start(std::vector<std::string> arguments) {
    const AddressSpaceLimit limit(kRoom);
    arguments.insert(arguments.end(), {"--engine", "kvs", "--pool", GetParam(), "--threads", "2"});
    server_.emplace(directory_.path(), std::move(arguments));
    KVS_START_OR_FAIL(*server_);
    client_.emplace(*Address::Parse(server_->address()));
  }

  TemporaryDirectory directory_;
  std::optional<ServerProgram> server_;
  std::optional<RespClient> client_;
};
INSTANTIATE_TEST_SUITE_P(Pools, ServerMemoryTest, testing::Values("none", "stealing"),
                         [](const auto& instance) { return instance.param; });

TEST_P(ServerMemoryTest, CommandWithoutMemoryIsAnErrorAndTheServerGoesOn) {
  Start({"--client-memory-limit", "0"});
  ASSERT_TRUE(client_.has_value());
  EXPECT_EQ(client_->Call({"MULTI"}), "+OK\r\n");
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(client_->Call({"SETRANGE", "k" + std::to_string(i), "536870911", "x"}), "+QUEUED\r\n");
  }
  EXPECT_THAT(client_->Call({"EXEC"}), StartsWith("-"));
  EXPECT_EQ(client_->Call({"DBSIZE"}), ":0\r\n");
  ASSERT_EQ(client_->Call({"SETRANGE", "large", "100000000", "x"}), ":100000001\r\n");
  EXPECT_EQ(client_->Call({"MULTI"}), "+OK\r\n");
  for (int i = 0; i < 60; ++i) EXPECT_EQ(client_->Call({"GET", "large"}), "+QUEUED\r\n");
  EXPECT_THAT(client_->Call({"EXEC"}), StartsWith("-"));
  std::vector<std::string> words(61, "large");
  words[0] = "MGET";
  EXPECT_THAT(client_->Call(words), StartsWith("-"));
  EXPECT_EQ(client_->Call({"SET", "k", "v"}), "+OK\r\n");
  EXPECT_EQ(server_->Client({"get", "k"}).output, "v\n");
  EXPECT_EQ(server_->StopBy(SIGTERM), 0) << server_->process().error_output();
}

TEST_P(ServerMemoryTest, LimitFollowsFromTheAddressSpace) {
  Start({});
  ASSERT_TRUE(client_.has_value());
  EXPECT_THAT(client_->Call({"SETRANGE", "k", "536870911", "x"}), StartsWith("-OOM the clients of this server"));
  EXPECT_EQ(client_->Call({"SETRANGE", "k", "1000000", "x"}), ":1000001\r\n");
}

TEST(ServerLargeValuesTest, ValueLargerThanABatchIsRenamedAndFlushed) {
  const TemporaryDirectory directory;
  ServerProgram server(directory.path(), {"--engine", "kvs", "--sync", "none", "--client-memory-limit", "0"});
  KVS_START_OR_FAIL(server);
  RespClient client(*Address::Parse(server.address()));
  ASSERT_EQ(client.Call({"SETRANGE", "from", "283115519", "x"}), ":283115520\r\n");
  EXPECT_EQ(client.Call({"RENAME", "from", "to"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"EXISTS", "from"}), ":0\r\n");
  EXPECT_EQ(client.Call({"STRLEN", "to"}), ":283115520\r\n");
  EXPECT_EQ(client.Call({"MULTI"}), "+OK\r\n");
  EXPECT_EQ(client.Call({"FLUSHALL"}), "+QUEUED\r\n");
  EXPECT_EQ(client.Call({"SET", "k", "v"}), "+QUEUED\r\n");
  EXPECT_EQ(client.Call({"EXEC"}), "*2\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(client.Call({"DBSIZE"}), ":1\r\n");
}

}  // namespace
}  // namespace kvs::test
