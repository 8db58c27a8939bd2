#include "kvs/server.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/try.h"
#include "io/socket.h"
#include "protocol/native_frame.h"
#include "server/acceptor.h"
#include "server/context.h"
#include "server/loop.h"

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

// Fences      S1  stopping: see server/context.h.
//             R1  has_run_: relaxed. Only one of two callers may see it false; nothing is reached through it.
class KvsServer::Impl {
 public:
  Status Open(std::shared_ptr<KvsEngine> engine, const ServerOptions& options);
  Status Run();
  void Stop();
  const Address& address() const { return address_; }

 private:
  Status RunLoops();

  // Constant after Open().
  std::optional<server::ServerContext> context_;
  Address address_;
  std::vector<std::unique_ptr<server::Loop>> loops_;
  std::optional<server::Acceptor> acceptor_;

  std::atomic<bool> has_run_{false};  // R1
};

Status KvsServer::Impl::Open(std::shared_ptr<KvsEngine> engine, const ServerOptions& options) {
  KVS_TRY_ASSIGN(io::UniqueFd listener,
                 io::Listen(options.address, {.backlog = options.tcp_backlog, .keepalive = options.tcp_keepalive}));
  KVS_TRY_ASSIGN(address_, io::LocalAddress(listener.get()));
  context_.emplace(std::move(engine), options, address_.port);
  context_->state.request_stop = [this] { Stop(); };
  context_->state.connections = [this] {
    return context_->connections.load(std::memory_order_relaxed);  // R1 of server/context.h
  };
  std::vector<server::Loop*> loops;
  for (unsigned i = 0; i < LoopCount(options); ++i) {
    KVS_TRY_ASSIGN(auto loop, server::Loop::Create(*context_));
    loops.push_back(loop.get());
    loops_.push_back(std::move(loop));
  }
  acceptor_.emplace(std::move(listener), *context_, std::move(loops));
  return Ok();
}

Status KvsServer::Impl::Run() {
  if (has_run_.exchange(true, std::memory_order_relaxed)) {  // R1
    return Error{.code = ErrorCode::kInvalidArgument, .context = "a server runs once"};
  }
  const Status served = RunLoops();
  acceptor_.reset();  // Whoever connects from now on is refused by the kernel, instead of waiting for nobody.
  const Status synced = context_->engine->Sync();
  return served ? synced : served;
}

// The first loop runs here, with the acceptor, and the others on threads of their own. When one of them fails all stop.
Status KvsServer::Impl::RunLoops() {
  std::vector<Status> results(loops_.size());
  const auto run = [&](std::size_t i, server::Acceptor* acceptor) {
    results[i] = loops_[i]->Run(acceptor);
    if (!results[i]) Stop();
  };

  std::vector<std::thread> threads;
  try {
    for (std::size_t i = 1; i < loops_.size(); ++i) threads.emplace_back(run, i, nullptr);
    run(0, &*acceptor_);
  } catch (const std::system_error& failure) {
    results[0] = Error{.code = ErrorCode::kIo, .sys_errno = failure.code().value(), .context = "start a thread"};
    Stop();
  }
  for (std::thread& thread : threads) thread.join();

  const auto failed = std::find_if(results.begin(), results.end(), [](const Status& result) { return !result; });
  return failed == results.end() ? Ok() : *failed;
}

void KvsServer::Impl::Stop() {
  context_->stopping.store(true, std::memory_order_release);  // S1
  for (const auto& loop : loops_) loop->Wake();
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
const Address& KvsServer::address() const { return impl_->address(); }

}  // namespace kvs
