#include "engine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "kvs/sled_kvs_engine.h"

namespace kvs::bench {
namespace {

struct Entry {
  const char* name;
  std::unique_ptr<Engine> (*open)(const Settings&);
  bool is_floor;
};

constexpr Entry kEntries[] = {
    {"kvs", OpenKvs, false},         {"raw", OpenRawSync, true},      {"lmdb", OpenLmdb, false},
    {"rocksdb", OpenRocksDb, false}, {"leveldb", OpenLevelDb, false}, {"sled", OpenSled, false},
    {"hash", OpenHashTable, true},   {"empty", OpenEmpty, true},
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

std::vector<std::string> EngineNames() {
  std::vector<std::string> names;
  for (const Entry& entry : kEntries) {
    if (IsBuiltIn(entry.name)) names.emplace_back(entry.name);
  }
  return names;
}

bool IsFloor(std::string_view name) {
  return std::ranges::any_of(kEntries, [&](const Entry& entry) { return entry.name == name && entry.is_floor; });
}

std::unique_ptr<Engine> OpenEngine(std::string_view name, const Settings& settings) {
  for (const Entry& entry : kEntries) {
    if (entry.name == name) return entry.open(settings);
  }
  Die("no engine '" + std::string(name) + "'");
}

void Die(const std::string& message) {
  std::fprintf(stderr, "kvs-bench: %s\n", message.c_str());
  std::exit(EXIT_FAILURE);
}

}  // namespace kvs::bench
