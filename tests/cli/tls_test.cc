// Promised: --tls-addr serves TLS to any client of Redis. SIGHUP changes the certificates without losing a connection.
// The server warns of a bind that others can reach. The tests run redis-cli, if it is installed, against the real
// server.
#include <signal.h>

#include <string>

#include "cli/programs.h"
#include "cli/redis_cli.h"
#include "kvs/address.h"
#include "support/certificates.h"
#include "support/tls_client.h"

namespace kvs::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class TlsProgramTest : public testing::Test {
 protected:
  std::vector<std::string> Arguments(const CertificateFiles& files) const {
    return {"--tls-addr", "127.0.0.1:0", "--tls-cert", files.certificate, "--tls-key", files.key};
  }

  static Address TlsAddressOf(ServerProgram& server) {
    const std::string& log = server.process().error_output();
    const std::string words = "TLS on ";
    const std::size_t begin = log.find(words) + words.size();
    return Address::Parse(log.substr(begin, log.find('\n', begin) - begin)).value();
  }

  Outcome SecureRedisCli(const Address& address, const Authority& authority, std::vector<std::string> words) const {
    std::vector<std::string> all = {"-h",       "127.0.0.1",     "-p", std::to_string(address.port), "--tls",
                                    "--cacert", authority.file()};
    all.insert(all.end(), words.begin(), words.end());
    return RedisCli(std::move(all));
  }

  TemporaryDirectory directory_;
  TemporaryDirectory files_;
};

TEST_F(TlsProgramTest, RedisCliSpeaksItAndSighupChangesTheCertificates) {
  KVS_SKIP_WITHOUT_REDIS_CLI();
  const Authority first(files_.path(), "first");
  ServerProgram server(directory_.path(), Arguments(first.Issue("server")));
  KVS_START_OR_FAIL(server);
  const Address address = TlsAddressOf(server);
  EXPECT_EQ(SecureRedisCli(address, first, {"SET", "key", "value"}).output, "OK\n");
  TlsClient early(address, *io::TlsContext::ForClient(first.file()));
  EXPECT_EQ(early.Call({"PING"}), "+PONG\r\n");

  const Authority second(files_.path(), "second");
  static_cast<void>(second.Issue("server"));
  server.process().Signal(SIGHUP);
  ASSERT_TRUE(server.process().WaitForErrorOutput("read the certificates again"));
  EXPECT_EQ(SecureRedisCli(address, second, {"GET", "key"}).output, "value\n");
  EXPECT_THAT(SecureRedisCli(address, first, {"GET", "key"}).output, Not(HasSubstr("value")));
  EXPECT_EQ(early.Call({"GET", "key"}), "$5\r\nvalue\r\n");
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
}

TEST_F(TlsProgramTest, WithoutACertificateItDoesNotStart) {
  const std::vector<std::string> base = {"--addr",     "127.0.0.1:0", "--dir", directory_.path().string(),
                                         "--tls-addr", "127.0.0.1:0"};
  const Outcome without = RunServer(base);
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_THAT(without.error_output, AllOf(HasSubstr("tls-cert"), HasSubstr("tls-key")));
  std::vector<std::string> wrong = base;
  wrong.insert(wrong.end(), {"--tls-cert", "/none.pem", "--tls-key", "/none.pem"});
  const Outcome outcome = RunServer(wrong);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.error_output, HasSubstr("/none.pem"));
}

TEST_F(TlsProgramTest, SighupWithoutTlsIsNoHarm) {
  ServerProgram server(directory_.path());
  KVS_START_OR_FAIL(server);
  server.process().Signal(SIGHUP);
  ASSERT_TRUE(server.process().WaitForErrorOutput("does not speak TLS"));
  EXPECT_EQ(server.StopBy(SIGTERM), 0);
}

TEST_F(TlsProgramTest, APublicAddressWithoutAPasswordIsLogged) {
  const std::string words = "no password is set";
  {
    ServerProgram open(directory_.path(), {"--addr", "0.0.0.0:0"});
    KVS_START_OR_FAIL(open);
    EXPECT_THAT(open.process().error_output(), AllOf(HasSubstr(words), HasSubstr("--requirepass")));
  }
  {
    ServerProgram guarded(directory_.path(), {"--addr", "0.0.0.0:0", "--requirepass", "secret"});
    KVS_START_OR_FAIL(guarded);
    EXPECT_THAT(guarded.process().error_output(), Not(HasSubstr(words)));
  }
  ServerProgram local(directory_.path());
  KVS_START_OR_FAIL(local);
  EXPECT_THAT(local.process().error_output(), Not(HasSubstr(words)));
}

}  // namespace
}  // namespace kvs::test
