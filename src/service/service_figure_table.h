// The figures of the service: what its commands, its clients and its store do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "figures/figure.h"
#include "kvs/engine.h"
#include "observers/observer_figure_table.h"
#include "service/background.h"
#include "service/rates.h"
#include "service/server_state.h"
#include "service/server_stats.h"

namespace kvs::server {

struct CommandFigures {
  ServerStats::Sums sums;
  Rates::PerSecond rates;
  std::uint64_t failed_auths;
  std::uint64_t expired_keys;
};

struct ClientFigures {
  std::size_t clients_max;
  std::size_t blocked = 0;
  std::size_t subscribed = 0;
};

struct StoreFigures {
  EngineStats engine;
  Background::Report save;  // Of syncs and backups in the background.
  Background::Report compaction;
  std::int64_t last_save_s;
  std::uint64_t failed_syncs;
  std::optional<Error> fault;
};

// Zeros if the engine cannot tell.
EngineStats ReadEngineFigures(const ServerState& server);
CommandFigures ReadCommandFigures(const ServerState& server);
ClientFigures ReadClientFigures(const ServerState& server);
ObserverFigures ReadObserverFigures(const ServerState& server);
StoreFigures ReadStoreFigures(const ServerState& server);

std::span<const figures::Figure<EngineStats>> EngineFigureTable();
std::span<const figures::Figure<CommandFigures>> CommandFigureTable();
std::span<const figures::Figure<ClientFigures>> ClientFigureTable();
std::span<const figures::Figure<StoreFigures>> StoreFigureTable();

}  // namespace kvs::server
