#include "service/service_figure_table.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace kvs::server {
namespace {

using figures::FigureKind;
using figures::FigureValue;
using figures::Of;

constexpr auto kEngine = std::to_array<figures::Figure<EngineStats>>({
    {{.name = "keys",
      .kind = FigureKind::kGauge,
      .unit = "keys",
      .is_in_kvs_stats = true,
      .help = "Keys that have a value"},
     Of<&EngineStats::keys>},
    {{.name = "live_bytes",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "kvs",
      .place = 2,
      .is_in_kvs_stats = true,
      .help = "Bytes on disk that a key still needs"},
     Of<&EngineStats::live_bytes>},
    {{.name = "disk_bytes",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "kvs",
      .place = 3,
      .is_in_kvs_stats = true,
      .help = "Bytes of all files of the store"},
     Of<&EngineStats::disk_bytes>},
    {{.name = "segments",
      .kind = FigureKind::kGauge,
      .unit = "segments",
      .section = "kvs",
      .place = 4,
      .is_in_kvs_stats = true,
      .help = "Files of the log"},
     Of<&EngineStats::segments>},
    {{.name = "index_bytes",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "kvs",
      .place = 5,
      .is_in_kvs_stats = true,
      .help = "Private memory of the index"},
     Of<&EngineStats::index_bytes>},
    {{.name = "compactions",
      .kind = FigureKind::kCounter,
      .unit = "compactions",
      .section = "kvs",
      .place = 6,
      .is_in_kvs_stats = true,
      .help = "Compactions since the store was opened"},
     Of<&EngineStats::compactions>},
    {{.name = "written_bytes",
      .kind = FigureKind::kCounter,
      .unit = "bytes",
      .section = "kvs",
      .place = 7,
      .is_in_kvs_stats = true,
      .help = "Bytes that writers and compaction have appended since the store was opened"},
     Of<&EngineStats::written_bytes>},
    {{.name = "syncs",
      .kind = FigureKind::kCounter,
      .unit = "syncs",
      .section = "kvs",
      .place = 8,
      .is_in_kvs_stats = true,
      .help = "Syncs of the log since the store was opened"},
     Of<&EngineStats::syncs>},
    {{.name = "clock_steps",
      .kind = FigureKind::kCounter,
      .unit = "steps",
      .section = "kvs",
      .place = 9,
      .help = "Times that the wall clock was found set, by more than two seconds"},
     Of<&EngineStats::clock_steps>},
    {{.name = "scrubbed_bytes",
      .kind = FigureKind::kCounter,
      .unit = "bytes",
      .section = "kvs",
      .place = 10,
      .help = "Read from files at rest to find damage, since the store was opened"},
     Of<&EngineStats::scrubbed_bytes>},
    {{.name = "damaged_segments",
      .kind = FigureKind::kCounter,
      .unit = "segments",
      .section = "kvs",
      .place = 11,
      .help = "Damaged segments that this reading has found; the log names them"},
     Of<&EngineStats::damaged_segments>},
});

constexpr auto kCommands = std::to_array<figures::Figure<CommandFigures>>({
    {{.name = "total_commands_processed",
      .kind = FigureKind::kCounter,
      .unit = "commands",
      .section = "stats",
      .place = 2,
      .is_reset = true,
      .help = "Commands that ran"},
     [](const CommandFigures& figures) -> FigureValue { return figures.sums.commands; }},
    {{.name = "instantaneous_ops_per_sec",
      .kind = FigureKind::kGauge,
      .unit = "commands/s",
      .section = "stats",
      .place = 3,
      .help = "Commands per second, over the last 1.6 seconds or so"},
     [](const CommandFigures& figures) -> FigureValue { return static_cast<std::uint64_t>(figures.rates.commands); }},
    {{.name = "instantaneous_input_kbps",
      .kind = FigureKind::kGauge,
      .unit = "KiB/s",
      .section = "stats",
      .place = 6,
      .help = "Bytes received per second, over the same time"},
     [](const CommandFigures& figures) { return FigureValue(figures.rates.input_bytes / 1'024, 2); }},
    {{.name = "instantaneous_output_kbps",
      .kind = FigureKind::kGauge,
      .unit = "KiB/s",
      .section = "stats",
      .place = 7,
      .help = "Bytes sent per second, over the same time"},
     [](const CommandFigures& figures) { return FigureValue(figures.rates.output_bytes / 1'024, 2); }},
    {{.name = "expired_keys",
      .kind = FigureKind::kCounter,
      .unit = "keys",
      .section = "stats",
      .place = 9,
      .is_reset = true,
      .help = "Keys removed because their time had come"},
     Of<&CommandFigures::expired_keys>},
    {{.name = "keyspace_hits",
      .kind = FigureKind::kCounter,
      .unit = "keys",
      .section = "stats",
      .place = 12,
      .is_reset = true,
      .help = "Keys that reading commands have found"},
     [](const CommandFigures& figures) -> FigureValue { return figures.sums.hits; }},
    {{.name = "keyspace_misses",
      .kind = FigureKind::kCounter,
      .unit = "keys",
      .section = "stats",
      .place = 13,
      .is_reset = true,
      .help = "Keys that reading commands have not found"},
     [](const CommandFigures& figures) -> FigureValue { return figures.sums.misses; }},
    {{.name = "total_error_replies",
      .kind = FigureKind::kCounter,
      .unit = "replies",
      .section = "stats",
      .place = 20,
      .is_reset = true,
      .help = "Replies that were errors"},
     [](const CommandFigures& figures) -> FigureValue { return figures.sums.errors; }},
    {{.name = "acl_access_denied_auth",
      .kind = FigureKind::kCounter,
      .unit = "attempts",
      .section = "stats",
      .place = 23,
      .is_reset = true,
      .help = "Passwords that were wrong"},
     Of<&CommandFigures::failed_auths>},
});

constexpr auto kClients = std::to_array<figures::Figure<ClientFigures>>({
    {{.name = "maxclients",
      .kind = FigureKind::kGauge,
      .unit = "clients",
      .section = "clients",
      .place = 2,
      .help = "The setting maxclients"},
     Of<&ClientFigures::clients_max>},
    {{.name = "blocked_clients",
      .kind = FigureKind::kGauge,
      .unit = "clients",
      .section = "clients",
      .place = 3,
      .help = "Clients whose command waits: WAIT, WAITAOF, or a command that CLIENT PAUSE stops"},
     Of<&ClientFigures::blocked>},
    {{.name = "pubsub_clients",
      .kind = FigureKind::kGauge,
      .unit = "clients",
      .section = "clients",
      .place = 5,
      .help = "Clients that have subscribed to something"},
     Of<&ClientFigures::subscribed>},
});

std::string_view StoreState(const std::optional<Error>& fault) {
  if (!fault) return "ok";
  switch (fault->code) {
    case ErrorCode::kPoisoned: return "poisoned";
    case ErrorCode::kNoSpace: return "full";
    default: return "failing";
  }
}

// A text of one line.
std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return text;
}

constexpr auto kStore = std::to_array<figures::Figure<StoreFigures>>({
    {{.name = "rdb_bgsave_in_progress",
      .kind = FigureKind::kGauge,
      .section = "persistence",
      .place = 3,
      .help = "1: a sync or a backup that a command has started is under way"},
     [](const StoreFigures& figures) -> FigureValue { return figures.save.is_under_way ? 1 : 0; }},
    {{.name = "rdb_last_save_time",
      .kind = FigureKind::kGauge,
      .unit = "s",
      .section = "persistence",
      .place = 4,
      .help = "The second since 1970 of the last good BGSAVE or backup; before the first, of the start"},
     Of<&StoreFigures::last_save_s>},
    {{.name = "rdb_last_bgsave_status",
      .kind = FigureKind::kFact,
      .section = "persistence",
      .place = 5,
      .help = "ok, or err: the last BGSAVE or the last backup has failed"},
     [](const StoreFigures& figures) -> FigureValue { return figures.save.has_failed ? "err" : "ok"; }},
    {{.name = "rdb_saves",
      .kind = FigureKind::kCounter,
      .unit = "saves",
      .section = "persistence",
      .place = 6,
      .help = "BGSAVEs and backups that ended well"},
     [](const StoreFigures& figures) -> FigureValue { return figures.save.done; }},
    {{.name = "aof_rewrite_in_progress",
      .kind = FigureKind::kGauge,
      .section = "persistence",
      .place = 8,
      .help = "1: a compaction that a command has started is under way"},
     [](const StoreFigures& figures) -> FigureValue { return figures.compaction.is_under_way ? 1 : 0; }},
    {{.name = "aof_last_bgrewrite_status",
      .kind = FigureKind::kFact,
      .section = "persistence",
      .place = 9,
      .help = "ok, or err: the last compaction that a command started has failed"},
     [](const StoreFigures& figures) -> FigureValue { return figures.compaction.has_failed ? "err" : "ok"; }},
    {{.name = "aof_rewrites",
      .kind = FigureKind::kCounter,
      .unit = "compactions",
      .section = "persistence",
      .place = 10,
      .help = "Compactions that commands started and that ended well"},
     [](const StoreFigures& figures) -> FigureValue { return figures.compaction.done; }},
    {{.name = "aof_last_write_status",
      .kind = FigureKind::kFact,
      .section = "persistence",
      .place = 11,
      .help = "ok, or err: kvs_store_error says why"},
     [](const StoreFigures& figures) -> FigureValue { return figures.fault ? "err" : "ok"; }},
    {{.name = "aof_current_size",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "persistence",
      .place = 12,
      .help = "The same as disk_bytes"},
     [](const StoreFigures& figures) -> FigureValue { return figures.engine.disk_bytes; }},
    {{.name = "kvs_store_state",
      .kind = FigureKind::kFact,
      .section = "persistence",
      .place = 13,
      .help = "ok; full: a write found no room; failing: a write failed; poisoned: no writes until it is opened again"},
     [](const StoreFigures& figures) -> FigureValue { return StoreState(figures.fault); }},
    {{.name = "kvs_store_error",
      .kind = FigureKind::kFact,
      .section = "persistence",
      .place = 14,
      .help = "The error of the last write, unless a later one succeeded"},
     [](const StoreFigures& figures) -> FigureValue {
       return figures.fault ? OneLine(figures.fault->ToString()) : std::string();
     }},
    {{.name = "kvs_syncs",
      .kind = FigureKind::kCounter,
      .unit = "syncs",
      .section = "persistence",
      .place = 15,
      .help = "The same as syncs"},
     [](const StoreFigures& figures) -> FigureValue { return figures.engine.syncs; }},
    {{.name = "kvs_failed_syncs",
      .kind = FigureKind::kCounter,
      .unit = "syncs",
      .section = "persistence",
      .place = 16,
      .is_reset = true,
      .help = "Syncs that failed, before replies and in BGSAVE; a reset keeps those of BGSAVE"},
     Of<&StoreFigures::failed_syncs>},
});

}  // namespace

EngineStats ReadEngineFigures(const ServerState& server) { return server.engine.Stats().value_or(EngineStats{}); }

CommandFigures ReadCommandFigures(const ServerState& server) {
  return {.sums = server.stats.Sum(),
          .rates = server.stats.RatesAt(std::chrono::steady_clock::now()),
          .failed_auths = server.stats.failed_auths(),
          .expired_keys = server.stats.ExpiredKeys(ReadEngineFigures(server).expired)};
}

ClientFigures ReadClientFigures(const ServerState& server) {
  ClientFigures now{.clients_max = server.config.connections_max()};
  server.clients.ForEach([&](const ClientState& client) {
    const bool waits = client.is_blocked.load(std::memory_order_relaxed) ||  // R1
                       client.is_paused.load(std::memory_order_relaxed);     // R1
    now.blocked += waits ? 1 : 0;
    now.subscribed += client.has_subscriptions() ? 1 : 0;
  });
  return now;
}

ObserverFigures ReadObserverFigures(const ServerState& server) {
  return ReadObserverFigures(server.observation.tracking, server.pub_sub);
}

StoreFigures ReadStoreFigures(const ServerState& server) {
  StoreFigures figures{.engine = ReadEngineFigures(server),
                       .save = {},
                       .compaction = server.background.ReportOf(Background::Job::kCompaction),
                       .last_save_s = server.background.last_save_s(),
                       .failed_syncs = server.stats.failed_syncs(),
                       .fault = {}};
  const Background::Report sync = server.background.ReportOf(Background::Job::kSync);
  const Background::Report backup = server.background.ReportOf(Background::Job::kBackup);
  figures.save = {.is_under_way = sync.is_under_way || backup.is_under_way,
                  .done = sync.done + backup.done,
                  .failed = sync.failed + backup.failed,
                  .has_failed = sync.has_failed || backup.has_failed};
  figures.failed_syncs += sync.failed;
  figures.fault = server.WriteFault(figures.engine);
  return figures;
}

std::span<const figures::Figure<EngineStats>> EngineFigureTable() { return kEngine; }
std::span<const figures::Figure<CommandFigures>> CommandFigureTable() { return kCommands; }
std::span<const figures::Figure<ClientFigures>> ClientFigureTable() { return kClients; }
std::span<const figures::Figure<StoreFigures>> StoreFigureTable() { return kStore; }

}  // namespace kvs::server
