#include "targets.h"

#include <algorithm>
#include <functional>

namespace kvs::bench {
namespace {

class Judge {
 public:
  explicit Judge(const Results& results) : results_(results) {
    for (const auto& [data_set, workload] : results.order) {
      if (main_.empty() && data_set.find(',') == std::string::npos) main_ = data_set;
      Assign(space_, data_set, ", overwritten");
      Assign(durable_, data_set, ", durable");
      Assign(tail_, data_set, ", under writes");
      Assign(tail_plain_, data_set, ", under writes, no compaction");
      Assign(large_, data_set, " keys of 1k B");
    }
  }

  std::vector<TargetRow> Rows() {
    Points();
    Scans();
    Durable();
    Opening();
    Space();
    Ratio("1 kB values: load, CPU", "of lmdb", 0.3, large_, "load", "cpu_us", "lmdb");
    Ratio("1 kB values: get, CPU", "of lmdb", 0.65, large_, "get", "cpu_us", "lmdb");
    Ratio("1 kB values: get, 2 threads, CPU", "of lmdb", 0.65, large_, "get/2", "cpu_us", "lmdb");
    Ratio("1 kB values: YCSB A, CPU", "of lmdb", 0.25, large_, "ycsb-a", "cpu_us", "lmdb");
    Scale();
    return std::move(rows_);
  }

 private:
  static void Assign(std::string& to, const std::string& data_set, std::string_view end) {
    if (data_set.ends_with(end)) to = data_set;
  }

  void Points() {
    Ratio("load, CPU", "of lmdb", 0.25, main_, "load", "cpu_us", "lmdb");
    Ratio("load, CPU", "of leveldb", 0.13, main_, "load", "cpu_us", "leveldb");
    Ratio("load, CPU", "of rocksdb", 0.10, main_, "load", "cpu_us", "rocksdb");
    Ratio("get, CPU", "of lmdb", 0.40, main_, "get", "cpu_us", "lmdb");
    Ratio("get, 2 threads, CPU", "of lmdb", 0.40, main_, "get/2", "cpu_us", "lmdb");
    AddRatio("get, CPU with 2 threads", "of kvs with 1", 1.05, RatioOf(main_, "get/2", "cpu_us", "kvs", "get"));
    AddRatio("get of 16 at once, CPU per key", "of lmdb's get", 0.10,
             RatioOf(main_, "mget16", "cpu_us", "lmdb", "get"));
    BestPeer("YCSB A, CPU", 0.20, main_, "ycsb-a");
    BestPeer("YCSB A, 2 threads, CPU", 0.15, main_, "ycsb-a/2");
    Ratio("YCSB B, CPU", "of lmdb", 0.40, main_, "ycsb-b", "cpu_us", "lmdb");
    Ratio("YCSB B, 2 threads, CPU", "of lmdb", 0.40, main_, "ycsb-b/2", "cpu_us", "lmdb");
  }

  void Scans() {
    for (const std::string scan : {"scan100", "fullscan"}) {
      const std::string name = scan == "scan100" ? "scan of 100" : "full scan";
      Ratio(name + ", fresh log, CPU", "of lmdb", 0.8, main_, scan, "cpu_us", "lmdb");
      Ratio(name + ", after compaction, CPU", "of lmdb", 0.5, main_, scan + " compacted", "cpu_us", "lmdb");
    }
  }

  void Durable() {
    DurableRow("durable", "1 writer", 0.95, 1.2);
    DurableRow("durable/8", "8 writers", 0.92, 1.6);
    DurableRow("durable/32", "32 writers", 0.85, 2.4);
  }

  void DurableRow(const std::string& workload, const std::string& writers, double of_raw, double of_peers) {
    const std::string what = "durable set, " + writers + ", rate";
    if (const auto ratio = RatioOf(durable_, workload, "ops_per_s", "raw", workload)) {
      rows_.push_back({what, "of the raw limit", of_raw, true, *ratio});
    }
    const auto peers = Peers(durable_, workload, "ops_per_s");
    if (peers.empty()) return;
    const std::string best = std::ranges::max_element(peers, {}, &std::pair<std::string, double>::second)->first;
    if (const auto ratio = RatioOf(durable_, workload, "ops_per_s", best, workload)) {
      rows_.push_back({what, "of the best peer (" + best + ")", of_peers, true, *ratio});
    }
  }

  void Opening() {
    Value("reopen after a clean stop", "ms", 20, main_, "reopen clean", "wall_ms");
    Value("reopen after SIGKILL, 46 MB written", "ms", 250, main_, "reopen killed", "wall_ms");
    Value("reopen with no saved index", "ms", 1500, main_, "reopen unindexed", "wall_ms");
    Value("index memory", "bytes a key", 16, main_, "load", "index_per_key");
    Value("all private memory", "bytes a key", 24, main_, "load", "anonymous_per_key");
  }

  void Space() {
    Value("disk after load", "of user bytes", 1.14, main_, "load", "disk_per_user");
    Value("disk while overwriting, peak", "of user bytes", 1.43, space_, "overwrite", "disk_peak_per_user");
    Value("written while loading", "of user bytes", 1.14, main_, "load", "written_per_user");
    Value("written while overwriting", "of user bytes", 2.4, space_, "overwrite", "written_per_user");
    const auto plain = Kvs(tail_plain_, "tail", "p999_us");
    if (const auto compacting = Kvs(tail_, "tail", "p999_us"); plain && compacting) {
      rows_.push_back({"p99.9 of get under writes, compacting", "of that without", 2, false, *compacting / *plain});
    }
  }

  // If the large data set is larger than ten million keys, that of ten million is measured as well.
  void Scale() {
    const std::string small = "10M keys of 100 B";
    if (main_ == small) return;
    for (const auto& [workload, goal] : {std::pair{"get", 1.6}, std::pair{"load", 1.3}}) {
      const auto large = Kvs(main_, workload, "cpu_us");
      const auto tenth = Kvs(small, workload, "cpu_us");
      if (large && tenth)
        rows_.push_back({std::string(workload) + ", CPU", "of that at 10M keys", goal, false, *large / *tenth});
    }
  }

  // The cost of kvs, as a ratio to that of `peer` for `peer_workload`.
  std::optional<double> RatioOf(const std::string& data_set, const std::string& workload, const std::string& figure,
                                const std::string& peer, const std::string& peer_workload) const {
    const auto* const own = ValuesOf(results_, data_set, workload, "kvs", figure);
    const auto* const other = ValuesOf(results_, data_set, peer_workload, peer, figure);
    if (own == nullptr || other == nullptr) return std::nullopt;
    if (own->size() != other->size()) return Median(*own) / Median(*other);
    std::vector<double> ratios(own->size());
    std::ranges::transform(*own, *other, ratios.begin(), std::divides<>());
    return Median(std::move(ratios));
  }

  void AddRatio(const std::string& what, const std::string& measure, double goal, std::optional<double> ratio) {
    if (ratio) rows_.push_back({what, measure, goal, false, *ratio});
  }

  std::optional<double> Kvs(const std::string& data_set, const std::string& workload, const std::string& figure) const {
    return MedianOf(results_, data_set, workload, "kvs", figure);
  }

  void Value(const std::string& what, const std::string& measure, double goal, const std::string& data_set,
             const std::string& workload, const std::string& figure) {
    if (const auto own = Kvs(data_set, workload, figure)) rows_.push_back({what, measure, goal, false, *own});
  }

  void Ratio(const std::string& what, const std::string& measure, double goal, const std::string& data_set,
             const std::string& workload, const std::string& figure, const std::string& peer) {
    AddRatio(what, measure, goal, RatioOf(data_set, workload, figure, peer, workload));
  }

  void BestPeer(const std::string& what, double goal, const std::string& data_set, const std::string& workload) {
    const auto peers = Peers(data_set, workload, "cpu_us");
    if (peers.empty()) return;
    const std::string best = std::ranges::min_element(peers, {}, &std::pair<std::string, double>::second)->first;
    AddRatio(what, "of the best peer (" + best + ")", goal, RatioOf(data_set, workload, "cpu_us", best, workload));
  }

  std::vector<std::pair<std::string, double>> Peers(const std::string& data_set, const std::string& workload,
                                                    const std::string& figure) const {
    std::vector<std::pair<std::string, double>> peers;
    for (const std::string& engine : EngineNames()) {
      if (engine == "kvs" || IsFloor(engine)) continue;
      if (const auto value = MedianOf(results_, data_set, workload, engine, figure)) peers.emplace_back(engine, *value);
    }
    return peers;
  }

  const Results& results_;
  std::string main_, space_, durable_, tail_, tail_plain_, large_;
  std::vector<TargetRow> rows_;
};

}  // namespace

std::vector<TargetRow> JudgeTargets(const Results& results) { return Judge(results).Rows(); }

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

const std::vector<double>* ValuesOf(const Results& results, const std::string& data_set, const std::string& workload,
                                    const std::string& engine, const std::string& figure) {
  const auto set = results.samples.find(data_set);
  if (set == results.samples.end()) return nullptr;
  const auto at = set->second.find(workload);
  if (at == set->second.end()) return nullptr;
  const auto samples = at->second.find(engine);
  if (samples == at->second.end()) return nullptr;
  const auto values = samples->second.find(figure);
  return values == samples->second.end() || values->second.empty() ? nullptr : &values->second;
}

std::optional<double> MedianOf(const Results& results, const std::string& data_set, const std::string& workload,
                               const std::string& engine, const std::string& figure) {
  const auto* const values = ValuesOf(results, data_set, workload, engine, figure);
  return values == nullptr ? std::nullopt : std::optional(Median(*values));
}

}  // namespace kvs::bench
