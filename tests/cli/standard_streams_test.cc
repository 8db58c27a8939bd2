// Promised: a program that is started without standard streams never prints into its files and sockets. Output that
// does not arrive is an error. The tests start the programs through a shell that closes streams, or connects them to a
// full disk or to a pipe without a reader.
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "cli/programs.h"
#include "io/socket.h"
#include "kvs/client.h"
#include "kvs/kv_store.h"

namespace kvs::test {
namespace {

using testing::HasSubstr;

// The command line that starts `arguments` with `redirections` as bash writes them.
std::vector<std::string> Redirected(const std::string& redirections, std::vector<std::string> arguments) {
  std::vector<std::string> all = {"/bin/bash", "-c", "exec \"$@\" " + redirections, "bash"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

// A server whose log nobody can read, so it is asked until it answers.
class SilentServer {
 public:
  SilentServer(const std::string& redirections, const std::filesystem::path& directory)
      : address_(FreeAddress()),
        process_(Redirected(redirections,
                            {KVS_SERVER_PROGRAM, "--dir", directory.string(), "--addr", address_.ToString()})) {}

  Status Set(const std::string& key, const std::string& value) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    Result<KvsClient> client = KvsClient::Connect(address_);
    while (!client && std::chrono::steady_clock::now() < deadline) {
      ::poll(nullptr, 0, 10);
      client = KvsClient::Connect(address_);
    }
    if (!client) return client.error();
    return client->Set(key, value);
  }

  int Stop() {
    process_.Signal(SIGTERM);
    return process_.Wait();
  }

 private:
  static Address FreeAddress() {
    const io::UniqueFd listener = *io::Listen({.ip = "127.0.0.1", .port = 0});
    return *io::LocalAddress(listener.get());
  }

  const Address address_;
  ChildProcess process_;
};

class StandardStreamsTest : public testing::Test {
 protected:
  static Outcome Run(const std::string& redirections, std::vector<std::string> arguments) {
    return RunProgram(Redirected(redirections, std::move(arguments)));
  }

  TemporaryDirectory directory_;
};

TEST_F(StandardStreamsTest, ServerWithoutStreamsKeepsItsStore) {
  for (const std::string redirections : {">&- 2>&-", "<&- >&- 2>&-", "<&-", "2>/dev/full"}) {
    SilentServer silent(redirections, directory_.path());
    const Status set = silent.Set("key", redirections);
    ASSERT_TRUE(set) << redirections << ": " << set.error().ToString();
    EXPECT_EQ(silent.Stop(), 0) << redirections;
    ServerProgram server(directory_.path());
    KVS_START_OR_FAIL(server);
    EXPECT_EQ(server.Client({"get", "key"}).output, redirections + "\n");
    EXPECT_EQ(server.StopBy(SIGTERM), 0);
  }
}

TEST_F(StandardStreamsTest, ClientThatCannotPrintFails) {
  ServerProgram server(directory_.path());
  KVS_START_OR_FAIL(server);
  EXPECT_EQ(server.Client({"set", "key", "value"}).exit_code, 0);
  for (const std::string redirections : {">&-", "<&- >&-", ">/dev/full"}) {
    const Outcome outcome = Run(redirections, {KVS_CLIENT_PROGRAM, "get", "key", "--addr", server.address()});
    EXPECT_EQ(outcome.exit_code, 1) << redirections;
    EXPECT_THAT(outcome.error_output, HasSubstr("stdout")) << redirections;
  }
  EXPECT_EQ(Run(">&- 2>&-", {KVS_CLIENT_PROGRAM, "get", "key", "--addr", server.address()}).exit_code, 1);
  EXPECT_EQ(Run("<&- >&- 2>&-", {KVS_CLIENT_PROGRAM, "set", "key", "2", "--addr", server.address()}).exit_code, 0);
  EXPECT_EQ(server.Client({"get", "key"}).output, "2\n");
}

TEST_F(StandardStreamsTest, OutputToAFullDiskFails) {
  const std::string store = (directory_.path() / "store").string();
  ASSERT_TRUE((*KvStore::Open(store))->Set("key", "value"));
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{KVS_CLIENT_PROGRAM, "--help"},
                                             {KVS_CLIENT_PROGRAM, "get", "--help"},
                                             {KVS_CLIENT_PROGRAM, "--version"},
                                             {KVS_SERVER_PROGRAM, "--help"},
                                             {KVS_SERVER_PROGRAM, "-V"},
                                             {KVS_INSPECT_PROGRAM, "--help"},
                                             {KVS_INSPECT_PROGRAM, "-V"},
                                             {KVS_INSPECT_PROGRAM, store},
                                             {KVS_INSPECT_PROGRAM, store, "verify"},
                                             {KVS_INSPECT_PROGRAM, store, "records", "1"}}) {
    for (const char* redirection : {">/dev/full", ">&-"}) {
      const Outcome outcome = Run(redirection, arguments);
      EXPECT_EQ(outcome.exit_code, 1) << arguments[0] << " " << arguments[1] << " " << redirection;
      EXPECT_THAT(outcome.error_output, HasSubstr("cannot write to stdout")) << arguments[0] << " " << arguments[1];
    }
  }
}

TEST_F(StandardStreamsTest, OutputWithoutAReaderFails) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // Inherited.
  ::close(ends[0]);
  const Outcome outcome = Run(">&" + std::to_string(ends[1]), {KVS_CLIENT_PROGRAM, "--version"});
  ::close(ends[1]);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.error_output, HasSubstr("cannot write to stdout"));
}

}  // namespace
}  // namespace kvs::test
