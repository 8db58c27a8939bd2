#include "commands/administration/info.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/letters.h"
#include "commands/administration/figures.h"
#include "commands/table/command_table.h"
#include "io/process_figures.h"
#include "kvs/function_ref.h"
#include "kvs/version.h"

namespace kvs::server {
namespace {

// The lines of one section.
class Lines {
 public:
  void Add(std::string_view name, std::string_view value) {
    text_ += name;
    text_ += ':';
    text_ += value;
    text_ += "\r\n";
  }
  void Add(std::string_view name, const char* value) { Add(name, std::string_view(value)); }
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void Add(std::string_view name, Number number) { Add(name, std::string_view(std::to_string(number))); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::int64_t Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

std::string Decimals(double number, int decimals) {
  char text[64];
  const int characters = std::snprintf(text, sizeof text, "%.*f", decimals, number);
  return {text, static_cast<std::size_t>(characters)};
}

// Zeros where the engine cannot tell.
EngineStats StatsOf(Call& call) { return call.server.engine.Stats().value_or(EngineStats{}); }

std::string SecondsText(const timeval& time) {
  char text[32];
  const int characters = std::snprintf(text, sizeof text, "%ld.%06ld", time.tv_sec, time.tv_usec);
  return {text, static_cast<std::size_t>(characters)};
}

// As Redis writes sizes for people.
std::string BytesText(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "BKMGTP";
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1'024 && unit + 1 < kUnits.size(); ++unit) size /= 1'024;
  return (unit == 0 ? std::to_string(bytes) : Decimals(size, 2)) + kUnits[unit];
}

void AddServer(Call& call, Lines& lines) {
  const std::int64_t uptime = Seconds(std::chrono::steady_clock::now() - call.server.started);
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  lines.Add("redis_version", kRedisVersion);
  lines.Add("kvs_version", kVersion);
  lines.Add("redis_mode", "standalone");
  lines.Add("os", io::SystemName());
  lines.Add("arch_bits", 8 * sizeof(void*));
  lines.Add("multiplexing_api", "epoll");
  lines.Add("process_id", ::getpid());
  lines.Add("run_id", call.server.run_id);
  lines.Add("tcp_port", call.server.port);
  lines.Add("server_time_usec", std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count());
  lines.Add("uptime_in_seconds", uptime);
  lines.Add("uptime_in_days", uptime / 86'400);
  lines.Add("executable", io::ExecutablePath());
}

void AddClients(Call& call, Lines& lines) {
  lines.Add("connected_clients", call.server.net.open_clients());
  lines.Add("maxclients", call.server.config.connections_max());
  std::size_t blocked = 0;
  std::size_t subscribed = 0;
  call.server.clients.ForEach([&](const ClientState& client) {
    const bool waits = client.is_blocked.load(std::memory_order_relaxed) ||  // R1
                       client.is_paused.load(std::memory_order_relaxed);     // R1
    blocked += waits ? 1 : 0;
    subscribed += client.has_subscriptions() ? 1 : 0;
  });
  lines.Add("blocked_clients", blocked);
  lines.Add("tracking_clients", call.server.observation.tracking.counts().clients);
  lines.Add("pubsub_clients", subscribed);
}

// No limit is kept, whatever CONFIG SET has been told.
void AddMemory(Call& call, Lines& lines) {
  const EngineStats stats = StatsOf(call);
  const std::uint64_t used = UsedMemoryBytes(stats);
  const std::uint64_t peak = call.server.stats.NoteUsedMemory(used);
  const io::ResidentMemory resident = io::ReadResidentMemory();
  const std::uint64_t system_bytes = io::SystemMemoryBytes();
  lines.Add("used_memory", used);
  lines.Add("used_memory_human", BytesText(used));
  lines.Add("used_memory_rss", resident.bytes);
  lines.Add("used_memory_rss_human", BytesText(resident.bytes));
  lines.Add("used_memory_peak", peak);
  lines.Add("used_memory_peak_human", BytesText(peak));
  lines.Add("total_system_memory", system_bytes);
  lines.Add("total_system_memory_human", BytesText(system_bytes));
  lines.Add("mem_clients_normal", call.server.client_memory.used());
  lines.Add("client_memory_limit", call.server.client_memory.limit());
  lines.Add("maxmemory", 0);
  lines.Add("maxmemory_human", "0B");
  lines.Add("maxmemory_policy", "noeviction");
  const std::uint64_t private_bytes = resident.bytes - std::min(resident.bytes, resident.file_bytes);
  if (used > 0)
    lines.Add("mem_fragmentation_ratio", Decimals(static_cast<double>(private_bytes) / static_cast<double>(used), 2));
  lines.Add("mem_allocator", "libc");
}

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

void AddPersistence(Call& call, Lines& lines) {
  const auto sync = call.server.background.ReportOf(Background::Job::kSync);
  const auto compaction = call.server.background.ReportOf(Background::Job::kCompaction);
  const EngineStats stats = StatsOf(call);
  const std::optional<Error> fault = call.server.WriteFault(stats);
  lines.Add("loading", 0);
  lines.Add("async_loading", 0);
  lines.Add("rdb_bgsave_in_progress", sync.is_under_way ? 1 : 0);
  lines.Add("rdb_last_save_time", call.server.background.last_sync_s());
  lines.Add("rdb_last_bgsave_status", sync.has_failed ? "err" : "ok");
  lines.Add("rdb_saves", sync.done);
  lines.Add("aof_enabled", 1);
  lines.Add("aof_rewrite_in_progress", compaction.is_under_way ? 1 : 0);
  lines.Add("aof_last_bgrewrite_status", compaction.has_failed ? "err" : "ok");
  lines.Add("aof_rewrites", compaction.done);
  lines.Add("aof_last_write_status", fault ? "err" : "ok");
  lines.Add("aof_current_size", stats.disk_bytes);
  lines.Add("kvs_store_state", StoreState(fault));
  lines.Add("kvs_store_error", fault ? OneLine(fault->ToString()) : "");
  lines.Add("kvs_syncs", stats.syncs);
  lines.Add("kvs_failed_syncs", call.server.stats.failed_syncs() + sync.failed);
}

void AddStats(Call& call, Lines& lines) {
  const ServerStats& stats = call.server.stats;
  const NetFigures& net = call.server.net;
  const ServerStats::Sums sums = stats.Sum();
  const Rates::PerSecond rates = stats.RatesAt(std::chrono::steady_clock::now());
  lines.Add("total_connections_received", net.clients());
  lines.Add("total_commands_processed", sums.commands);
  lines.Add("instantaneous_ops_per_sec", static_cast<std::uint64_t>(rates.commands));
  lines.Add("total_net_input_bytes", net.received_bytes());
  lines.Add("total_net_output_bytes", net.sent_bytes());
  lines.Add("instantaneous_input_kbps", Decimals(rates.input_bytes / 1'024, 2));
  lines.Add("instantaneous_output_kbps", Decimals(rates.output_bytes / 1'024, 2));
  lines.Add("rejected_connections", net.refused_clients());
  lines.Add("expired_keys", stats.ExpiredKeys(StatsOf(call).expired));
  lines.Add("evicted_keys", 0);
  lines.Add("evicted_clients", call.server.client_memory.evicted());
  lines.Add("keyspace_hits", sums.hits);
  lines.Add("keyspace_misses", sums.misses);
  lines.Add("pubsub_channels", call.server.pub_sub.CountNames(Subscription::kChannel));
  lines.Add("pubsub_patterns", call.server.pub_sub.CountNames(Subscription::kPattern));
  lines.Add("pubsubshard_channels", call.server.pub_sub.CountNames(Subscription::kShardChannel));
  const Tracking::Counts tracking = call.server.observation.tracking.counts();
  lines.Add("tracking_total_keys", tracking.keys);
  lines.Add("tracking_total_items", tracking.items);
  lines.Add("tracking_total_prefixes", tracking.prefixes);
  lines.Add("total_error_replies", sums.errors);
  lines.Add("total_reads_processed", net.receives());
  lines.Add("total_writes_processed", net.sends());
  lines.Add("acl_access_denied_auth", stats.failed_auths());
  lines.Add("kvs_dropped_clients", net.dropped_clients());
}

// There is no replication: this is what a client looks for to find a master.
void AddReplication(Call&, Lines& lines) {
  lines.Add("role", "master");
  lines.Add("connected_slaves", 0);
}

void AddCpu(Call&, Lines& lines) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  lines.Add("used_cpu_sys", SecondsText(usage.ru_stime));
  lines.Add("used_cpu_user", SecondsText(usage.ru_utime));
}

void AddCluster(Call&, Lines& lines) { lines.Add("cluster_enabled", 0); }

void AddKeyspace(Call& call, Lines& lines) {
  const Result<std::uint64_t> count = call.keys.Count();
  if (!count || *count == 0) return;
  lines.Add("db0", "keys=" + std::to_string(*count) + ",expires=" + std::to_string(StatsOf(call).expiring));
}

void AddKvs(Call& call, Lines& lines) {
  lines.Add("engine", call.server.engine.Name());
  const EngineStats stats = StatsOf(call);
  lines.Add("live_bytes", stats.live_bytes);
  lines.Add("disk_bytes", stats.disk_bytes);
  lines.Add("segments", stats.segments);
  lines.Add("index_bytes", stats.index_bytes);
  lines.Add("compactions", stats.compactions);
  lines.Add("written_bytes", stats.written_bytes);
  lines.Add("syncs", stats.syncs);
  lines.Add("clock_steps", stats.clock_steps);
}

void ForEachCommand(Call& call, FunctionRef<void(std::string_view name, const CommandStats::Totals& totals)> visit) {
  for (std::size_t number = 0; number < Commands().size(); ++number) {
    visit(Commands().OfNumber(number).full_name, call.server.stats.commands.Of(number));
  }
}

void AddCommandStats(Call& call, Lines& lines) {
  ForEachCommand(call, [&](std::string_view name, const CommandStats::Totals& totals) {
    if (totals.calls == 0 && totals.rejected == 0) return;
    const double us = static_cast<double>(totals.ns) / 1'000;
    lines.Add("cmdstat_" + std::string(name),
              "calls=" + std::to_string(totals.calls) + ",usec=" + std::to_string(totals.ns / 1'000) +
                  ",usec_per_call=" + Decimals(totals.calls == 0 ? 0 : us / static_cast<double>(totals.calls), 2) +
                  ",rejected_calls=" + std::to_string(totals.rejected) +
                  ",failed_calls=" + std::to_string(totals.failed));
  });
}

void AddErrorStats(Call& call, Lines& lines) {
  for (const auto& [kind, replies] : call.server.stats.error_kinds()) {
    lines.Add("errorstat_" + kind, "count=" + std::to_string(replies));
  }
}

void AddLatencyStats(Call& call, Lines& lines) {
  ForEachCommand(call, [&](std::string_view name, const CommandStats::Totals& totals) {
    if (totals.durations.Sum() == 0) return;
    const auto us = [&](double percent) { return Decimals(totals.durations.PercentileNs(percent) / 1'000, 3); };
    lines.Add("latency_percentiles_usec_" + std::string(name),
              "p50=" + us(50) + ",p99=" + us(99) + ",p99.9=" + us(99.9));
  });
}

struct Section {
  std::string_view name;
  std::string_view title;
  void (*add)(Call& call, Lines& lines);
  bool is_default = true;  // Otherwise it comes when it is asked for, or all are.
};
constexpr auto kSections = std::to_array<Section>({{"server", "Server", AddServer},
                                                   {"clients", "Clients", AddClients},
                                                   {"memory", "Memory", AddMemory},
                                                   {"persistence", "Persistence", AddPersistence},
                                                   {"stats", "Stats", AddStats},
                                                   {"replication", "Replication", AddReplication},
                                                   {"cpu", "CPU", AddCpu},
                                                   {"commandstats", "Commandstats", AddCommandStats, false},
                                                   {"errorstats", "Errorstats", AddErrorStats},
                                                   {"latencystats", "Latencystats", AddLatencyStats, false},
                                                   {"cluster", "Cluster", AddCluster},
                                                   {"keyspace", "Keyspace", AddKeyspace},
                                                   {"kvs", "Kvs", AddKvs}});

bool IsAskedFor(const Call& call, const Section& section) {
  if (call.size() == 1) return section.is_default;
  const auto asked = call.arguments.subspan(1);
  return std::any_of(asked.begin(), asked.end(), [&](std::string_view word) {
    return base::IsWord(word, section.name) || base::IsWord(word, "all") || base::IsWord(word, "everything") ||
           (section.is_default && base::IsWord(word, "default"));
  });
}

}  // namespace

void Info(Call& call) {
  std::string text;
  for (const Section& section : kSections) {
    if (!IsAskedFor(call, section)) continue;
    Lines lines;
    section.add(call, lines);
    if (!text.empty()) text += "\r\n";
    text += "# " + std::string(section.title) + "\r\n" + lines.text();
  }
  call.reply.Verbatim(text);
}

}  // namespace kvs::server
