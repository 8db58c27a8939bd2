// KvsServer: serves an engine to clients over TCP, with or without TLS, and over a unix socket.
//
//     auto store = kvs::KvStore::Open("data").value();
//     auto server = kvs::KvsServer::Create(store, {.address = {.ip = "127.0.0.1", .port = 0}});  // 0: a free port.
//     if (!server) return Report(server.error());
//     std::thread stopper([&] { (*server)->Stop(); });  // So may a signal handler.
//     (*server)->Run().has_value();                     // == true
//     stopper.join();
//
// Design      Two ways to drive the connections. Direct, without a pool: one event loop per thread. A connection stays
//             with its loop, and its requests run there. Pooled: one loop, and each connection with something to do
//             becomes a job on the pool.
// Threads     Run() blocks the calling thread; call it once in a server's life. Stop() may be called from any thread
//             and from a signal handler, before or during Run(), and more than once.
// Ordering    The answers of one connection come in the order of its requests.
// Durability  With sync_before_reply, a write is answered only after an engine->Sync() that covers it. One sync serves
//             all requests that were ready.
// Limits      All of ServerOptions. A client beyond a limit gets a clear error, and other clients do not notice.
// Errors      Create(): kIo if the address cannot be bound, and kInUse if another server has the unix socket.
//             kInvalidArgument if a limit leaves no room for a request or the certificates are unusable. Run(): kIo if
//             a loop itself fails, otherwise the result of the last engine->Sync().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kvs/address.h"
#include "kvs/engine.h"
#include "kvs/result.h"
#include "kvs/thread_pool.h"

namespace kvs {

// PEM files, read at the start and by ReloadCertificates(). TLS 1.2 or newer.
struct TlsOptions {
  Address address{};
  std::string certificate_file{};  // With the chain up to the root.
  std::string key_file{};
  std::string client_authority_file{};  // Not empty: a client needs a certificate signed by one of these.
  std::chrono::milliseconds handshake_timeout{10'000};
};

struct ServerOptions {
  Address address{};
  std::optional<TlsOptions> tls{};        // Set: the server also listens for TLS clients.
  std::string unix_socket{};              // Not empty: the server also listens at this path.
  std::uint32_t unix_socket_mode = 0700;  // The permissions of that path.
  unsigned threads = 0;                   // Event loops in direct mode; 0: one per core.
  std::shared_ptr<ThreadPool> pool{};     // Set: pooled mode.
  bool sync_before_reply = false;
  bool store_syncs = true;       // Every second, by itself; reported as appendfsync.
  std::string data_directory{};  // Reported to clients as dir.
  // The answers of CONFIG GET for parameters that do not follow from the other options: name and value.
  std::vector<std::pair<std::string, std::string>> parameters{};
  std::string password{};  // Not empty: RESP clients must give it, and native clients are refused.

  std::size_t connections_max = 10'000;
  // The largest request, including key and value.
  std::size_t request_bytes_max = kValueBytesMax + (std::size_t{1} << 20);
  // The server stops reading from a client while more output than this waits for it.
  std::size_t output_buffer_bytes_max = std::size_t{64} << 20;
  // A client that takes none of its waiting output for this long is closed; 0: never.
  std::chrono::milliseconds output_timeout{60'000};
  int tcp_backlog = 4096;                         // Clients that may wait to be accepted.
  std::chrono::seconds tcp_keepalive{300};        // Silence after which the kernel probes the peer; 0: never.
  std::chrono::milliseconds idle_timeout{0};      // Silence after which a connection is closed; 0: never.
  std::chrono::milliseconds stop_timeout{5'000};  // How long Stop() waits for slow clients to take their answers.
  bool allows_debug_command = false;              // Allows DEBUG, with which a client can make the server hang.

  // Receives messages for the operator, one line per call, from any thread. It must not call the server.
  std::function<void(const std::string& line)> log{};
};

class KvsServer {
 public:
  // Binds and listens. A client can connect as soon as this returns.
  static Result<std::unique_ptr<KvsServer>> Create(std::shared_ptr<KvsEngine> engine, const ServerOptions& options);
  ~KvsServer();

  // Serves until Stop(). Then it stops accepting, answers the requests that it has received, syncs the engine and
  // returns.
  Status Run();
  void Stop();

  // Reads the files of options.tls again, for new connections; existing ones keep their certificates. Call it from any
  // thread. kInvalidArgument: a file is unusable and the previous ones stay, or there is no TLS.
  Status ReloadCertificates();

  const Address& address() const;      // As bound, with the port that the kernel chose for port 0.
  const Address& tls_address() const;  // Of options.tls, as bound.

 private:
  class Impl;
  explicit KvsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvs
