// What happens around a command for those who look at it: see observers/observation.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "commands/table/command.h"

namespace kvs::server {

// Remembers what a tracking client is about to read.
void BeforeObserved(Call& call);
// Shows the command to the monitors.
void AfterObserved(Call& call);

// Who called, for the slow log.
struct Caller {
  int socket;
  std::string_view name{};
};

// Notes how long a command took, where it is to be noted: slow log, latency monitor.
void NoteDuration(const Caller& caller, ServerState& server, const CommandSpec& spec,
                  std::span<const std::string_view> arguments, std::chrono::steady_clock::duration duration);

// The subcommands of CLIENT that are about others: handlers for its rows.
void ClientCaching(Call& call);
void ClientGetRedirection(Call& call);
void ClientPause(Call& call);
void ClientTracking(Call& call);
void ClientTrackingInfo(Call& call);
void ClientUnblock(Call& call);
void ClientUnpause(Call& call);

}  // namespace kvs::server
