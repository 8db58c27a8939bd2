// Promised: a connection through TLS behaves like any other. New certificates reach new connections and leave the
// others alone. A client that does not finish the handshake is closed. The certificates are real, made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <semaphore>
#include <string>

#include "support/certificates.h"
#include "support/log_lines.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/server_modes.h"
#include "support/temporary_directory.h"
#include "support/tls_client.h"

namespace kvs::test {
namespace {

constexpr const char* kEnded = "(the connection has ended)";

class ServerTlsTest : public ServerModesTest {
 protected:
  ServerOptions TlsOptionsOf(const CertificateFiles& files) const {
    ServerOptions options = Options();
    options.tls = TlsOptions{
        .address = {.ip = "127.0.0.1", .port = 0}, .certificate_file = files.certificate, .key_file = files.key};
    return options;
  }

  static std::shared_ptr<io::TlsContext> Trusting(const Authority& authority, const CertificateFiles& own = {}) {
    return *io::TlsContext::ForClient(authority.file(), {.certificate = own.certificate, .key = own.key});
  }

  TemporaryDirectory directory_;
  const Authority authority_{directory_.path(), "first"};
  const CertificateFiles files_ = authority_.Issue("server");
};
INSTANTIATE_TEST_SUITE_P(Modes, ServerTlsTest, testing::Values(Mode::kDirect, Mode::kPooled), ModeName);

TEST_P(ServerTlsTest, RequestsAndRepliesOfAnySizeGoThrough) {
  const RunningServer server(engine_, TlsOptionsOf(files_));
  TlsClient client(server.tls_address(), Trusting(authority_));
  for (const std::size_t bytes : {0U, 1U, 16'383U, 16'384U, 16'385U, 65'536U, 5'000'000U}) {
    const std::string value(bytes, static_cast<char>('a' + bytes % 26));
    ASSERT_EQ(client.Call({"SET", "key", value}), "+OK\r\n") << bytes;
    ASSERT_EQ(client.Call({"GET", "key"}), "$" + std::to_string(bytes) + "\r\n" + value + "\r\n") << bytes;
  }
  RespClient plain(server.address());
  EXPECT_EQ(plain.Call({"STRLEN", "key"}), ":5000000\r\n");
}

// The loop is held up in its log until a whole record and the beginning of another have arrived, and is then stopped.
TEST_P(ServerTlsTest, AStopAnswersWholeRecordsAndWaitsForNoRest) {
  std::binary_semaphore is_logging{0};
  std::binary_semaphore may_go_on{0};
  ServerOptions options = TlsOptionsOf(files_);
  options.threads = 1;
  options.connections_max = 1;
  options.stop_timeout = std::chrono::minutes(10);
  options.log = [&](const std::string& line) {
    if (!line.starts_with("refused a client")) return;
    is_logging.release();
    may_go_on.acquire();
  };
  RunningServer server(engine_, options);
  TlsClient client(server.tls_address(), Trusting(authority_));
  ASSERT_EQ(client.Call({"PING"}), "+PONG\r\n");
  const RespClient surplus(server.address());
  is_logging.acquire();
  ASSERT_TRUE(client.TrySend(RespCommand({"ECHO", "last"})));
  client.SendRaw(std::string_view("\x17\x03\x03\x01\x00", 5));  // The head of a record of 256 bytes.
  server.RequestStop();
  may_go_on.release();
  EXPECT_EQ(client.TryReceive(), "$4\r\nlast\r\n");
  EXPECT_EQ(client.TryReceive(), std::nullopt);
  EXPECT_TRUE(server.Stop().has_value());
}

TEST_P(ServerTlsTest, APipelineIsAnsweredInItsOrder) {
  const RunningServer server(engine_, TlsOptionsOf(files_));
  TlsClient client(server.tls_address(), Trusting(authority_));
  constexpr int kRequests = 20'000;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += RespCommand({"ECHO", std::to_string(i)});
  ASSERT_TRUE(client.TrySend(requests));
  for (int i = 0; i < kRequests; ++i) {
    const std::string text = std::to_string(i);
    ASSERT_EQ(client.TryReceive(), "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n");
  }
}

TEST_P(ServerTlsTest, NewCertificatesReachOnlyNewConnections) {
  const RunningServer server(engine_, TlsOptionsOf(files_));
  TlsClient early(server.tls_address(), Trusting(authority_));
  ASSERT_EQ(early.Call({"PING"}), "+PONG\r\n");

  const Authority second(directory_.path(), "second");
  static_cast<void>(second.Issue("server"));  // Over the files of the first.
  ASSERT_TRUE(server.ReloadCertificates().has_value());
  TlsClient late(server.tls_address(), Trusting(second));
  EXPECT_EQ(late.Call({"PING"}), "+PONG\r\n");
  TlsClient mistrusting(server.tls_address(), Trusting(authority_));
  EXPECT_EQ(mistrusting.Call({"PING"}), kEnded);
  EXPECT_EQ(early.Call({"PING"}), "+PONG\r\n");
}

TEST_P(ServerTlsTest, AfterBadFilesTheFormerCertificatesStay) {
  const RunningServer server(engine_, TlsOptionsOf(files_));
  std::ofstream(files_.certificate) << "no certificate";
  const Status reloaded = server.ReloadCertificates();
  ASSERT_FALSE(reloaded.has_value());
  EXPECT_EQ(reloaded.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(reloaded.error().context, testing::HasSubstr(files_.certificate));
  TlsClient client(server.tls_address(), Trusting(authority_));
  EXPECT_EQ(client.Call({"PING"}), "+PONG\r\n");
}

TEST_P(ServerTlsTest, AClientWithoutTheRequiredCertificateIsClosed) {
  const Authority stranger(directory_.path(), "stranger");
  ServerOptions options = TlsOptionsOf(files_);
  options.tls->client_authority_file = authority_.file();
  const RunningServer server(engine_, options);
  TlsClient known(server.tls_address(), Trusting(authority_, authority_.Issue("known")));
  EXPECT_EQ(known.Call({"PING"}), "+PONG\r\n");
  TlsClient without(server.tls_address(), Trusting(authority_));
  EXPECT_EQ(without.Call({"PING"}), kEnded);
  TlsClient wrong(server.tls_address(), Trusting(authority_, stranger.Issue("wrong")));
  EXPECT_EQ(wrong.Call({"PING"}), kEnded);
  EXPECT_EQ(known.Call({"PING"}), "+PONG\r\n");
}

// In TLS 1.3 the client has settled TLS and sends before it hears that its certificate is missing.
TEST_P(ServerTlsTest, ClientWithoutCertificateReadsTheAlert) {
  ServerOptions options = TlsOptionsOf(files_);
  options.tls->client_authority_file = authority_.file();
  const RunningServer server(engine_, options);
  for (int i = 0; i < 20; ++i) {
    TlsClient client(server.tls_address(), Trusting(authority_));
    for (int request = 0; request < 5; ++request) static_cast<void>(client.TrySend(RespCommand({"PING"})));
    while (client.ReceiveSome()) continue;
    EXPECT_THAT(client.last_error(), testing::HasSubstr("certificate required"));
  }
}

TEST_P(ServerTlsTest, ClientsThatStartNoTlsAreClosedAlone) {
  ServerOptions options = TlsOptionsOf(files_);
  options.tls->handshake_timeout = std::chrono::milliseconds(200);
  LogLines lines;
  options.log = lines.sink();
  const RunningServer server(engine_, options);
  TlsClient client(server.tls_address(), Trusting(authority_));
  EXPECT_EQ(client.Call({"PING"}), "+PONG\r\n");
  RespClient plain(server.tls_address());
  plain.Send("*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(plain.ReceiveToTheEnd().find("PONG"), std::string::npos);
  RespClient silent(server.tls_address());
  EXPECT_EQ(silent.ReceiveToTheEnd(), "");
  EXPECT_EQ(client.Call({"PING"}), "+PONG\r\n");
  EXPECT_EQ(lines.CountWith("no TLS handshake with 127.0.0.1:"), 1U);  // Another soon after is left out.
}

TEST_P(ServerTlsTest, AStoppingServerSendsItsLastAnswersAndEndsInTls) {
  RunningServer server(engine_, TlsOptionsOf(files_));
  TlsClient client(server.tls_address(), Trusting(authority_));
  ASSERT_EQ(client.Call({"SET", "key", std::string(1 << 20, 'v')}), "+OK\r\n");
  ASSERT_TRUE(client.TrySend(RespCommand({"GET", "key"}) + RespCommand({"SHUTDOWN"})));
  ASSERT_TRUE(client.TryReceive().has_value());
  while (client.ReceiveSome()) continue;
  EXPECT_EQ(client.input(), "");
}

TEST_P(ServerTlsTest, UnusableFilesAreRefusedAtTheStart) {
  ServerOptions options = TlsOptionsOf({files_.certificate, authority_.Issue("other").key});
  options.address.port = 0;
  const auto server = KvsServer::Create(engine_, options);
  ASSERT_FALSE(server.has_value());
  EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace kvs::test
