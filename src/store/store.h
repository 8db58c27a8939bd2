// Store: the inside of a KvStore: puts the parts together, and is the path of every read and write.
//
// Design      A write appends to the LiveLog and publishes in the index, under the append lock. A read pins the epoch,
//             asks the index, and checks the record in the mapped segment. Committer, Maintainer, Compactor and Expirer
//             work in the background.
// Threads     As KvStore. The append lock comes before all other locks.
//
// Fences      P1  pending_: release store of a batch before its first index change, and of nullptr after its last ->
//                 acquire load after the index was read. Who sees nullptr after a change of the batch sees all changes.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/location.h"
#include "index/tree.h"
#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "log/index_file.h"
#include "log/record.h"
#include "store/compaction/compactor.h"
#include "store/expiry/expirer.h"
#include "store/expiry/expiry_clock.h"
#include "store/pending_batch.h"
#include "store/segments/manifest_keeper.h"
#include "store/segments/record_reader.h"
#include "store/space/health.h"
#include "store/space/reserve.h"
#include "store/tail/committer.h"
#include "store/tail/live_log.h"
#include "store/tail/maintainer.h"
#include "sync/epoch.h"

namespace kvs::store {

class Store {
 public:
  // `files` outlives the store: the operating system's, or one that tests put in its place, as they do with `clocks`.
  static Result<std::unique_ptr<Store>> Open(io::FileSystem& files, const std::filesystem::path& directory,
                                             const KvStoreOptions& options,
                                             const ExpiryClock::Sources& clocks = ExpiryClock::SystemSources());
  ~Store();

  Status Set(std::string_view key, std::string_view value, Expiry expiry_ms = {});
  Status MultiSet(std::span<const KeyValue> pairs, std::size_t& set);
  Status Remove(std::string_view key);
  Status Write(const WriteBatch& batch);
  Status Update(std::string_view key, UpdateFunction fn);
  Status UpdateEntry(std::string_view key, EntryUpdateFunction fn);
  Result<bool> Read(std::string_view key, ValueVisitor visit);
  Result<bool> ReadEntry(std::string_view key, EntryVisitor visit);
  Result<std::optional<std::string>> Get(std::string_view key);
  Status MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit);
  Result<std::optional<std::string>> RandomKey(FunctionRef<std::uint64_t(std::uint64_t n)> below);
  Status Scan(const ScanRange& range, ScanVisitor visit);
  Status Clear();  // Expired pairs as well.
  std::uint64_t NowMs() { return clock_.NowMs(); }
  void ListenToExpiry(ExpiryListener listener) { expirer_.Listen(std::move(listener)); }
  void set_expires_actively(bool is_active) { expirer_.set_active(is_active); }
  Status Sync();
  Status Compact() { return compactor_->Compact(); }
  Result<EngineStats> Stats();

  const OpenReport& open_report() const { return report_; }

 private:
  struct Appended {
    Status status;
    std::uint64_t position = 0;  // Of the log, behind the record.
  };
  // An operation of a batch, ready to be encoded.
  struct Member {
    log::RecordDraft draft;
    base::Location before;  // Where its key pointed before the batch.
  };

  Store(io::FileSystem& files, const std::filesystem::path& directory, const KvStoreOptions& options,
        const ExpiryClock::Sources& clocks);
  Status Recover();
  void TakeReserve();
  Status StartThreads();
  void SaveIndexAtClosing();
  log::IndexFileHead DescribeLog() KVS_EXCLUDES(log_.lock);

  // store_write.cc
  Status Finish(const Appended& appended);
  // The pairs that go under one append lock, from the first on.
  Status SetRun(std::span<const KeyValue> pairs, std::size_t& set, std::uint64_t& position);
  void PrefetchIndex(std::span<const log::RecordDraft> drafts, std::span<index::Hint> hints);
  Appended Put(const AppendLock::Held& held, const log::RecordDraft& draft, const index::Hint& hint = {});
  Appended AppendTombstone(const AppendLock::Held& held, std::string_view key, base::Location old);
  Appended ApplyUpdate(const AppendLock::Held& held, std::string_view key, EntryUpdateFunction fn);
  Appended ApplyBatch(const AppendLock::Held& held, std::vector<Member> members, std::uint64_t bytes_max,
                      Purpose purpose);
  Appended TryBatch(const AppendLock::Held& held, std::vector<Member> members, std::uint64_t bytes_max,
                    Purpose purpose);
  Appended TryRemove(const AppendLock::Held& held, std::string_view key, bool* was_expired);
  Status LookUpMembers(std::vector<Member>* members);
  static void DropUselessRemovals(std::vector<Member>* members);
  // The place of a member in the log.
  struct Placed {
    base::Location location;
    log::Record record;
  };
  // `placed` has room for all members.
  Status PublishMembers(const AppendLock::Held& held, const std::vector<Member>& members, base::Location batch,
                        std::vector<Placed>* placed);
  index::Change Enter(const AppendLock::Held& held, std::string_view key, base::Location location,
                      const index::Hint& hint = {}) noexcept;
  Status PublishMember(const AppendLock::Held& held, base::Location location, const log::Record& record);
  // Returns its expiry.
  Expiry Replaced(const AppendLock::Held& held, base::Location old);
  void FreePendingBatches();

  // For compaction: a record that it did not copy because its time had come.
  void ForgetExpired(const AppendLock::Held& held, base::Location location);

  // store_read.cc. All under an epoch pin.
  class ScanReader;
  index::LookUp Find(std::string_view key, log::Record& record) const;
  Status MultiGetTogether(std::span<const std::string_view> keys, std::size_t first, MultiGetVisitor visit);
  index::LookUp Settle(std::string_view key, const index::LookUp& found, log::Record& record) const;
  Result<std::optional<log::Record>> FindRecord(std::string_view key) const;
  base::Location Resolve(std::string_view key, base::Location found) const;

  // Constant after Open().
  io::FileSystem& files_;
  const std::filesystem::path directory_;
  const KvStoreOptions options_;
  std::unique_ptr<io::DirectoryLock> directory_lock_;
  OpenReport report_;
  std::uint64_t opened_sequence_ = 0;  // Of the last record then.

  mutable ExpiryClock clock_;
  sync::EpochDomain epochs_;
  Health health_;
  LiveLog log_;
  RecordReader records_;
  index::Tree index_;  // Changed under the append lock, read without.

  std::atomic<const PendingBatch*> pending_{nullptr};  // P1
  struct RetiredBatch {
    std::uint64_t epoch;
    std::unique_ptr<PendingBatch> batch;
  };
  std::vector<RetiredBatch> retired_batches_;  // Under the append lock. The pending one is the last.

  Expirer expirer_;

  // The threads, made once the log is open; declared last, ended first.
  std::optional<ManifestKeeper> manifest_;
  std::optional<Reserve> reserve_;
  std::optional<Committer> committer_;
  std::optional<Maintainer> maintainer_;
  std::optional<Compactor> compactor_;
};

}  // namespace kvs::store
