// Figures that commands reply with: those of the engine and of the process, and the one form in which they are sent.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "commands/table/command.h"

namespace kvs::server {

struct Figure {
  std::string_view name;
  std::uint64_t value;
};

// nullopt: `call` has been answered with the error.
std::optional<EngineStats> ReadEngineStats(Call& call);

// Each name with its number, for a map. The caller has written its length.
void ReplyFigures(Call& call, std::span<const Figure> figures);

// Memory that the process has allocated, with the private memory of the engine's index.
std::uint64_t UsedMemoryBytes(const EngineStats& stats);

// The most memory that the process has had resident, mapped files included.
std::uint64_t PeakMemoryBytes();

}  // namespace kvs::server
