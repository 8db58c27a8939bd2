// The figures of net: those of the loops, and those of the memory of clients.
#pragma once

#include <span>

#include "figures/figure.h"
#include "net/memory/client_memory.h"
#include "net/net_figures.h"

namespace kvs::server {

std::span<const figures::Figure<NetFigures>> NetFigureTable();
std::span<const figures::Figure<ClientMemory>> ClientMemoryFigureTable();

}  // namespace kvs::server
