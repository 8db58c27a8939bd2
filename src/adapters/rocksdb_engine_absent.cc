// RocksDbEngine in a build without RocksDB: every call reports that. No engine ever exists, so only Open() can be
// called.
#include "kvs/rocksdb_engine.h"

namespace kvs {

class RocksDbEngine::Database {};

namespace {

Error LeftOut() {
  return {.code = ErrorCode::kUnsupported,
          .context =
              "this build of kvs has no rocksdb engine: install librocksdb-dev 7 or newer, configure with "
              "-DKVS_WITH_ROCKSDB=ON and build again"};
}

}  // namespace

Status RocksDbEngine::CheckBuiltIn() { return LeftOut(); }

Result<std::shared_ptr<RocksDbEngine>> RocksDbEngine::Open(const std::filesystem::path& /*directory*/,
                                                           const KvStoreOptions& /*options*/) {
  return LeftOut();
}

RocksDbEngine::RocksDbEngine(std::unique_ptr<Database> database) : database_(std::move(database)) {}
RocksDbEngine::~RocksDbEngine() = default;
Status RocksDbEngine::Set(std::string_view, std::string_view) { return LeftOut(); }
Result<std::optional<std::string>> RocksDbEngine::Get(std::string_view) { return LeftOut(); }
Status RocksDbEngine::Remove(std::string_view) { return LeftOut(); }
Result<bool> RocksDbEngine::Read(std::string_view, ValueVisitor) { return LeftOut(); }
Status RocksDbEngine::MultiGet(std::span<const std::string_view>, MultiGetVisitor) { return LeftOut(); }
Status RocksDbEngine::MultiSet(std::span<const KeyValue>, std::size_t&) { return LeftOut(); }
Status RocksDbEngine::Write(const WriteBatch&) { return LeftOut(); }
Status RocksDbEngine::Update(std::string_view, UpdateFunction) { return LeftOut(); }
Status RocksDbEngine::Scan(const ScanRange&, ScanVisitor) { return LeftOut(); }
Status RocksDbEngine::Sync() { return LeftOut(); }
Status RocksDbEngine::Compact() { return LeftOut(); }
Result<EngineStats> RocksDbEngine::Stats() { return LeftOut(); }

}  // namespace kvs
