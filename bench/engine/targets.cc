#include "targets.h"

#include <algorithm>
#include <optional>

#include "lookup.h"

namespace kvs::bench {
namespace {

class Judge {
 public:
  explicit Judge(const Results& results) : results_(results), sets_(FindDataSets(results)) {}

  std::vector<TargetRow> Rows() {
    Points();
    Scans();
    Durable();
    Opening();
    Space();
    Ratio("1 kB values: load, CPU", "of lmdb", 0.3, sets_.large_values, "load", "cpu_us", "lmdb");
    Ratio("1 kB values: get, CPU", "of lmdb", 0.65, sets_.large_values, "get", "cpu_us", "lmdb");
    Ratio("1 kB values: get, 2 threads, CPU", "of lmdb", 0.65, sets_.large_values, "get/2", "cpu_us", "lmdb");
    Ratio("1 kB values: YCSB A, CPU", "of lmdb", 0.25, sets_.large_values, "ycsb-a", "cpu_us", "lmdb");
    Scale();
    return std::move(rows_);
  }

 private:
  void Points() {
    Ratio("load, CPU", "of lmdb", 0.25, sets_.main, "load", "cpu_us", "lmdb");
    Ratio("load, CPU", "of leveldb", 0.13, sets_.main, "load", "cpu_us", "leveldb");
    Ratio("load, CPU", "of rocksdb", 0.10, sets_.main, "load", "cpu_us", "rocksdb");
    Ratio("get, CPU", "of lmdb", 0.40, sets_.main, "get", "cpu_us", "lmdb");
    Ratio("get, 2 threads, CPU", "of lmdb", 0.40, sets_.main, "get/2", "cpu_us", "lmdb");
    AddRatio("get, CPU with 2 threads", "of kvs with 1", 1.05, RatioTo(sets_.main, "get/2", "cpu_us", "kvs", "get"));
    AddRatio("get of 16 at once, CPU per key", "of lmdb's get", 0.10,
             RatioTo(sets_.main, "mget16", "cpu_us", "lmdb", "get"));
    BestPeer("YCSB A, CPU", 0.20, sets_.main, "ycsb-a");
    BestPeer("YCSB A, 2 threads, CPU", 0.15, sets_.main, "ycsb-a/2");
    Ratio("YCSB B, CPU", "of lmdb", 0.40, sets_.main, "ycsb-b", "cpu_us", "lmdb");
    Ratio("YCSB B, 2 threads, CPU", "of lmdb", 0.40, sets_.main, "ycsb-b/2", "cpu_us", "lmdb");
  }

  void Scans() {
    for (const std::string scan : {"scan100", "fullscan"}) {
      const std::string name = scan == "scan100" ? "scan of 100" : "full scan";
      Ratio(name + ", fresh log, CPU", "of lmdb", 0.8, sets_.main, scan, "cpu_us", "lmdb");
      Ratio(name + ", after compaction, CPU", "of lmdb", 0.5, sets_.main, scan + " compacted", "cpu_us", "lmdb");
    }
  }

  void Durable() {
    DurableRow("durable", "1 writer", 0.95, 1.2);
    DurableRow("durable/8", "8 writers", 0.92, 1.6);
    DurableRow("durable/32", "32 writers", 0.85, 2.4);
  }

  void DurableRow(const std::string& workload, const std::string& writers, double of_raw, double of_peers) {
    const std::string what = "durable set, " + writers + ", rate";
    if (const auto ratio = RatioTo(sets_.durable, workload, "ops_per_s", "raw", workload)) {
      rows_.push_back({what, "of the raw limit", of_raw, true, *ratio});
    }
    const auto peers = Peers(sets_.durable, workload, "ops_per_s");
    if (peers.empty()) return;
    const std::string best = std::ranges::max_element(peers, {}, &std::pair<std::string, double>::second)->first;
    if (const auto ratio = RatioTo(sets_.durable, workload, "ops_per_s", best, workload)) {
      rows_.push_back({what, "of the best peer (" + best + ")", of_peers, true, *ratio});
    }
  }

  void Opening() {
    Value("reopen after a clean stop", "ms", 20, sets_.main, "reopen clean", "wall_ms");
    Value("reopen after SIGKILL, 46 MB written", "ms", 250, sets_.main, "reopen killed", "wall_ms");
    Value("reopen with no saved index", "ms", 1500, sets_.main, "reopen unindexed", "wall_ms");
    Value("index memory", "bytes a key", 16, sets_.main, "load", "index_per_key");
    Value("all private memory", "bytes a key", 24, sets_.main, "load", "anonymous_per_key");
  }

  void Space() {
    Value("disk after load", "of user bytes", 1.14, sets_.main, "load", "disk_per_user");
    Value("disk while overwriting, peak", "of user bytes", 1.43, sets_.overwritten, "overwrite", "disk_peak_per_user");
    Value("written while loading", "of user bytes", 1.14, sets_.main, "load", "written_per_user");
    Value("written while overwriting", "of user bytes", 2.4, sets_.overwritten, "overwrite", "written_per_user");
    const auto plain = Kvs(sets_.under_writes_plain, "tail", "p999_us");
    if (const auto compacting = Kvs(sets_.under_writes, "tail", "p999_us"); plain && compacting) {
      rows_.push_back({"p99.9 of get under writes, compacting", "of that without", 2, false, *compacting / *plain});
    }
  }

  // If the large data set is larger than ten million keys, that of ten million is measured as well.
  void Scale() {
    const std::string small = "10M keys of 100 B";
    if (sets_.main == small) return;
    for (const auto& [workload, goal] : {std::pair{"get", 1.6}, std::pair{"load", 1.3}}) {
      const auto large = Kvs(sets_.main, workload, "cpu_us");
      const auto tenth = Kvs(small, workload, "cpu_us");
      if (large && tenth)
        rows_.push_back({std::string(workload) + ", CPU", "of that at 10M keys", goal, false, *large / *tenth});
    }
  }

  // The cost of kvs, as a ratio to that of `peer` for `peer_workload`.
  std::optional<double> RatioTo(const std::string& data_set, const std::string& workload, const std::string& figure,
                                const std::string& peer, const std::string& peer_workload) const {
    return RatioOf(results_, {data_set, workload, "kvs", figure}, {data_set, peer_workload, peer, figure});
  }

  void AddRatio(const std::string& what, const std::string& measure, double goal, std::optional<double> ratio) {
    if (ratio) rows_.push_back({what, measure, goal, false, *ratio});
  }

  std::optional<double> Kvs(const std::string& data_set, const std::string& workload, const std::string& figure) const {
    return MedianOf(results_, {data_set, workload, "kvs", figure});
  }

  void Value(const std::string& what, const std::string& measure, double goal, const std::string& data_set,
             const std::string& workload, const std::string& figure) {
    if (const auto own = Kvs(data_set, workload, figure)) rows_.push_back({what, measure, goal, false, *own});
  }

  void Ratio(const std::string& what, const std::string& measure, double goal, const std::string& data_set,
             const std::string& workload, const std::string& figure, const std::string& peer) {
    AddRatio(what, measure, goal, RatioTo(data_set, workload, figure, peer, workload));
  }

  void BestPeer(const std::string& what, double goal, const std::string& data_set, const std::string& workload) {
    const auto peers = Peers(data_set, workload, "cpu_us");
    if (peers.empty()) return;
    const std::string best = std::ranges::min_element(peers, {}, &std::pair<std::string, double>::second)->first;
    AddRatio(what, "of the best peer (" + best + ")", goal, RatioTo(data_set, workload, "cpu_us", best, workload));
  }

  std::vector<std::pair<std::string, double>> Peers(const std::string& data_set, const std::string& workload,
                                                    const std::string& figure) const {
    std::vector<std::pair<std::string, double>> peers;
    for (const std::string& engine : EngineNames()) {
      if (engine == "kvs" || IsFloor(engine)) continue;
      if (const auto value = MedianOf(results_, {data_set, workload, engine, figure}))
        peers.emplace_back(engine, *value);
    }
    return peers;
  }

  const Results& results_;
  const DataSets sets_;
  std::vector<TargetRow> rows_;
};

}  // namespace

std::vector<TargetRow> JudgeTargets(const Results& results) { return Judge(results).Rows(); }

}  // namespace kvs::bench
