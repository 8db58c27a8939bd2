// Promised: the store finds the descriptors that it needs, however many clients connect. A client that finds no place
// is told so. The test gives a real server few descriptors and takes all that are left for clients. Then it has the
// store begin new segments.
#include <memory>

#include "cli/programs.h"
#include "io/address.h"
#include "support/resp_client.h"

namespace kvs::test {
namespace {

using testing::HasSubstr;

TEST(DescriptorsTest, IdleClientsDoNotStopTheStore) {
  const TemporaryDirectory directory;
  ServerProgram server(directory.path(), {"--segment-bytes", "1mb", "--threads", "2"},
                       {"/bin/sh", "-c", R"(ulimit -n 100 && exec "$0" "$@")"});
  KVS_START_OR_FAIL(server);
  EXPECT_THAT(server.process().error_output(), HasSubstr("instead of 10000: this process may have 100 descriptors"));
  const Address address = *Address::Parse(server.address());
  RespClient busy(address);
  ASSERT_EQ(busy.Call({"PING"}), "+PONG\r\n");
  std::vector<std::unique_ptr<RespClient>> idle;
  for (int i = 0; i < 120; ++i) idle.push_back(std::make_unique<RespClient>(address));
  EXPECT_EQ(idle.back()->ReceiveToTheEnd(), "-ERR max number of clients reached\r\n");
  const std::string value(10'000, 'v');
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(busy.Call({"SET", "key" + std::to_string(i % 100), value}), "+OK\r\n");
  EXPECT_EQ(busy.Call({"KVS.COMPACT"}), "+Compaction started\r\n");
  idle.clear();
  std::string answer;
  for (int i = 0; i < 10'000 && answer != value; ++i) {  // Until the server has seen some of the clients go.
    answer = RespText(RespClient(address).Call({"GET", "key7"}));
  }
  EXPECT_EQ(answer, value);
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
}

}  // namespace
}  // namespace kvs::test
