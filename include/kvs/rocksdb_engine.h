// RocksDbEngine: RocksDB (Debian's, version 7 or newer) behind KvsEngine.
//
//     if (!kvs::RocksDbEngine::CheckBuiltIn()) return;  // A build without RocksDB.
//     auto engine = kvs::RocksDbEngine::Open("data");
//     if (!engine) return Report(engine.error());
//     (*engine)->Set("greeting", "hello").has_value();  // == true
//     (*engine)->Get("greeting").value();               // == "hello"
//
// Design      Settings as RocksDB's tuning guide recommends them: see src/adapters/rocksdb_engine.cc. A writer holds a
//             lock of its key's group, which makes Remove() and Update() one step. Scan() looks anew where it stands
//             whenever somebody has written since, because RocksDB's iterators show the past.
// Threads     Call anything from any thread. RocksDB has threads of its own, shared by its databases in the process.
// Durability  Every Ok() survives the death of the process. Under kAlways it survives power loss too; under kInterval a
//             power loss may take the writes of the last sync_interval.
// Ownership   The directory is a RocksDB database like any other: RocksDB's tools read it while no engine has it open.
// Errors      kUnsupported from Open() in a build without RocksDB. kInUse: somebody has the database open. kPoisoned:
//             after a failed write RocksDB takes no more of them until the database is opened again; reads go on.
#pragma once

#include <filesystem>
#include <memory>

#include "kvs/engine.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"

namespace kvs {

class RocksDbEngine final : public KvsEngine {
 public:
  // Ok where this build has RocksDB; otherwise kUnsupported, and what to do about it.
  static Status CheckBuiltIn();

  // Opens or creates a RocksDB database in `directory`. Of `options` it heeds `sync` and `sync_interval`.
  static Result<std::shared_ptr<RocksDbEngine>> Open(const std::filesystem::path& directory,
                                                     const KvStoreOptions& options = {});
  ~RocksDbEngine() override;  // Syncs unless the policy is kNone. No call may be under way.

  std::string_view Name() const override { return "rocksdb"; }
  Status Set(std::string_view key, std::string_view value) override;
  Result<std::optional<std::string>> Get(std::string_view key) override;
  Status Remove(std::string_view key) override;
  Result<bool> Read(std::string_view key, ValueVisitor visit) override;
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) override;
  Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set) override;
  Status Write(const WriteBatch& batch) override;
  Status Update(std::string_view key, UpdateFunction fn) override;
  Status Scan(const ScanRange& range, ScanVisitor visit) override;
  Status Sync() override;
  Status Compact() override;
  Result<EngineStats> Stats() override;  // `keys` takes a look at each. Not `index_bytes`, which lie in a cache.

 private:
  class Database;
  explicit RocksDbEngine(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace kvs
