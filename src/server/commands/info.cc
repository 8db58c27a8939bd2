#include "server/commands/info.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>

#include "kvs/version.h"
#include "server/commands/figures.h"
#include "server/letters.h"

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

std::string SecondsText(const timeval& time) {
  char text[32];
  const int characters = std::snprintf(text, sizeof text, "%ld.%06ld", time.tv_sec, time.tv_usec);
  return {text, static_cast<std::size_t>(characters)};
}

void AddServer(Call& call, Lines& lines) {
  const std::int64_t uptime = Seconds(std::chrono::steady_clock::now() - call.server.started);
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  lines.Add("redis_version", kRedisVersion);
  lines.Add("kvs_version", kVersion);
  lines.Add("redis_mode", "standalone");
  lines.Add("os", "Linux");
  lines.Add("arch_bits", 64);
  lines.Add("multiplexing_api", "epoll");
  lines.Add("process_id", ::getpid());
  lines.Add("run_id", call.server.run_id);
  lines.Add("tcp_port", call.server.port);
  lines.Add("server_time_usec", std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count());
  lines.Add("uptime_in_seconds", uptime);
  lines.Add("uptime_in_days", uptime / 86'400);
  lines.Add("hz", 10);
  lines.Add("executable", "kvs-server");
  lines.Add("config_file", "");
}

void AddClients(Call& call, Lines& lines) {
  lines.Add("connected_clients", call.server.connections ? call.server.connections() : call.server.clients.size());
  lines.Add("maxclients", call.server.config.connections_max());
  std::size_t blocked = 0;
  call.server.clients.ForEach([&](const ClientState& client) {
    const bool waits = client.is_blocked.load(std::memory_order_relaxed) ||  // R1
                       client.is_paused.load(std::memory_order_relaxed);     // R1
    blocked += waits ? 1 : 0;
  });
  lines.Add("blocked_clients", blocked);
  lines.Add("tracking_clients", call.server.observation.tracking.counts().clients);
}

void AddMemory(Call& call, Lines& lines) {
  const Result<EngineStats> stats = call.server.engine.Stats();
  lines.Add("used_memory", stats ? stats->index_bytes : 0);
  lines.Add("used_memory_peak", PeakMemoryBytes());
  lines.Add("maxmemory", call.server.config.Get({"maxmemory"}).front().second);
  lines.Add("maxmemory_policy", call.server.config.Get({"maxmemory-policy"}).front().second);
  lines.Add("mem_fragmentation_ratio", "1.00");
  lines.Add("mem_allocator", "libc");
}

void AddPersistence(Call& call, Lines& lines) {
  const auto sync = call.server.background.ReportOf(Background::Job::kSync);
  const auto compaction = call.server.background.ReportOf(Background::Job::kCompaction);
  lines.Add("loading", 0);
  lines.Add("async_loading", 0);
  lines.Add("rdb_changes_since_last_save", 0);
  lines.Add("rdb_bgsave_in_progress", sync.is_under_way ? 1 : 0);
  lines.Add("rdb_last_save_time", call.server.background.last_sync_s());
  lines.Add("rdb_last_bgsave_status", sync.has_failed ? "err" : "ok");
  lines.Add("rdb_saves", sync.done);
  lines.Add("aof_enabled", 1);
  lines.Add("aof_rewrite_in_progress", compaction.is_under_way ? 1 : 0);
  lines.Add("aof_rewrite_scheduled", 0);
  lines.Add("aof_last_bgrewrite_status", compaction.has_failed ? "err" : "ok");
  lines.Add("aof_rewrites", compaction.done);
  lines.Add("aof_last_write_status", "ok");
}

void AddStats(Call& call, Lines& lines) {
  const TurnCounts counts = call.server.stats.Sum();
  const Result<EngineStats> engine = call.server.engine.Stats();
  lines.Add("total_connections_received", call.server.clients.entered());
  lines.Add("total_commands_processed", counts.commands);
  lines.Add("instantaneous_ops_per_sec", 0);
  lines.Add("rejected_connections", call.server.stats.refused_connections());
  lines.Add("sync_full", 0);
  lines.Add("expired_keys", call.server.stats.ExpiredKeys(engine ? engine->expired : 0));
  lines.Add("evicted_keys", 0);
  lines.Add("keyspace_hits", counts.hits);
  lines.Add("keyspace_misses", counts.misses);
  lines.Add("pubsub_channels", call.server.pub_sub.CountNames(Subscription::kChannel));
  lines.Add("pubsub_patterns", call.server.pub_sub.CountNames(Subscription::kPattern));
  lines.Add("pubsubshard_channels", call.server.pub_sub.CountNames(Subscription::kShardChannel));
  const Tracking::Counts tracking = call.server.observation.tracking.counts();
  lines.Add("tracking_total_keys", tracking.keys);
  lines.Add("tracking_total_items", tracking.items);
  lines.Add("tracking_total_prefixes", tracking.prefixes);
  lines.Add("latest_fork_usec", 0);
  lines.Add("total_forks", 0);
  lines.Add("total_error_replies", counts.errors);
}

void AddReplication(Call& call, Lines& lines) {
  lines.Add("role", "master");
  lines.Add("connected_slaves", 0);
  lines.Add("master_failover_state", "no-failover");
  lines.Add("master_replid", call.server.run_id);
  lines.Add("master_repl_offset", 0);
  lines.Add("repl_backlog_active", 0);
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
  if (count && *count > 0) lines.Add("db0", "keys=" + std::to_string(*count) + ",expires=0,avg_ttl=0");
}

void AddKvs(Call& call, Lines& lines) {
  lines.Add("engine", call.server.engine.Name());
  const Result<EngineStats> stats = call.server.engine.Stats();
  if (!stats) return;
  lines.Add("live_bytes", stats->live_bytes);
  lines.Add("disk_bytes", stats->disk_bytes);
  lines.Add("segments", stats->segments);
  lines.Add("index_bytes", stats->index_bytes);
  lines.Add("compactions", stats->compactions);
  lines.Add("written_bytes", stats->written_bytes);
  lines.Add("syncs", stats->syncs);
}

struct Section {
  std::string_view name;
  std::string_view title;
  void (*add)(Call& call, Lines& lines);
};
constexpr auto kSections = std::to_array<Section>({{"server", "Server", AddServer},
                                                   {"clients", "Clients", AddClients},
                                                   {"memory", "Memory", AddMemory},
                                                   {"persistence", "Persistence", AddPersistence},
                                                   {"stats", "Stats", AddStats},
                                                   {"replication", "Replication", AddReplication},
                                                   {"cpu", "CPU", AddCpu},
                                                   {"cluster", "Cluster", AddCluster},
                                                   {"keyspace", "Keyspace", AddKeyspace},
                                                   {"kvs", "Kvs", AddKvs}});

bool IsAskedFor(const Call& call, const Section& section) {
  if (call.size() == 1) return true;
  const auto asked = call.arguments.subspan(1);
  return std::any_of(asked.begin(), asked.end(), [&](std::string_view word) {
    return IsWord(word, section.name) || IsWord(word, "all") || IsWord(word, "everything") || IsWord(word, "default");
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
