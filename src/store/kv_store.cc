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

Status KvStore::Set(std::string_view key, std::string_view value) { return store_->Set(key, value, kNoExpiry); }
Result<std::optional<std::string>> KvStore::Get(std::string_view key) { return store_->Get(key); }
Status KvStore::MultiSet(std::span<const KeyValue> pairs, std::size_t& set) { return store_->MultiSet(pairs, set); }
Status KvStore::Remove(std::string_view key) { return store_->Remove(key); }
Result<bool> KvStore::Read(std::string_view key, ValueVisitor visit) { return store_->Read(key, visit); }
Status KvStore::MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) {
  return store_->MultiGet(keys, visit);
}

void KvStore::Prefetch(std::span<const std::string_view> keys) { store_->Prefetch(keys); }
Status KvStore::Write(const WriteBatch& batch) { return store_->Write(batch); }
Status KvStore::Update(std::string_view key, UpdateFunction fn) { return store_->Update(key, fn); }
std::uint64_t KvStore::NowMs() { return store_->NowMs(); }
Status KvStore::SetUntil(std::string_view key, std::string_view value, Expiry expiry_ms) {
  return store_->Set(key, value, expiry_ms);
}
Result<bool> KvStore::ReadEntry(std::string_view key, EntryVisitor visit) { return store_->ReadEntry(key, visit); }
Status KvStore::UpdateEntry(std::string_view key, EntryUpdateFunction fn) { return store_->UpdateEntry(key, fn); }
Status KvStore::Scan(const ScanRange& range, ScanVisitor visit) { return store_->Scan(range, visit); }
Result<std::optional<std::string>> KvStore::RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> below) {
  return store_->RandomKey(below);
}
void KvStore::ListenToExpiry(ExpiryListener listener) { store_->ListenToExpiry(std::move(listener)); }
void KvStore::set_expires_actively(bool is_active) { store_->set_expires_actively(is_active); }
Status KvStore::Clear() { return store_->Clear(); }
Status KvStore::Sync() { return store_->Sync(); }
Status KvStore::Compact() { return store_->Compact(); }
Result<EngineStats> KvStore::Stats() { return store_->Stats(); }
Result<BackupInfo> KvStore::Backup(const std::filesystem::path& to, const BackupOptions& options) {
  return store_->Backup(to, options);
}
const OpenReport& KvStore::open_report() const { return store_->open_report(); }

}  // namespace kvs
