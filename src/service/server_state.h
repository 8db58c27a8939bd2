// ServerState: the state that the connections of one server share.
//
// Threads     As each part says. The plain values are constant after construction.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "keyspace/multi_write_clock.h"
#include "keyspace/scan_cursors.h"
#include "keyspace/watch_table.h"
#include "kvs/engine.h"
#include "net/descriptor_budget.h"
#include "net/memory/client_memory.h"
#include "net/net_figures.h"
#include "observers/observation.h"
#include "observers/pub_sub.h"
#include "service/background.h"
#include "service/client_registry.h"
#include "service/server_config.h"
#include "service/server_log.h"
#include "service/server_stats.h"
#include "sync/gate.h"
#include "sync/mutex.h"

namespace kvs::server {

class ServerState {
 public:
  // served: in, outlives the state.
  explicit ServerState(KvsEngine& served, const ConfigStart& start = {}, ServerLog::Sink sink = {});

  // A write or a sync was refused with `error`. Errors of the request alone are not noted.
  void NoteWriteFault(const Error& error) KVS_EXCLUDES(fault_mutex_);
  // The error of the last refused write, unless a later write has succeeded. kPoisoned stays.
  // stats: in, the engine's current figures.
  std::optional<Error> WriteFault(const EngineStats& stats) const KVS_EXCLUDES(fault_mutex_);

  // Applies the settings, at the start and after a change.
  void ApplySettings();

  KvsEngine& engine;
  const std::uint16_t port;
  const std::string run_id;  // 40 hexadecimal digits, new for each start.
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  std::function<void()> request_stop;  // Ends the server; set before it runs.

  ServerLog log;
  DescriptorBudget descriptors;
  ServerConfig config;
  NetFigures net;
  ServerStats stats{net};
  sync::Gate gate;  // A command has a pass of it while it reads or writes pairs.
  WatchTable watches;
  MultiWriteClock multi_writes;
  ClientMemory client_memory;  // Before the parts that hold outboxes.
  ClientRegistry clients;
  PubSub pub_sub;
  Observation observation;
  ScanCursors cursors;
  Background background;  // Last: it uses the engine, and ends first.

 private:
  struct Fault {
    Error error;
    std::uint64_t written_bytes;  // EngineStats::written_bytes at the time.
  };
  mutable sync::Mutex fault_mutex_;
  std::optional<Fault> fault_ KVS_GUARDED_BY(fault_mutex_);
};

}  // namespace kvs::server
