// KvsServer: serves an engine to clients over TCP, with and without TLS, and over a unix socket.
//
//     auto store = kvs::KvStore::Open("data").value();
//     auto server = kvs::KvsServer::Create(store, {.address = {.ip = "127.0.0.1", .port = 0}});  // 0: a free port.
//     if (!server) return Report(server.error());
//     std::thread stopper([&] { (*server)->Stop(); });  // So may a signal handler.
//     (*server)->Run().has_value();                     // == true
//     stopper.join();
//
// Design      Two ways to drive the same connections. Direct (no pool): one event loop per thread, each connection
//             stays with its loop, requests run where they arrive. Pooled: one loop, and each connection with something
//             to do becomes a job on the pool.
// Threads     Run() blocks the calling thread, once in a server's life. Stop() from any thread and from a signal
//             handler, before Run() or during it, once or often.
// Ordering    The answers of one connection come in the order of its requests.
// Durability  With sync_before_reply, a write is answered only after engine->Sync() that covers it; one sync serves
//             everything that was ready.
// Limits      All of ServerOptions; a client beyond one gets a clear error, and no other client notices.
// Errors      Create(): kIo when the address cannot be bound, kInUse for a unix socket that another server has,
//             kInvalidArgument for a limit that leaves room for no request and for unusable certificates. Run(): kIo
//             when a loop itself fails, otherwise what the last engine->Sync() answered.
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
  std::string client_authority_file{};  // Not empty: clients need a certificate that one of these has signed.
  std::chrono::milliseconds handshake_timeout{10'000};
};

struct ServerOptions {
  Address address{};
  std::optional<TlsOptions> tls{};        // Set: clients that speak TLS come in there.
  std::string unix_socket{};              // Not empty: clients of this machine come in by this path, too.
  std::uint32_t unix_socket_mode = 0700;  // The permissions of that path.
  unsigned threads = 0;                   // Event loops in direct mode; 0: one for each core.
  std::shared_ptr<ThreadPool> pool{};     // Set: pooled mode.
  bool sync_before_reply = false;
  bool store_syncs = true;       // By itself, every second: what appendfsync says, to clients that ask.
  std::string data_directory{};  // What dir says, to clients that ask.
  // What CONFIG GET says, by name, of parameters that do not follow from the other options.
  std::vector<std::pair<std::string, std::string>> parameters{};
  std::string password{};  // Not empty: RESP clients have to give it, and native clients are refused.

  std::size_t connections_max = 10'000;
  // One request, key and value included.
  std::size_t request_bytes_max = kValueBytesMax + (std::size_t{1} << 20);
  // A client that reads slower is not read from beyond this.
  std::size_t output_buffer_bytes_max = std::size_t{64} << 20;
  // A client that has answers waiting, and takes none of them for so long, is closed; 0: never.
  std::chrono::milliseconds output_timeout{60'000};
  int tcp_backlog = 4096;                     // Clients that may wait to be accepted.
  std::chrono::seconds tcp_keepalive{300};    // After so much silence the kernel asks whether the peer lives; 0: never.
  std::chrono::milliseconds idle_timeout{0};  // A connection silent for so long is closed; 0: never.
  std::chrono::milliseconds stop_timeout{5'000};  // How long Stop() lets answers drain to slow clients.
  bool allows_debug_command = false;              // DEBUG, with which a client can make the server hang.

  // Takes what an operator should know, one line at a time from whatever thread. It must not call the server.
  std::function<void(const std::string& line)> log{};
};

class KvsServer {
 public:
  // Binds and listens, so that a client may connect as soon as this returns.
  static Result<std::unique_ptr<KvsServer>> Create(std::shared_ptr<KvsEngine> engine, const ServerOptions& options);
  ~KvsServer();

  // Serves until Stop(): then it stops accepting, answers what it has received, syncs the engine, and returns.
  Status Run();
  void Stop();

  // Reads the files of options.tls again, for connections that come from now on; the others keep theirs. From any
  // thread. kInvalidArgument: they are not what they should be, and the former ones stay, or there is no TLS.
  Status ReloadCertificates();

  const Address& address() const;      // As bound: with the port that the kernel chose where 0 was asked for.
  const Address& tls_address() const;  // As above; of options.tls.

 private:
  class Impl;
  explicit KvsServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvs
