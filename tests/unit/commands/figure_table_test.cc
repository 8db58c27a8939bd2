// The tables of figures promise that their rows are whole, and docs/figures.md that it is made from them:
// KVS_UPDATE_DOCS=1 writes it. INFO promises the fields and the order that it has always had.
#include "commands/administration/figure_table.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "commands/administration/info.h"
#include "support/memory_engine.h"
#include "support/resp_client.h"
#include "support/served_connection.h"

namespace kvs::server {
namespace {

using figures::FigureKind;
using figures::FigureSpec;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

std::vector<const FigureSpec*> FiguresOf(std::string_view section) {
  std::multimap<int, const FigureSpec*> by_place;
  for (const FigureSpec* row : AllFigures()) {
    if (row->section == section) by_place.emplace(row->place, row);
  }
  std::vector<const FigureSpec*> rows;
  for (const auto& [place, row] : by_place) rows.push_back(row);
  return rows;
}

TEST(FigureTableTest, EachRowIsWholeAndEachNameIsThereOnce) {
  std::set<std::string_view> sections = {""};
  for (const InfoSection& section : InfoSections()) sections.insert(section.name);
  std::set<std::string_view> names;
  for (const FigureSpec* row : AllFigures()) {
    SCOPED_TRACE(row->name);
    EXPECT_TRUE(names.insert(row->name).second);
    EXPECT_TRUE(sections.contains(row->section)) << row->section;
    EXPECT_EQ(row->section.empty(), row->place == 0);
    EXPECT_TRUE(!row->section.empty() || row->is_in_kvs_stats);
    EXPECT_FALSE(row->help.empty() || row->help.ends_with('.'));
    EXPECT_TRUE(row->kind != FigureKind::kCounter || !row->unit.empty());
  }
}

TEST(FigureTableTest, NoTwoRowsHaveOnePlaceInASection) {
  std::set<std::pair<std::string_view, int>> places;
  for (const FigureSpec* row : AllFigures()) {
    if (row->section.empty()) continue;
    EXPECT_TRUE(places.emplace(row->section, row->place).second) << row->name;
  }
}

TEST(FigureTableTest, InfoKeepsItsFieldsAndTheirOrder) {
  test::MemoryEngine engine;
  ServerState state{engine};
  test::ServedConnection connection{state, kLimits};
  const auto call = [&](const std::vector<std::string>& words) {
    connection.Receive(test::RespCommand(words));
    std::string reply(connection.output());
    connection.Sent(reply.size());
    return reply;
  };
  call({"SET", "a", "1"});
  call({"GET"});
  std::istringstream lines(call({"INFO", "everything"}));
  std::string found;
  std::string line;
  std::getline(lines, line);  // The length of the reply.
  while (std::getline(lines, line)) {
    line.erase(std::min(line.find_first_of(":\r"), line.size()));
    if (!line.empty()) found += " " + line;
  }
  std::string expected;
  std::istringstream words(R"(
    # Server redis_version kvs_version redis_mode os arch_bits multiplexing_api process_id run_id tcp_port
        server_time_usec uptime_in_seconds uptime_in_days executable
    # Clients connected_clients maxclients blocked_clients tracking_clients pubsub_clients
    # Memory used_memory used_memory_human used_memory_rss used_memory_rss_human used_memory_peak
        used_memory_peak_human total_system_memory total_system_memory_human mem_clients_normal client_memory_limit
        maxmemory maxmemory_human maxmemory_policy mem_fragmentation_ratio mem_allocator
    # Persistence loading async_loading rdb_bgsave_in_progress rdb_last_save_time rdb_last_bgsave_status rdb_saves
        aof_enabled aof_rewrite_in_progress aof_last_bgrewrite_status aof_rewrites aof_last_write_status
        aof_current_size kvs_store_state kvs_store_error kvs_syncs kvs_failed_syncs
    # Stats total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes
        total_net_output_bytes instantaneous_input_kbps instantaneous_output_kbps rejected_connections expired_keys
        evicted_keys evicted_clients keyspace_hits keyspace_misses pubsub_channels pubsub_patterns
        pubsubshard_channels tracking_total_keys tracking_total_items tracking_total_prefixes total_error_replies
        total_reads_processed total_writes_processed acl_access_denied_auth kvs_dropped_clients
    # Replication role connected_slaves
    # CPU used_cpu_sys used_cpu_user
    # Commandstats cmdstat_get cmdstat_set
    # Errorstats errorstat_ERR
    # Latencystats latency_percentiles_usec_set
    # Cluster cluster_enabled
    # Keyspace db0
    # Kvs engine live_bytes disk_bytes segments index_bytes compactions written_bytes syncs clock_steps
    scrubbed_bytes damaged_segments)");
  const bool knows_used_memory = ::mallinfo2().arena > 0;  // The allocator of a sanitizer tells nothing.
  for (std::string word; words >> word;) {
    if (knows_used_memory || word != "mem_fragmentation_ratio") expected += " " + word;
  }
  EXPECT_EQ(found, expected);
}

TEST(FigureTableTest, KvsStatsKeepsItsFigures) {
  test::MemoryEngine engine;
  ServerState state{engine};
  test::ServedConnection connection{state, kLimits};
  connection.Receive(test::RespCommand({"SET", "a", "1"}) + test::RespCommand({"KVS.STATS"}));
  EXPECT_EQ(
      connection.output(),
      "+OK\r\n*18\r\n$6\r\nengine\r\n$6\r\nmemory\r\n$4\r\nkeys\r\n:1\r\n$10\r\nlive_bytes\r\n:0\r\n"
      "$10\r\ndisk_bytes\r\n:0\r\n$8\r\nsegments\r\n:0\r\n$11\r\nindex_bytes\r\n:0\r\n$11\r\ncompactions\r\n:0\r\n"
      "$13\r\nwritten_bytes\r\n:0\r\n$5\r\nsyncs\r\n:0\r\n");
}

std::string_view KindName(FigureKind kind) {
  switch (kind) {
    case FigureKind::kCounter: return "counter";
    case FigureKind::kGauge: return "gauge";
    case FigureKind::kFact: return "fact";
    case FigureKind::kRecord: return "record";
  }
  return "";
}

void WriteRow(const FigureSpec& row, std::ostream& page) {
  page << "| `" << row.name << '`';
  if (row.is_also_human) page << ", `" << row.name << "_human`";
  page << " | " << KindName(row.kind) << " | " << row.unit << " | " << (row.is_reset ? "yes" : "") << " | " << row.help
       << " |\n";
}

std::string FiguresPage() {
  constexpr std::string_view kHead =
      "| figure | kind | unit | reset | means |\n"
      "|---|---|---|---|---|\n";
  std::ostringstream page;
  page << "# The figures of kvs-server\n\n"
          "Made from the tables of figures (`src/*/*figure_table.cc`, `src/commands/administration`) by a test; do not "
          "edit.\n\n"
          "`INFO` has these fields, in this order. A counter grows, a gauge is what is so now, a fact is a text or a "
          "number that does not change, and a record holds several values. `CONFIG RESETSTAT` sets those to zero that "
          "have a \"yes\" under \"reset\".\n";
  for (const InfoSection& section : InfoSections()) {
    page << "\n## " << section.title << "\n\n";
    if (!section.is_default)
      page << "Only `INFO " << section.name << "`, `INFO all` and `INFO everything` have it.\n\n";
    page << kHead;
    for (const FigureSpec* row : FiguresOf(section.name)) WriteRow(*row, page);
  }
  page << "\n## KVS.STATS\n\n`KVS.STATS` replies with a map of these:";
  for (const FigureSpec* row : AllFigures()) {
    if (row->is_in_kvs_stats && !row->section.empty()) page << " `" << row->name << '`';
  }
  page << ". This figure is only there:\n\n" << kHead;
  for (const FigureSpec* row : FiguresOf("")) WriteRow(*row, page);
  return page.str();
}

TEST(FigureTableTest, TheDocumentationIsMadeFromIt) {
  const char* const update = std::getenv("KVS_UPDATE_DOCS");
  if (update != nullptr && std::string_view(update) == "1") std::ofstream(KVS_FIGURES_PAGE) << FiguresPage();
  std::ostringstream found;
  found << std::ifstream(KVS_FIGURES_PAGE).rdbuf();
  EXPECT_EQ(found.str(), FiguresPage()) << "run this test with KVS_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace kvs::server
