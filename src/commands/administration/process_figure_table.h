// The figures of the process, and what does not change while it runs.
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <span>

#include "figures/figure.h"
#include "io/process_figures.h"
#include "service/server_state.h"

namespace kvs::server {

struct MemoryFigures {
  std::uint64_t used_bytes;
  std::uint64_t peak_bytes;
  io::ResidentMemory resident;
  std::uint64_t system_bytes;
};

// Notes the peak.
MemoryFigures ReadMemoryFigures(ServerState& server);
rusage ReadCpuFigures();

std::span<const figures::Figure<ServerState>> FactTable();
std::span<const figures::Figure<MemoryFigures>> MemoryFigureTable();
std::span<const figures::Figure<rusage>> CpuFigureTable();

}  // namespace kvs::server
