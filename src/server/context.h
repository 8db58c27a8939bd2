// ServerContext: what all loops of one server share.
//
// Fences      S1  stopping:  release store in KvsServer::Stop() -> acquire load in the loops. Whoever sees it set sees
//                 what the stopping thread did before.
//             R1  connections, sync_is_failing:  relaxed. A limit and a hint for the log; nothing is reached through
//             them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "kvs/engine.h"
#include "kvs/server.h"
#include "server/conversation.h"
#include "server/server_state.h"

namespace kvs::server {

class ServerContext {
 public:
  ServerContext(std::shared_ptr<KvsEngine> served_engine, ServerOptions server_options, std::uint16_t bound_port,
                std::uint16_t bound_tls_port = 0)
      : engine(std::move(served_engine)),
        options(std::move(server_options)),
        state(*engine,
              {.ip = options.address.ip,
               .port = bound_port,
               .tls_port = bound_tls_port,
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
               .parameters = options.parameters},
              options.log) {}

  static constexpr std::chrono::milliseconds kTurnTime{2};

  // Of a client that comes now.
  ConnectionLimits limits() const {
    return {.request_bytes_max = state.config.request_bytes_max(),
            .output_bytes_max = state.config.output_bytes_max(),
            .turn_time = kTurnTime};
  }

  // Constant after construction.
  const std::shared_ptr<KvsEngine> engine;
  const ServerOptions options;

  ServerState state;  // What the connections share.

  // Atomics.
  std::atomic<bool> stopping{false};         // S1
  std::atomic<std::size_t> connections{0};   // R1
  std::atomic<bool> sync_is_failing{false};  // R1
};

}  // namespace kvs::server
