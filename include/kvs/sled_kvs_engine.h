// SledKvsEngine: the sled store (the Rust crate, version 0.34) behind KvsEngine.
//
// Design      A small C interface around the crate, in src/adapters/sled; each call is one call of sled.
// Threads     Call anything from any thread; sled has its own locks.
// Durability  Writes are in sled's buffers when they return and reach the disk within its flush interval (500 ms) or
//             with Sync(): weaker than KvStore, whose writes survive the death of the process at once.
// Errors      kUnsupported from Open() in a build without cargo. Compact() is kUnsupported: sled does it by itself.
#pragma once

#include <filesystem>
#include <memory>

#include "kvs/engine.h"
#include "kvs/result.h"

namespace kvs {

class SledKvsEngine final : public KvsEngine {
 public:
  // Opens or creates a sled database in `directory`.
  static Result<std::shared_ptr<SledKvsEngine>> Open(const std::filesystem::path& directory);
  ~SledKvsEngine() override;  // Flushes.

  std::string_view Name() const override { return "sled"; }
  Status Set(std::string_view key, std::string_view value) override;
  Result<std::optional<std::string>> Get(std::string_view key) override;
  Status Remove(std::string_view key) override;
  Result<bool> Read(std::string_view key, ValueVisitor visit) override;
  Status Write(const WriteBatch& batch) override;
  Status Update(std::string_view key, UpdateFunction fn) override;
  Status Scan(const ScanRange& range, ScanVisitor visit) override;
  Status Sync() override;
  Status Compact() override;
  Result<EngineStats> Stats() override;

 private:
  class Database;  // The handle of the C interface.
  explicit SledKvsEngine(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace kvs
