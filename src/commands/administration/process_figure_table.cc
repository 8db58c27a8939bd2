#include "commands/administration/process_figure_table.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "commands/administration/figures.h"
#include "commands/table/command.h"
#include "kvs/version.h"
#include "service/service_figure_table.h"

namespace kvs::server {
namespace {

using figures::FigureKind;
using figures::FigureValue;
using figures::Of;

std::int64_t UptimeSeconds(const ServerState& server) {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - server.started).count();
}

std::int64_t UnixMicroseconds() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count();
}

FigureValue SecondsOf(const timeval& time) {
  return FigureValue(static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1'000'000, 6);
}

template <int kNumber>
FigureValue Always(const ServerState&) {
  return kNumber;
}

constexpr auto kFacts = std::to_array<figures::Figure<ServerState>>({
    {{.name = "redis_version",
      .kind = FigureKind::kFact,
      .section = "server",
      .place = 1,
      .help = "The version of Redis whose commands and replies are to be expected"},
     [](const ServerState&) -> FigureValue { return kRedisVersion; }},
    {{.name = "kvs_version", .kind = FigureKind::kFact, .section = "server", .place = 2, .help = "The version of kvs"},
     [](const ServerState&) -> FigureValue { return kVersion; }},
    {{.name = "redis_mode",
      .kind = FigureKind::kFact,
      .section = "server",
      .place = 3,
      .help = "standalone: there is no cluster"},
     [](const ServerState&) -> FigureValue { return "standalone"; }},
    {{.name = "os", .kind = FigureKind::kFact, .section = "server", .place = 4, .help = "The operating system"},
     [](const ServerState&) -> FigureValue { return io::SystemName(); }},
    {{.name = "arch_bits",
      .kind = FigureKind::kFact,
      .unit = "bits",
      .section = "server",
      .place = 5,
      .help = "The size of a pointer"},
     [](const ServerState&) -> FigureValue { return 8 * sizeof(void*); }},
    {{.name = "multiplexing_api",
      .kind = FigureKind::kFact,
      .section = "server",
      .place = 6,
      .help = "How the event loops wait"},
     [](const ServerState&) -> FigureValue { return "epoll"; }},
    {{.name = "process_id", .kind = FigureKind::kFact, .section = "server", .place = 7, .help = "The process"},
     [](const ServerState&) -> FigureValue { return ::getpid(); }},
    {{.name = "run_id",
      .kind = FigureKind::kFact,
      .section = "server",
      .place = 8,
      .help = "40 hexadecimal digits, drawn at random at each start"},
     Of<&ServerState::run_id>},
    {{.name = "tcp_port", .kind = FigureKind::kFact, .section = "server", .place = 9, .help = "The port without TLS"},
     Of<&ServerState::port>},
    {{.name = "server_time_usec",
      .kind = FigureKind::kGauge,
      .unit = "us",
      .section = "server",
      .place = 10,
      .help = "The time since 1970"},
     [](const ServerState&) -> FigureValue { return UnixMicroseconds(); }},
    {{.name = "uptime_in_seconds",
      .kind = FigureKind::kGauge,
      .unit = "s",
      .section = "server",
      .place = 11,
      .help = "The time since the start"},
     [](const ServerState& server) -> FigureValue { return UptimeSeconds(server); }},
    {{.name = "uptime_in_days",
      .kind = FigureKind::kGauge,
      .unit = "days",
      .section = "server",
      .place = 12,
      .help = "The same in whole days"},
     [](const ServerState& server) -> FigureValue { return UptimeSeconds(server) / 86'400; }},
    {{.name = "executable",
      .kind = FigureKind::kFact,
      .section = "server",
      .place = 13,
      .help = "The path of the program"},
     [](const ServerState&) -> FigureValue { return io::ExecutablePath(); }},
    {{.name = "maxmemory",
      .kind = FigureKind::kFact,
      .unit = "bytes",
      .section = "memory",
      .place = 7,
      .is_also_human = true,
      .help = "0, whatever CONFIG SET has been told: pairs have no limit of memory"},
     Always<0>},
    {{.name = "maxmemory_policy",
      .kind = FigureKind::kFact,
      .section = "memory",
      .place = 8,
      .help = "noeviction: no pair is removed to save memory"},
     [](const ServerState&) -> FigureValue { return "noeviction"; }},
    {{.name = "mem_allocator", .kind = FigureKind::kFact, .section = "memory", .place = 10, .help = "The allocator"},
     [](const ServerState&) -> FigureValue { return "libc"; }},
    {{.name = "loading",
      .kind = FigureKind::kFact,
      .section = "persistence",
      .place = 1,
      .help = "0: the store is open before the server listens"},
     Always<0>},
    {{.name = "async_loading",
      .kind = FigureKind::kFact,
      .section = "persistence",
      .place = 2,
      .help = "0, as loading"},
     Always<0>},
    {{.name = "aof_enabled",
      .kind = FigureKind::kFact,
      .section = "persistence",
      .place = 7,
      .help = "1: each write is appended to a log"},
     Always<1>},
    {{.name = "evicted_keys",
      .kind = FigureKind::kFact,
      .unit = "keys",
      .section = "stats",
      .place = 10,
      .help = "0: no pair is removed to save memory"},
     Always<0>},
    {{.name = "role",
      .kind = FigureKind::kFact,
      .section = "replication",
      .place = 1,
      .help = "master: there is no replication, and clients look here for a master"},
     [](const ServerState&) -> FigureValue { return "master"; }},
    {{.name = "connected_slaves",
      .kind = FigureKind::kFact,
      .section = "replication",
      .place = 2,
      .help = "0: there is no replication"},
     Always<0>},
    {{.name = "cluster_enabled",
      .kind = FigureKind::kFact,
      .section = "cluster",
      .place = 1,
      .help = "0: there is no cluster"},
     Always<0>},
    {{.name = "engine",
      .kind = FigureKind::kFact,
      .section = "kvs",
      .place = 1,
      .is_in_kvs_stats = true,
      .help = "The name of the engine: kvs, sled or rocksdb"},
     [](const ServerState& server) -> FigureValue { return server.engine.Name(); }},
});

constexpr auto kMemory = std::to_array<figures::Figure<MemoryFigures>>({
    {{.name = "used_memory",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "memory",
      .place = 1,
      .is_also_human = true,
      .help = "What the process has allocated, and the private memory of the index"},
     Of<&MemoryFigures::used_bytes>},
    {{.name = "used_memory_rss",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "memory",
      .place = 2,
      .is_also_human = true,
      .help = "Resident memory of the process, pages of mapped files included"},
     [](const MemoryFigures& figures) -> FigureValue { return figures.resident.bytes; }},
    {{.name = "used_memory_peak",
      .kind = FigureKind::kGauge,
      .unit = "bytes",
      .section = "memory",
      .place = 3,
      .is_reset = true,
      .is_also_human = true,
      .help = "The greatest used_memory that INFO has found"},
     Of<&MemoryFigures::peak_bytes>},
    {{.name = "total_system_memory",
      .kind = FigureKind::kFact,
      .unit = "bytes",
      .section = "memory",
      .place = 4,
      .is_also_human = true,
      .help = "The memory of the machine"},
     Of<&MemoryFigures::system_bytes>},
    {{.name = "mem_fragmentation_ratio",
      .kind = FigureKind::kGauge,
      .section = "memory",
      .place = 9,
      .help = "Resident memory without pages of files, divided by used_memory"},
     [](const MemoryFigures& figures) {
       if (figures.used_bytes == 0) return FigureValue();
       const auto& resident = figures.resident;
       const std::uint64_t private_bytes = resident.bytes - std::min(resident.bytes, resident.file_bytes);
       return FigureValue(static_cast<double>(private_bytes) / static_cast<double>(figures.used_bytes), 2);
     }},
});

constexpr auto kCpu = std::to_array<figures::Figure<rusage>>({
    {{.name = "used_cpu_sys",
      .kind = FigureKind::kCounter,
      .unit = "s",
      .section = "cpu",
      .place = 1,
      .help = "CPU time that the process has spent in the kernel"},
     [](const rusage& usage) { return SecondsOf(usage.ru_stime); }},
    {{.name = "used_cpu_user",
      .kind = FigureKind::kCounter,
      .unit = "s",
      .section = "cpu",
      .place = 2,
      .help = "CPU time that the process has spent outside the kernel"},
     [](const rusage& usage) { return SecondsOf(usage.ru_utime); }},
});

}  // namespace

MemoryFigures ReadMemoryFigures(ServerState& server) {
  const std::uint64_t used_bytes = UsedMemoryBytes(ReadEngineFigures(server));
  return {.used_bytes = used_bytes,
          .peak_bytes = server.stats.NoteUsedMemory(used_bytes),
          .resident = io::ReadResidentMemory(),
          .system_bytes = io::SystemMemoryBytes()};
}

rusage ReadCpuFigures() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

std::span<const figures::Figure<ServerState>> FactTable() { return kFacts; }
std::span<const figures::Figure<MemoryFigures>> MemoryFigureTable() { return kMemory; }
std::span<const figures::Figure<rusage>> CpuFigureTable() { return kCpu; }

}  // namespace kvs::server
