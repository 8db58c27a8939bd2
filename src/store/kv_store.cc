#include "kvs/kv_store.h"

#include <utility>

#include "base/try.h"
#include "io/file_system.h"
#include "store/store.h"

namespace kvs {

Result<std::shared_ptr<KvStore>> KvStore::Open(const std::filesystem::path& directory, const KvStoreOptions& options) {
  KVS_TRY_ASSIGN(auto store, store::Store::Open(io::PosixFileSystem(), directory, options));
  return std::shared_ptr<KvStore>(new KvStore(std::move(store)));
}

KvStore::KvStore(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}
KvStore::~KvStore() = default;

Status KvStore::Set(std::string_view key, std::string_view value) { return store_->Set(key, value); }
Result<std::optional<std::string>> KvStore::Get(std::string_view key) { return store_->Get(key); }
Status KvStore::MultiSet(std::span<const KeyValue> pairs, std::size_t& set) { return store_->MultiSet(pairs, set); }
Status KvStore::Remove(std::string_view key) { return store_->Remove(key); }
Result<bool> KvStore::Read(std::string_view key, ValueVisitor visit) { return store_->Read(key, visit); }
Status KvStore::MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) {
  return store_->MultiGet(keys, visit);
}
Status KvStore::Write(const WriteBatch& batch) { return store_->Write(batch); }
Status KvStore::Update(std::string_view key, UpdateFunction fn) { return store_->Update(key, fn); }
Status KvStore::Scan(const ScanRange& range, ScanVisitor visit) { return store_->Scan(range, visit); }
Status KvStore::Sync() { return store_->Sync(); }
Status KvStore::Compact() { return store_->Compact(); }
Result<EngineStats> KvStore::Stats() { return store_->Stats(); }
const OpenReport& KvStore::open_report() const { return store_->open_report(); }

}  // namespace kvs
