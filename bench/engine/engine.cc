#include "engine.h"

#include "kvs/sled_kvs_engine.h"

namespace kvs::bench {
namespace {

struct Entry {
  std::string_view name;
  std::unique_ptr<Engine> (*open)(const Settings&);
};

constexpr Entry kEntries[] = {
    {"kvs", OpenKvs},         {"raw", OpenRawSync}, {"lmdb", OpenLmdb},     {"rocksdb", OpenRocksDb},
    {"leveldb", OpenLevelDb}, {"redb", OpenRedb},   {"fjall", OpenFjall},   {"sled", OpenSled},
    {"hash", OpenHashTable},  {"empty", OpenEmpty}, {kLimitsName, nullptr},
};

bool IsBuiltIn(std::string_view name) {
#ifndef KVS_BENCH_LMDB
  if (name == "lmdb") return false;
#endif
#ifndef KVS_BENCH_ROCKSDB
  if (name == "rocksdb") return false;
#endif
#ifndef KVS_BENCH_LEVELDB
  if (name == "leveldb") return false;
#endif
#ifndef KVS_BENCH_RUST
  if (name == "redb" || name == "fjall") return false;
#endif
  return name != "sled" || SledKvsEngine::CheckBuiltIn().has_value();
}

}  // namespace

#ifndef KVS_BENCH_LMDB
std::unique_ptr<Engine> OpenLmdb(const Settings&) { Die("this build has no lmdb"); }
#endif
#ifndef KVS_BENCH_ROCKSDB
std::unique_ptr<Engine> OpenRocksDb(const Settings&) { Die("this build has no rocksdb"); }
#endif
#ifndef KVS_BENCH_LEVELDB
std::unique_ptr<Engine> OpenLevelDb(const Settings&) { Die("this build has no leveldb"); }
#endif
#ifndef KVS_BENCH_RUST
std::unique_ptr<Engine> OpenRedb(const Settings&) { Die("this build has no redb"); }
std::unique_ptr<Engine> OpenFjall(const Settings&) { Die("this build has no fjall"); }
#endif

std::vector<std::string> EngineNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) {
    if (IsBuiltIn(entry.name)) names.emplace_back(entry.name);
  }
  return names;
}

std::unique_ptr<Engine> OpenEngine(std::string_view name, const Settings& settings) {
  for (const Entry& entry : kEntries) {
    if (entry.name == name && entry.open != nullptr) return entry.open(settings);
  }
  Die("no engine '" + std::string(name) + "'");
}

}  // namespace kvs::bench
