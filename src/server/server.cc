#include "kvs/server.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/try.h"
#include "io/descriptor_limit.h"
#include "io/socket.h"
#include "io/tls.h"
#include "io/unix_socket.h"
#include "net/acceptor.h"
#include "net/loop.h"
#include "net/tls_source.h"
#include "protocol/native_frame.h"
#include "server/server_host.h"

namespace kvs {
namespace {

unsigned LoopCount(const ServerOptions& options) {
  if (options.pool != nullptr) return 1;
  return options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
}

Status CheckOptions(const ServerOptions& options) {
  const bool is_usable = options.connections_max > 0 && options.output_buffer_bytes_max > 0 &&
                         options.request_bytes_max >= protocol::kRequestHeaderBytes;
  if (is_usable) return Ok();
  return Error{.code = ErrorCode::kInvalidArgument, .context = "a limit of the server leaves room for no request"};
}

}  // namespace

// Fences      R1  has_run_: relaxed. Only one of two callers may see it false; nothing is reached through it.
class KvsServer::Impl {
 public:
  Status Open(std::shared_ptr<KvsEngine> engine, const ServerOptions& options);
  Status Run();
  void Stop();
  Status ReloadCertificates();
  const Address& address() const { return address_; }
  const Address& tls_address() const { return tls_address_; }

 private:
  struct Listeners {
    io::UniqueFd plain;
    io::UniqueFd tls;
    io::UniqueFd local;
  };
  Result<Listeners> Listen(const ServerOptions& options);
  server::ConfigStart StartOf(const ServerOptions& options) const;
  void FitToDescriptors();
  Status RunLoops();

  // Constant after Open().
  std::shared_ptr<KvsEngine> engine_;
  std::shared_ptr<ThreadPool> pool_;
  std::optional<server::ServerState> state_;
  std::optional<server::ServerHost> host_;
  Address address_;
  Address tls_address_;
  std::optional<io::UnixListener> unix_listener_;
  std::optional<server::TlsSource> tls_;
  std::vector<std::unique_ptr<server::Loop>> loops_;
  std::vector<std::unique_ptr<server::Acceptor>> acceptors_;

  std::atomic<bool> has_run_{false};  // R1
};

// The order is from what can fail to what cannot be undone.
Result<KvsServer::Impl::Listeners> KvsServer::Impl::Listen(const ServerOptions& options) {
  Listeners listeners;
  const io::ListenOptions tcp{.backlog = options.tcp_backlog, .keepalive = options.tcp_keepalive};
  if (options.tls) {
    const io::TlsFiles files{.certificate = options.tls->certificate_file,
                             .key = options.tls->key_file,
                             .client_authority = options.tls->client_authority_file};
    KVS_TRY_ASSIGN(std::shared_ptr<io::TlsContext> context, io::TlsContext::ForServer(files));
    tls_.emplace(files, std::move(context));
    KVS_TRY_ASSIGN(listeners.tls, io::Listen(options.tls->address, tcp));
    KVS_TRY_ASSIGN(tls_address_, io::LocalAddress(listeners.tls.get()));
  }
  KVS_TRY_ASSIGN(listeners.plain, io::Listen(options.address, tcp));
  KVS_TRY_ASSIGN(address_, io::LocalAddress(listeners.plain.get()));
  if (!options.unix_socket.empty()) {
    KVS_TRY_ASSIGN(io::UnixListener local,
                   io::UnixListener::Listen(options.unix_socket, options.unix_socket_mode, options.tcp_backlog));
    unix_listener_.emplace(std::move(local));
    listeners.local = unix_listener_->TakeSocket();
  }
  return listeners;
}

server::ConfigStart KvsServer::Impl::StartOf(const ServerOptions& options) const {
  return {.ip = options.address.ip,
          .port = address_.port,
          .tls_port = tls_ ? tls_address_.port : std::uint16_t{0},
          .unix_socket = options.unix_socket,
          .directory = options.data_directory,
          .password = options.password,
          .sync_before_reply = options.sync_before_reply,
          .store_syncs = options.store_syncs,
          .connections_max = options.connections_max,
          .request_bytes_max = options.request_bytes_max,
          .output_bytes_max = options.output_buffer_bytes_max,
          .idle_timeout = options.idle_timeout,
          .output_timeout = options.output_timeout,
          .allows_debug = options.allows_debug_command,
          .parameters = options.parameters};
}

Status KvsServer::Impl::Open(std::shared_ptr<KvsEngine> engine, const ServerOptions& options) {
  KVS_TRY_ASSIGN(Listeners listeners, Listen(options));
  engine_ = std::move(engine);
  pool_ = options.pool;
  state_.emplace(*engine_, StartOf(options), options.log);
  state_->request_stop = [this] { Stop(); };
  host_.emplace(*state_);
  server::LoopOptions of_loops{.loops = LoopCount(options), .pool = pool_.get(), .stop_timeout = options.stop_timeout};
  if (options.tls) of_loops.handshake_timeout = options.tls->handshake_timeout;
  std::vector<server::LoopMailbox*> mailboxes;
  for (std::size_t i = 0; i < of_loops.loops; ++i) {
    KVS_TRY_ASSIGN(auto loop, server::Loop::Create(*host_, of_loops));
    mailboxes.push_back(&loop->mailbox());
    loops_.push_back(std::move(loop));
  }
  const auto add = [&](io::UniqueFd listener, server::TlsSource* tls) {
    if (!listener.is_open()) return;
    acceptors_.push_back(std::make_unique<server::Acceptor>(std::move(listener), *host_, mailboxes, tls));
  };
  add(std::move(listeners.plain), nullptr);
  add(std::move(listeners.local), nullptr);
  add(std::move(listeners.tls), tls_ ? &*tls_ : nullptr);
  FitToDescriptors();
  return Ok();
}

// When everything is open that stays open.
void KvsServer::Impl::FitToDescriptors() {
  server::ServerState& state = *state_;
  state.descriptors.CountOpen();
  const std::size_t wanted = state.config.LowerConnectionsMax();
  if (wanted == 0) return;
  state.log.Write("maxclients is " + std::to_string(state.config.connections_max()) + " instead of " +
                  std::to_string(wanted) + ": this process may have " + std::to_string(io::DescriptorLimit()) +
                  " descriptors (ulimit -n), of which " + std::to_string(state.descriptors.open_besides()) +
                  " are open and " + std::to_string(server::DescriptorBudget::SetAside()) +
                  " are set aside for the store");
}

Status KvsServer::Impl::Run() {
  if (has_run_.exchange(true, std::memory_order_relaxed)) {  // R1
    return Error{.code = ErrorCode::kInvalidArgument, .context = "a server runs once"};
  }
  const Status served = RunLoops();
  unix_listener_.reset();
  acceptors_.clear();  // From now on the kernel refuses clients, which would wait for nobody.
  const Status synced = engine_->Sync();
  return served ? synced : served;
}

// The first loop runs here, with the acceptor, and the others on threads of their own. When one of them fails all stop.
Status KvsServer::Impl::RunLoops() {
  std::vector<Status> results(loops_.size());
  const auto run = [&](std::size_t i, std::span<const std::unique_ptr<server::Acceptor>> acceptors) {
    results[i] = loops_[i]->Run(acceptors);
    if (!results[i]) Stop();
  };

  std::vector<std::thread> threads;
  try {
    for (std::size_t i = 1; i < loops_.size(); ++i)
      threads.emplace_back(run, i, std::span<const std::unique_ptr<server::Acceptor>>());
    run(0, acceptors_);
  } catch (const std::system_error& failure) {
    results[0] = Error{.code = ErrorCode::kIo, .sys_errno = failure.code().value(), .context = "start a thread"};
    Stop();
  }
  for (std::thread& thread : threads) thread.join();

  const auto failed = std::find_if(results.begin(), results.end(), [](const Status& result) { return !result; });
  return failed == results.end() ? Ok() : *failed;
}

void KvsServer::Impl::Stop() {
  for (const auto& loop : loops_) loop->Stop();
}

Status KvsServer::Impl::ReloadCertificates() {
  if (tls_) return tls_->Reload();
  return Error{.code = ErrorCode::kInvalidArgument, .context = "this server does not speak TLS"};
}

Result<std::unique_ptr<KvsServer>> KvsServer::Create(std::shared_ptr<KvsEngine> engine, const ServerOptions& options) {
  KVS_TRY(CheckOptions(options));
  auto impl = std::make_unique<Impl>();
  KVS_TRY(impl->Open(std::move(engine), options));
  return std::unique_ptr<KvsServer>(new KvsServer(std::move(impl)));
}

KvsServer::KvsServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KvsServer::~KvsServer() = default;

Status KvsServer::Run() { return impl_->Run(); }
void KvsServer::Stop() { impl_->Stop(); }
Status KvsServer::ReloadCertificates() { return impl_->ReloadCertificates(); }
const Address& KvsServer::address() const { return impl_->address(); }
const Address& KvsServer::tls_address() const { return impl_->tls_address(); }

}  // namespace kvs
