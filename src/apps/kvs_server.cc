// kvs-server: opens an engine on a directory and serves it until a signal comes.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "apps/exit_codes.h"
#include "apps/process.h"
#include "apps/server_command_line.h"
#include "apps/signal_watcher.h"
#include "base/try.h"
#include "io/descriptor_limit.h"
#include "kvs/open_engine.h"
#include "kvs/server.h"
#include "kvs/thread_pool.h"
#include "kvs/version.h"

namespace kvs::apps {
namespace {

void Log(const std::string& line) { spdlog::info(line); }

void StartLog() {
  const auto log = std::make_shared<spdlog::logger>("kvs-server", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  log->flush_on(spdlog::level::info);
  spdlog::set_default_logger(log);
}

unsigned ThreadCount(const ServerCommandLine& line) {
  return line.threads != 0 ? line.threads : std::max(1U, std::thread::hardware_concurrency());
}

template <class Pool>
Result<std::shared_ptr<ThreadPool>> MakePoolOf(unsigned threads) {
  KVS_TRY_ASSIGN(std::unique_ptr<Pool> pool, Pool::Create(threads));
  return std::shared_ptr<ThreadPool>(std::move(pool));
}

// nullptr: direct mode, without a pool.
Result<std::shared_ptr<ThreadPool>> MakePool(const ServerCommandLine& line) {
  switch (line.pool) {
    case PoolKind::kNone: break;
    case PoolKind::kNaive: return MakePoolOf<NaiveThreadPool>(ThreadCount(line));
    case PoolKind::kQueue: return MakePoolOf<SharedQueueThreadPool>(ThreadCount(line));
    case PoolKind::kStealing: return MakePoolOf<WorkStealingThreadPool>(ThreadCount(line));
  }
  return std::shared_ptr<ThreadPool>();
}

// Under `always` the store syncs only at an interval, and the server syncs before it answers. So one sync serves all
// requests that were ready, instead of one per write, with every engine.
KvStoreOptions StoreOptions(const ServerCommandLine& line) {
  KvStoreOptions options;
  options.sync = line.sync == SyncPolicy::kAlways ? SyncPolicy::kInterval : line.sync;
  options.sync_interval = std::chrono::milliseconds(line.settings.Number("sync-interval"));
  options.segment_bytes = static_cast<std::uint64_t>(line.settings.Number("segment-bytes"));
  options.garbage_ratio_max = static_cast<double>(line.settings.Number("garbage-percent")) / 100;
  options.scrub_bytes_per_second = static_cast<std::uint64_t>(line.settings.Number("scrub-rate"));
  if (line.settings.Text("open-damaged") == "read-only") options.on_damage = OnDamage::kReadOnly;
  options.log = Log;
  return options;
}

// Makes the path absolute as the system resolves it: a ".." may follow a symbolic link.
std::string AbsolutePath(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path canonical = std::filesystem::canonical(path, error);
  return error ? path.string() : canonical.string();
}

void SetLimits(const settings::Settings& settings, ServerOptions* options) {
  const auto size = [&](std::string_view name) { return static_cast<std::size_t>(settings.Number(name)); };
  options->connections_max = size("maxclients");
  options->request_bytes_max = size("client-query-buffer-limit");
  options->output_buffer_bytes_max = size("output-buffer-limit");
  options->output_timeout = std::chrono::seconds(settings.Number("output-timeout"));
  options->idle_timeout = std::chrono::seconds(settings.Number("timeout"));
  options->stop_timeout = std::chrono::milliseconds(settings.Number("stop-timeout"));
  options->tcp_backlog = static_cast<int>(settings.Number("tcp-backlog"));
  options->tcp_keepalive = std::chrono::seconds(settings.Number("tcp-keepalive"));
}

Result<TlsOptions> MakeTlsOptions(const settings::Settings& settings) {
  if (settings.Text("tls-cert").empty() || settings.Text("tls-key").empty()) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = "tls-addr needs tls-cert and tls-key"};
  }
  TlsOptions options;
  options.address = Address::Parse(settings.Text("tls-addr")).value();  // Checked when it was set.
  options.certificate_file = settings.Text("tls-cert");
  options.key_file = settings.Text("tls-key");
  options.client_authority_file = settings.Text("tls-ca");
  options.handshake_timeout = std::chrono::seconds(settings.Number("tls-handshake-timeout"));
  return options;
}

Result<ServerOptions> MakeServerOptions(const ServerCommandLine& line) {
  ServerOptions options;
  options.address = line.address;
  options.threads = ThreadCount(line);
  KVS_TRY_ASSIGN(options.pool, MakePool(line));
  options.sync_before_reply = line.sync == SyncPolicy::kAlways;
  options.store_syncs = line.sync != SyncPolicy::kNone;
  options.data_directory = AbsolutePath(line.directory);
  options.parameters = line.settings.all();
  options.password = line.settings.Text("requirepass");
  options.allows_debug_command = line.settings.Text("enable-debug-command") == "yes";
  options.unix_socket = line.settings.Text("unixsocket");
  options.unix_socket_mode = static_cast<std::uint32_t>(line.settings.Number("unixsocketperm"));
  if (!line.settings.Text("tls-addr").empty()) {
    KVS_TRY_ASSIGN(options.tls, MakeTlsOptions(line.settings));
  }
  SetLimits(line.settings, &options);
  options.log = Log;
  return options;
}

std::string_view PoolName(PoolKind pool) {
  switch (pool) {
    case PoolKind::kNone: return "none";
    case PoolKind::kNaive: return "naive";
    case PoolKind::kQueue: return "queue";
    case PoolKind::kStealing: return "stealing";
  }
  return "";
}

std::string_view SyncName(SyncPolicy sync) {
  switch (sync) {
    case SyncPolicy::kNone: return "none";
    case SyncPolicy::kInterval: return "interval";
    case SyncPolicy::kAlways: return "always";
  }
  return "";
}

bool IsLoopback(const Address& address) { return address.ip == "::1" || address.ip.starts_with("127."); }

// Warns if any client that reaches the address can read and write all data.
void WarnOfOpenDoors(const ServerOptions& options) {
  if (!options.password.empty()) return;
  const auto warn = [](const Address& address, std::string_view remedy) {
    if (IsLoopback(address)) return;
    spdlog::warn(
        "{} can be reached from other machines, and no password is set: any client may read and change "
        "everything (see {})",
        address.ToString(), remedy);
  };
  warn(options.address, "--requirepass");
  if (options.tls && options.tls->client_authority_file.empty())
    warn(options.tls->address, "--requirepass and --tls-ca");
}

void LogStart(const ServerCommandLine& line, const ServerOptions& options, const KvsEngine& engine,
              const KvsServer& server) {
  spdlog::info("kvs-server {}", kVersion);
  spdlog::info("engine {} in {}, sync {}", engine.Name(), AbsolutePath(line.directory), SyncName(line.sync));
  spdlog::info("pool {}, {} threads", PoolName(line.pool), ThreadCount(line));
  if (options.tls) spdlog::info("TLS on {}", server.tls_address().ToString());
  if (!options.unix_socket.empty()) spdlog::info("unix socket {}", options.unix_socket);
  WarnOfOpenDoors(options);
  spdlog::info("listening on {}", server.address().ToString());
}

Result<std::shared_ptr<KvsEngine>> Open(const ServerCommandLine& line) {
  Result<std::shared_ptr<KvsEngine>> engine = OpenEngine(line.engine, line.directory, StoreOptions(line));
  if (!engine && engine.error().code == ErrorCode::kCorruption) {
    engine.error().context +=
        " (for a damaged store there are kvs-backup restore, kvs-inspect salvage and --open-damaged read-only)";
  }
  return engine;
}

Result<std::unique_ptr<KvsServer>> Listen(const std::shared_ptr<KvsEngine>& engine, const ServerOptions& options) {
  Result<std::unique_ptr<KvsServer>> server = KvsServer::Create(engine, options);
  const bool is_taken =
      !server && (server.error().sys_errno == EADDRINUSE || server.error().sys_errno == EADDRNOTAVAIL);
  if (is_taken) server.error().context += " (choose another address with --addr IP:PORT)";
  return server;
}

Status Serve(const ServerCommandLine& line, SignalWatcher& signals) {
  io::RaiseDescriptorLimit();  // The server adapts maxclients to the limit.
  KVS_TRY_ASSIGN(const std::shared_ptr<KvsEngine> engine, Open(line));
  KVS_TRY_ASSIGN(const ServerOptions options, MakeServerOptions(line));
  KVS_TRY_ASSIGN(const std::unique_ptr<KvsServer> server, Listen(engine, options));
  LogStart(line, options, *engine, *server);

  signals.CallOnSignal([&server] {
    Log("stopping; a second signal ends the server immediately");
    server->Stop();
  });
  signals.CallOnHangUp([&server] {
    const Status reloaded = server->ReloadCertificates();
    Log(reloaded ? "read the certificates again" : "the certificates stay as they are: " + reloaded.error().ToString());
  });
  Status status = server->Run();
  signals.CallOnHangUp({});
  signals.CallOnSignal({});
  return status;
}

int Main(int argc, char** argv) {
  const std::variant<ServerCommandLine, int> parsed = ParseServerCommandLine(argc, argv);
  if (const int* exit_code = std::get_if<int>(&parsed)) return *exit_code;
  StartLog();
  SignalWatcher signals;
  const Status status = Serve(std::get<ServerCommandLine>(parsed), signals);
  if (!status) {
    spdlog::error(status.error().ToString());
    return kExitError;
  }
  Log("stopped");
  return kExitOk;
}

}  // namespace
}  // namespace kvs::apps

int main(int argc, char** argv) {
  kvs::apps::PrepareProcess();
  return kvs::apps::FinishOutput(kvs::apps::Main(argc, argv));
}
