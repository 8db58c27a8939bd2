// SledKvsEngine: the sled store (the Rust crate, version 0.34) as a KvsEngine.
//
//     if (!kvs::SledKvsEngine::CheckBuiltIn()) return;  // A build without cargo.
//     auto engine = kvs::SledKvsEngine::Open("data");
//     if (!engine) return Report(engine.error());
//     (*engine)->Set("greeting", "hello").has_value();  // == true
//     (*engine)->Get("greeting").value();               // == "hello"
//
// Design      A small C interface around the crate, in src/adapters/sled. sled iterates over copies of its nodes, so
//             Scan() asks for each key and then for its value. Update() compares and swaps, and tries again after
//             another writer's change.
// Threads     Call anything from any thread; sled has its own locks.
// Durability  Every Ok() survives the death of the process. A writer waits until sled has flushed its buffer; one flush
//             serves all waiting writers. Power loss may take the writes since the last Sync(). Sync() syncs the whole
//             file system, because sled syncs neither the length of its files nor its separate files of large values.
// Errors      kUnsupported from Open(): the build had no cargo. kUnsupported from Compact(): sled compacts by itself.
//             kInUse: another process has the database open. kCorruption: sled panicked; the context is its text.
#pragma once

#include <filesystem>
#include <memory>

#include "kvs/engine.h"
#include "kvs/result.h"

namespace kvs {

class SledKvsEngine final : public KvsEngine {
 public:
  // Ok if this build has sled. Otherwise kUnsupported, and how to get a build that has it.
  static Status CheckBuiltIn();

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
  Result<EngineStats> Stats() override;  // Only `keys`, which visits each key, and `disk_bytes`.

 private:
  class Database;  // The handle of the C interface.
  explicit SledKvsEngine(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace kvs
