// SledKvsEngine in a build without cargo: every call reports that. No engine ever exists, so only Open() can be called.
#include "kvs/sled_kvs_engine.h"

namespace kvs {

class SledKvsEngine::Database {};

namespace {

Error LeftOut() {
  return {.code = ErrorCode::kUnsupported,
          .context =
              "this build of kvs has no sled engine: install cargo 1.70 or newer, configure with "
              "-DKVS_WITH_SLED=ON and build again"};
}

}  // namespace

Status SledKvsEngine::CheckBuiltIn() { return LeftOut(); }

Result<std::shared_ptr<SledKvsEngine>> SledKvsEngine::Open(const std::filesystem::path& /*directory*/) {
  return LeftOut();
}

SledKvsEngine::SledKvsEngine(std::unique_ptr<Database> database) : database_(std::move(database)) {}
SledKvsEngine::~SledKvsEngine() = default;
Status SledKvsEngine::Set(std::string_view, std::string_view) { return LeftOut(); }
Result<std::optional<std::string>> SledKvsEngine::Get(std::string_view) { return LeftOut(); }
Status SledKvsEngine::Remove(std::string_view) { return LeftOut(); }
Result<bool> SledKvsEngine::Read(std::string_view, ValueVisitor) { return LeftOut(); }
Status SledKvsEngine::Write(const WriteBatch&) { return LeftOut(); }
Status SledKvsEngine::Update(std::string_view, UpdateFunction) { return LeftOut(); }
Status SledKvsEngine::Scan(const ScanRange&, ScanVisitor) { return LeftOut(); }
Status SledKvsEngine::Sync() { return LeftOut(); }
Status SledKvsEngine::Compact() { return LeftOut(); }
Result<EngineStats> SledKvsEngine::Stats() { return LeftOut(); }

}  // namespace kvs
