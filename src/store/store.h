// Store: the implementation of KvStore. It only makes, opens and closes the parts.
//
// Design      Writer and Reader are the paths of every write and read. Committer, Maintainer, Compactor and Expirer
//             work in the background, each on threads of its own.
// Threads     As KvStore. The append lock is taken before all other locks.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "index/tree.h"
#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "log/index_file.h"
#include "store/batch_writer.h"
#include "store/compaction/compactor.h"
#include "store/expiry/expirer.h"
#include "store/expiry/expiry_clock.h"
#include "store/pending_batches.h"
#include "store/reader.h"
#include "store/record_publisher.h"
#include "store/scrub/scrubber.h"
#include "store/segments/manifest_keeper.h"
#include "store/segments/record_reader.h"
#include "store/space/health.h"
#include "store/space/reserve.h"
#include "store/tail/committer.h"
#include "store/tail/live_log.h"
#include "store/tail/maintainer.h"
#include "store/writer.h"
#include "sync/epoch.h"

namespace kvs::store {

class Store {
 public:
  // files: in, outlives the store. clocks: in, the clocks of expiry. Tests replace both.
  static Result<std::unique_ptr<Store>> Open(io::FileSystem& files, const std::filesystem::path& directory,
                                             const KvStoreOptions& options,
                                             const ExpiryClock::Sources& clocks = ExpiryClock::SystemSources());
  ~Store();

  // --- Writes ---
  Status Set(std::string_view key, std::string_view value, Expiry expiry_ms = {}) {
    return writer_.Set(key, value, expiry_ms);
  }
  Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set) { return writer_.MultiSet(pairs, set); }
  Status Remove(std::string_view key) { return writer_.Remove(key); }
  Status Write(const WriteBatch& batch) { return writer_.Write(batch); }
  Status Update(std::string_view key, UpdateFunction fn) { return writer_.Update(key, fn); }
  Status UpdateEntry(std::string_view key, EntryUpdateFunction fn) { return writer_.UpdateEntry(key, fn); }
  Status Clear() { return writer_.Clear(); }

  // --- Reads ---
  Result<bool> Read(std::string_view key, ValueVisitor visit) { return reader_.Read(key, visit); }
  Result<bool> ReadEntry(std::string_view key, EntryVisitor visit) { return reader_.ReadEntry(key, visit); }
  Result<std::optional<std::string>> Get(std::string_view key) { return reader_.Get(key); }
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) {
    return reader_.MultiGet(keys, visit);
  }
  void Prefetch(std::span<const std::string_view> keys) { reader_.Prefetch(keys); }
  Result<std::optional<std::string>> RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> below) {
    return reader_.RandomKey(below);
  }
  Status Scan(const ScanRange& range, ScanVisitor visit) { return reader_.Scan(range, visit); }

  // --- All else ---
  std::uint64_t NowMs() { return clock_.NowMs(); }
  void ListenToExpiry(ExpiryListener listener) { expirer_.Listen(std::move(listener)); }
  void set_expires_actively(bool is_active) { expirer_.set_active(is_active); }
  Status Sync();
  Status Compact() { return compactor_->Compact(); }
  Result<EngineStats> Stats();
  Result<BackupInfo> Backup(const std::filesystem::path& to, const BackupOptions& options);

  const OpenReport& open_report() const { return report_; }

 private:
  Store(io::FileSystem& files, const std::filesystem::path& directory, const KvStoreOptions& options,
        const ExpiryClock::Sources& clocks);
  // damage: in, why the store could not be opened; it is opened for reading alone then.
  Status Recover(const std::optional<Error>& damage = std::nullopt);
  void TakeReserve();
  Status StartThreads();
  void SaveIndexAtClosing();
  log::IndexFileHead DescribeLog() KVS_EXCLUDES(log_.lock);

  // Constant after Open().
  io::FileSystem& files_;
  const std::filesystem::path directory_;
  const KvStoreOptions options_;
  std::unique_ptr<io::DirectoryLock> directory_lock_;
  OpenReport report_;
  std::uint64_t opened_sequence_ = 0;  // The last sequence when the store was opened.

  mutable ExpiryClock clock_;
  sync::EpochDomain epochs_;
  Health health_;
  LiveLog log_;
  RecordReader records_;
  index::Tree index_;  // Changed under the append lock, read without it.

  PendingBatches pending_;
  Expirer expirer_;
  RecordPublisher publisher_;
  BatchWriter batches_;
  Committer committer_;
  Reader reader_;
  Writer writer_;
  Scrubber scrubber_;

  // Parts with threads, and what they need. Made once the log is open. Declared last, so they are destroyed first.
  std::optional<ManifestKeeper> manifest_;
  std::optional<Reserve> reserve_;
  std::optional<Maintainer> maintainer_;
  std::optional<Compactor> compactor_;
};

}  // namespace kvs::store
