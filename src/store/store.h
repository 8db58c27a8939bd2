// Store: the inside of a KvStore: puts the parts together, and is the path of every read and write.
//
// Design      A write appends to the LiveLog and publishes in the index, under the append lock. A read pins the epoch,
//             asks the index, and checks the record in the mapped segment. Threads work behind: Committer, Maintainer,
//             Compactor, and one that removes what has expired (store_expiry.cc).
// Threads     As KvStore. Lock order: the append lock (LiveLog::mutex), then any other; nobody takes the append lock
//             while holding another.
//
// Fences      P1  pending_: release store of a batch before its first index change, and of nullptr after its last ->
//                 acquire load after the index was read. Who sees nullptr after a change of the batch sees all changes.
//             R1  expires_actively_: relaxed. A reader takes it for a hint; the expirer is told under the append lock.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/location.h"
#include "base/tunable.h"
#include "index/tree.h"
#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "log/index_file.h"
#include "log/record.h"
#include "store/compaction/compactor.h"
#include "store/expiry/expiry_clock.h"
#include "store/expiry/expiry_index.h"
#include "store/pending_batch.h"
#include "store/segments/manifest_keeper.h"
#include "store/segments/record_reader.h"
#include "store/space/reserve.h"
#include "store/tail/committer.h"
#include "store/tail/health.h"
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
  void ListenToExpiry(ExpiryListener listener) KVS_EXCLUDES(log_.mutex);
  void set_expires_actively(bool is_active) KVS_EXCLUDES(log_.mutex);
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
  void SaveClockAtClosing() KVS_EXCLUDES(log_.mutex);
  void SaveIndexAtClosing();
  log::IndexFileHead DescribeLog() KVS_EXCLUDES(log_.mutex);

  // store_write.cc
  Status Finish(const Appended& appended);
  // The pairs that go under one append lock, from the first on.
  Status SetRun(std::span<const KeyValue> pairs, std::size_t& set, std::uint64_t& position);
  void PrefetchIndex(std::span<const log::RecordDraft> drafts, std::span<index::LeafHint> hints);
  Appended Put(const log::RecordDraft& draft, const index::LeafHint& hint = {}) KVS_REQUIRES(log_.mutex);
  Appended Bury(std::string_view key, base::Location old) KVS_REQUIRES(log_.mutex);
  Appended ApplyUpdate(std::string_view key, EntryUpdateFunction fn) KVS_REQUIRES(log_.mutex);
  Appended ApplyBatch(std::vector<Member> members, std::uint64_t bytes_max, Purpose purpose) KVS_REQUIRES(log_.mutex);
  Appended TryBatch(std::vector<Member> members, std::uint64_t bytes_max, Purpose purpose) KVS_REQUIRES(log_.mutex);
  Appended TryRemove(std::string_view key, bool* was_expired) KVS_REQUIRES(log_.mutex);
  Status LookUpMembers(std::vector<Member>* members) KVS_REQUIRES(log_.mutex);
  static void DropUselessRemovals(std::vector<Member>* members);
  // The place of a member in the log.
  struct Placed {
    base::Location location;
    log::Record record;
  };
  // `placed` has room for all members.
  Status PublishMembers(const std::vector<Member>& members, base::Location batch, std::vector<Placed>* placed)
      KVS_REQUIRES(log_.mutex);
  index::Change Enter(std::string_view key, base::Location location, const index::LeafHint& hint = {}) noexcept
      KVS_REQUIRES(log_.mutex);
  Status PublishMember(base::Location location, const log::Record& record) KVS_REQUIRES(log_.mutex);
  // Returns its expiry.
  Expiry Replaced(base::Location old) KVS_REQUIRES(log_.mutex);
  void FreePendingBatches() KVS_REQUIRES(log_.mutex);

  // store_expiry.cc
  void NoteExpiry(std::string_view key, Expiry expiry, Expiry former) KVS_REQUIRES(log_.mutex);
  void LoadClock();
  bool IsClockFileDue() const;
  void TendClock() KVS_EXCLUDES(log_.mutex);
  void TellSteps();
  void SaveClock();
  void RunExpirer() KVS_EXCLUDES(log_.mutex);
  bool WaitForDue() KVS_EXCLUDES(log_.mutex);
  bool WaitAfterFailure() KVS_EXCLUDES(log_.mutex);
  Status RemoveDueIfMemory() KVS_EXCLUDES(log_.mutex);
  Status RemoveDue() KVS_EXCLUDES(log_.mutex);
  std::vector<std::string> TakeDue() KVS_REQUIRES(log_.mutex);
  Status RemoveIfExpired(std::string_view key, std::optional<Error>* damage) KVS_REQUIRES(log_.mutex);
  void TellDamage(const std::string& what, const Error& damage);
  void GatherMissing() KVS_EXCLUDES(log_.mutex);
  // For compaction: a record that it did not copy because its time had come.
  void ForgetExpired(base::Location location) KVS_REQUIRES(log_.mutex);
  void TellExpired(std::string_view key) KVS_REQUIRES(log_.mutex);
  // A reader has met `record`, which has expired and is still there.
  void NoteFoundExpired(const log::Record& record) KVS_EXCLUDES(log_.mutex);
  void StopExpirer() KVS_EXCLUDES(log_.mutex);

  // store_read.cc. All under an epoch pin.
  class ScanReader;
  index::LookUp Find(std::string_view key, log::Record& record) const;
  Status MultiGetTogether(std::span<const std::string_view> keys, std::size_t first, MultiGetVisitor visit);
  index::LookUp Settle(std::string_view key, const index::LookUp& found, log::Record& record) const;
  bool IsExpired(const log::Record& record) const {
    return record.expiry_ms != kNoExpiry && clock_.IsPast(record.expiry());
  }
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

  std::atomic<bool> expires_actively_{true};  // R1

  std::atomic<const PendingBatch*> pending_{nullptr};  // P1
  struct RetiredBatch {
    std::uint64_t epoch;
    std::unique_ptr<PendingBatch> batch;
  };
  std::vector<RetiredBatch> retired_batches_ KVS_GUARDED_BY(log_.mutex);  // And the pending one, which is the last.

  ExpiryIndex expiry_ KVS_GUARDED_BY(log_.mutex);          // Of all pairs, but for those that it is missing.
  std::uint64_t expiring_ KVS_GUARDED_BY(log_.mutex) = 0;  // Pairs with an expiry.
  bool has_spans_ KVS_GUARDED_BY(log_.mutex) = false;      // Or had some once.
  // While the keys that expiry_ was missing are gathered anew: from where on they are still to be.
  std::optional<std::string> gather_from_ KVS_GUARDED_BY(log_.mutex);
  KVS_TUNABLE(std::size_t, kFoundExpiredMax, 1'024, 1, 2'048);
  std::vector<std::string> found_expired_ KVS_GUARDED_BY(log_.mutex);  // By readers; has room for all from the start.
  ExpiryListener expiry_listener_ KVS_GUARDED_BY(log_.mutex);
  std::uint64_t expired_ KVS_GUARDED_BY(log_.mutex) = 0;  // Pairs that were removed because their time had come.
  bool is_expirer_stopped_ KVS_GUARDED_BY(log_.mutex) = false;
  sync::ConditionVariable expiry_changed_;  // The expirer waits for keys, and for their time.

  // The expirer's.
  bool has_told_damage_ = false;
  std::chrono::steady_clock::time_point steps_told_until_{};
  bool clock_file_is_foreign_ = false;                           // The file there is not ours to replace.
  std::chrono::steady_clock::time_point clock_file_retry_at_{};  // After a failure.

  // The threads, made once the log is open; declared last, ended first.
  std::optional<ManifestKeeper> manifest_;
  std::optional<Reserve> reserve_;
  std::optional<Committer> committer_;
  std::optional<Maintainer> maintainer_;
  std::optional<Compactor> compactor_;
  std::thread expirer_;
};

}  // namespace kvs::store
