// SledKvsEngine: the sled store (the Rust crate, version 0.34) behind KvsEngine.
//
//     if (!kvs::SledKvsEngine::CheckBuiltIn()) return;  // A build without cargo.
//     auto engine = kvs::SledKvsEngine::Open("data");
//     if (!engine) return Report(engine.error());
//     (*engine)->Set("greeting", "hello").has_value();  // == true
//     (*engine)->Get("greeting").value();               // == "hello"
//
// Design      A small C interface around the crate, in src/adapters/sled. Scan() asks sled for each key and then for
//             its value, because sled walks over copies of its nodes. Update() compares and swaps until nobody came
//             between.
// Threads     Call anything from any thread; sled has its own locks.
// Durability  Every Ok() survives the death of the process: a writer waits until sled has flushed its buffer, once for
//             all writers that wait. Power loss may take what came after the last Sync(), which syncs the whole file
//             system, because sled waits for neither the length of its files nor the large values beside them.
// Errors      kUnsupported from Open() in a build without cargo, and from Compact(): sled does that by itself. kInUse:
//             another process has the database open. A panic of sled is a kCorruption with its text.
#pragma once

#include <filesystem>
#include <memory>

#include "kvs/engine.h"
#include "kvs/result.h"

namespace kvs {

class SledKvsEngine final : public KvsEngine {
 public:
  // Ok where this build has sled; otherwise kUnsupported, and what to do about it.
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
  Result<EngineStats> Stats() override;  // Only `keys`, which takes a look at each, and `disk_bytes`.

 private:
  class Database;  // The handle of the C interface.
  explicit SledKvsEngine(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
};

}  // namespace kvs
