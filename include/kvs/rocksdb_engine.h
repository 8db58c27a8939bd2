// RocksDbEngine: RocksDB (Debian's, version 7 or newer) as a KvsEngine.
//
//     if (!kvs::RocksDbEngine::CheckBuiltIn()) return;  // A build without RocksDB.
//     auto engine = kvs::RocksDbEngine::Open("data");
//     if (!engine) return Report(engine.error());
//     (*engine)->Set("greeting", "hello").has_value();  // == true
//     (*engine)->Get("greeting").value();               // == "hello"
//
// Design      Settings follow RocksDB's tuning guide; see src/adapters/rocksdb_engine.cc. A writer locks its key's
//             group, which makes Remove() and Update() one step. RocksDB's iterators show the past, so Scan() seeks
//             again after each write of others.
// Threads     Call anything from any thread. RocksDB has threads of its own, which all its databases in the process
//             share.
// Durability  Every Ok() survives the death of the process. Under kAlways it survives power loss too. Under kInterval a
//             power loss may take the writes of the last sync_interval.
// Ownership   The directory is an ordinary RocksDB database. RocksDB's tools can read it while no engine has it open.
// Errors      kUnsupported from Open(): this build has no RocksDB. kInUse: the database is already open. kPoisoned:
//             after a failed write RocksDB refuses writes until the database is opened again; reads go on.
#pragma once

#include <filesystem>
#include <memory>

#include "kvs/engine.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"

namespace kvs {

class RocksDbEngine final : public KvsEngine {
 public:
  // Ok if this build has RocksDB. Otherwise kUnsupported, and how to get a build that has it.
  static Status CheckBuiltIn();

  // Opens or creates a RocksDB database in `directory`. Of `options` it uses `sync` and `sync_interval`.
  static Result<std::shared_ptr<RocksDbEngine>> Open(const std::filesystem::path& directory,
                                                     const KvStoreOptions& options = {});
  ~RocksDbEngine() override;  // Syncs unless the policy is kNone. No call may be running.

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
  Result<EngineStats> Stats() override;  // Visits each key for `keys`. Without `index_bytes`: the index is in a cache.

 private:
  class Database;
  explicit RocksDbEngine(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace kvs
