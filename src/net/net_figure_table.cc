#include "net/net_figure_table.h"

#include <array>

namespace kvs::server {
namespace {

using figures::FigureKind;
using figures::Of;

constexpr auto kNet = std::to_array<figures::Figure<NetFigures>>({
    {{.name = "connected_clients",
      .kind = FigureKind::kGauge,
      .unit = "clients",
      .section = "clients",
      .place = 1,
      .help = "Open connections"},
     Of<&NetFigures::open_clients>},
    {{.name = "total_connections_received",
      .kind = FigureKind::kCounter,
      .unit = "clients",
      .section = "stats",
      .place = 1,
      .is_reset = true,
      .help = "Connections that were accepted"},
     Of<&NetFigures::clients>},
    {{.name = "total_net_input_bytes",
      .kind = FigureKind::kCounter,
      .unit = "bytes",
      .section = "stats",
      .place = 4,
      .is_reset = true,
      .help = "Bytes received from clients"},
     Of<&NetFigures::received_bytes>},
    {{.name = "total_net_output_bytes",
      .kind = FigureKind::kCounter,
      .unit = "bytes",
      .section = "stats",
      .place = 5,
      .is_reset = true,
      .help = "Bytes sent to clients"},
     Of<&NetFigures::sent_bytes>},
    {{.name = "rejected_connections",
      .kind = FigureKind::kCounter,
      .unit = "clients",
      .section = "stats",
      .place = 8,
      .is_reset = true,
      .help = "Connections refused on arrival, because of maxclients or for want of descriptors"},
     Of<&NetFigures::refused_clients>},
    {{.name = "total_reads_processed",
      .kind = FigureKind::kCounter,
      .unit = "reads",
      .section = "stats",
      .place = 21,
      .is_reset = true,
      .help = "Reads from sockets that brought bytes"},
     Of<&NetFigures::receives>},
    {{.name = "total_writes_processed",
      .kind = FigureKind::kCounter,
      .unit = "writes",
      .section = "stats",
      .place = 22,
      .is_reset = true,
      .help = "Writes to sockets that took bytes"},
     Of<&NetFigures::sends>},
    {{.name = "kvs_dropped_clients",
      .kind = FigureKind::kCounter,
      .unit = "clients",
      .section = "stats",
      .place = 24,
      .is_reset = true,
      .help = "Connections closed because the client took its answers too slowly or needed too much memory"},
     Of<&NetFigures::dropped_clients>},
});

constexpr auto kClientMemory = std::to_array<figures::Figure<ClientMemory>>({
    {{.name = "mem_clients_normal",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "memory",
      .place = 5,
      .help = "Memory of all clients together, in steps of 16 KiB per client"},
     Of<&ClientMemory::used>},
    {{.name = "client_memory_limit",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "memory",
      .place = 6,
      .help = "The limit of that memory, from client-memory-limit; 0: none"},
     Of<&ClientMemory::limit>},
    {{.name = "evicted_clients",
      .kind = FigureKind::kCounter,
      .unit = "clients",
      .section = "stats",
      .place = 11,
      .help = "Clients closed to make room for the memory of others"},
     Of<&ClientMemory::evicted>},
});

}  // namespace

std::span<const figures::Figure<NetFigures>> NetFigureTable() { return kNet; }
std::span<const figures::Figure<ClientMemory>> ClientMemoryFigureTable() { return kClientMemory; }

}  // namespace kvs::server
