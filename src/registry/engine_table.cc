#include "registry/engine_table.h"

#include <array>
#include <utility>

#include "base/try.h"
#include "io/unique_fd.h"
#include "kvs/rocksdb_engine.h"
#include "kvs/sled_kvs_engine.h"

namespace kvs::registry {
namespace {

// An engine that does not lock its directory by itself, and the lock, which outlives it.
struct LockedEngine {
  std::unique_ptr<io::DirectoryLock> lock;
  std::shared_ptr<KvsEngine> engine;
};

std::shared_ptr<KvsEngine> HoldLock(std::shared_ptr<KvsEngine> engine, std::unique_ptr<io::DirectoryLock> lock) {
  const auto held = std::make_shared<LockedEngine>(LockedEngine{std::move(lock), std::move(engine)});
  return {held, held->engine.get()};
}

Result<std::shared_ptr<KvsEngine>> OpenKvStore(const std::filesystem::path& directory, const KvStoreOptions& options,
                                               std::unique_ptr<io::DirectoryLock> lock) {
  lock.reset();  // KvStore locks by itself. A process that takes the lock in between reads the marker file first.
  KVS_TRY_ASSIGN(std::shared_ptr<KvStore> engine, KvStore::Open(directory, options));
  return std::shared_ptr<KvsEngine>(std::move(engine));
}

// Other engines use any free descriptor, also 0, 1 or 2 if that stream is closed. FillStandardStreams() prevents that.

Result<std::shared_ptr<KvsEngine>> OpenSled(const std::filesystem::path& directory, const KvStoreOptions& /*options*/,
                                            std::unique_ptr<io::DirectoryLock> lock) {
  io::FillStandardStreams();
  KVS_TRY_ASSIGN(std::shared_ptr<SledKvsEngine> engine, SledKvsEngine::Open(directory));
  return HoldLock(std::move(engine), std::move(lock));
}

Result<std::shared_ptr<KvsEngine>> OpenRocksDb(const std::filesystem::path& directory, const KvStoreOptions& options,
                                               std::unique_ptr<io::DirectoryLock> lock) {
  io::FillStandardStreams();
  KVS_TRY_ASSIGN(std::shared_ptr<RocksDbEngine> engine, RocksDbEngine::Open(directory, options));
  return HoldLock(std::move(engine), std::move(lock));
}

constexpr std::array kEngines = {
    EngineEntry{.name = "kvs", .telling_files = {"MANIFEST", ""}, .check_built_in = Ok, .open = OpenKvStore},
    EngineEntry{.name = "sled",
                .telling_files = {"db", "conf"},
                .check_built_in = SledKvsEngine::CheckBuiltIn,
                .open = OpenSled},
    EngineEntry{.name = "rocksdb",
                .telling_files = {"IDENTITY", "CURRENT"},  // LevelDB has the second file as well.
                .check_built_in = RocksDbEngine::CheckBuiltIn,
                .open = OpenRocksDb},
};

}  // namespace

std::span<const EngineEntry> EngineTable() { return kEngines; }

const EngineEntry* FindEngine(std::string_view name) {
  for (const EngineEntry& entry : kEngines) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

std::string EngineNames() {
  std::string names;
  for (const EngineEntry& entry : kEngines) names.append(names.empty() ? "" : ", ").append(entry.name);
  return names;
}

}  // namespace kvs::registry
