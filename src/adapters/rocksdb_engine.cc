#include "kvs/rocksdb_engine.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdarg>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "adapters/key_interval.h"
#include "adapters/key_locks.h"
#include "adapters/limits.h"
#include "adapters/ticker.h"
#include "base/try.h"

namespace kvs {
namespace {

using adapters::KeyInterval;
using adapters::KeyLocks;

constexpr std::size_t kBlockCacheBytes = std::size_t{256} << 20;
constexpr std::size_t kBlockBytes = std::size_t{16} << 10;
constexpr double kBloomBitsPerKey = 10;
constexpr std::uint64_t kWriteBackBytes = std::uint64_t{1} << 20;  // Written back continuously, not in one burst.
constexpr unsigned kBackgroundJobsMin = 2;                         // A flush must not wait for a compaction.

// RocksDB looks up this many in step, and no more values are pinned together.
constexpr std::size_t kMultiGetKeys = 32;
constexpr std::size_t kMultiSetPairs = 256;
constexpr std::size_t kMultiSetBytes = std::size_t{1} << 20;

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

// After background work or a write has failed, RocksDB refuses writes with that error and marks it as a hard one.
ErrorCode ToErrorCode(const rocksdb::Status& status) {
  if (status.subcode() == rocksdb::Status::kNoSpace) return ErrorCode::kNoSpace;  // Passes when there is room again.
  if (status.severity() >= rocksdb::Status::kHardError) return ErrorCode::kPoisoned;
  if (status.IsCorruption()) return ErrorCode::kCorruption;
  if (status.IsNotSupported()) return ErrorCode::kUnsupported;
  if (status.IsInvalidArgument()) return ErrorCode::kInvalidArgument;
  return ErrorCode::kIo;
}

Error ToError(const rocksdb::Status& status, const char* operation) {
  const ErrorCode code = ToErrorCode(status);
  return {.code = code,
          .sys_errno = code == ErrorCode::kNoSpace ? ENOSPC : 0,
          .context = std::string("rocksdb ") + operation + ": " + status.ToString()};
}

Status ToStatus(const rocksdb::Status& status, const char* operation) {
  if (status.ok()) return Ok();
  return ToError(status, operation);
}

// RocksDB has no status for a database that is already open, in another process or in this one.
Error ToOpenError(const rocksdb::Status& status) {
  Error error = ToError(status, "open");
  const bool is_locked = error.context.find("While lock file") != std::string::npos ||
                         error.context.find("lock hold by current process") != std::string::npos;
  if (status.IsIOError() && is_locked) error.code = ErrorCode::kInUse;
  return error;
}

rocksdb::CompressionType BestCompression() {
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  const bool has_lz4 = std::find(supported.begin(), supported.end(), rocksdb::kLZ4Compression) != supported.end();
  return has_lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

// NoDiary: replaces RocksDB's file LOG. On a full disk, writing that file fails like any other. An assertion of
// RocksDB, which is active in Debian's build, then ends the process.
class NoDiary final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, std::va_list /*arguments*/) override {}
};

// Follows the page on basic tuning in RocksDB's guide. Leaves out what is the default by now.
rocksdb::Options Settings() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.max_background_jobs = static_cast<int>(std::max(kBackgroundJobsMin, std::thread::hardware_concurrency()));
  options.bytes_per_sync = kWriteBackBytes;
  options.compression = BestCompression();
  options.level_compaction_dynamic_level_bytes = true;
  options.info_log = std::make_shared<NoDiary>();

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.block_size = kBlockBytes;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.optimize_filters_for_memory = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// BackgroundWork: counts the work of flushes and compactions. The counters are relaxed: they are figures for people.
class BackgroundWork final : public rocksdb::EventListener {
 public:
  void OnFlushCompleted(rocksdb::DB* /*database*/, const rocksdb::FlushJobInfo& flush) override {
    const rocksdb::TableProperties& table = flush.table_properties;
    written_bytes_.fetch_add(table.data_size + table.index_size + table.filter_size, std::memory_order_relaxed);
  }
  void OnCompactionCompleted(rocksdb::DB* /*database*/, const rocksdb::CompactionJobInfo& compaction) override {
    compactions_.fetch_add(1, std::memory_order_relaxed);
    written_bytes_.fetch_add(compaction.stats.total_output_bytes, std::memory_order_relaxed);
  }

  std::uint64_t compactions() const { return compactions_.load(std::memory_order_relaxed); }
  std::uint64_t written_bytes() const { return written_bytes_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> compactions_{0};
  std::atomic<std::uint64_t> written_bytes_{0};
};

// Cursor: walks over an interval, and seeks again from its position after each write of others.
class Cursor {
 public:
  // interval: in, outlives the cursor.
  Cursor(rocksdb::DB& database, const KeyInterval& interval, const ScanRange& range)
      : database_(database), is_reverse_(range.reverse), lower_(ToSlice(interval.from)), sequence_(LatestSequence()) {
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower_;
    if (interval.to) {
      upper_ = ToSlice(*interval.to);
      options.iterate_upper_bound = &upper_;
    }
    iterator_.reset(database.NewIterator(options));
    is_reverse_ ? iterator_->SeekToLast() : iterator_->SeekToFirst();
  }

  bool is_valid() const { return refreshed_.ok() && iterator_->Valid(); }
  std::string_view key() const { return iterator_->key().ToStringView(); }
  std::string_view value() const { return iterator_->value().ToStringView(); }
  rocksdb::Status status() const { return refreshed_.ok() ? iterator_->status() : refreshed_; }

  void Advance() {
    if (LatestSequence() == sequence_) {
      Step();
    } else {
      StepInThePresent();
    }
  }

 private:
  rocksdb::SequenceNumber LatestSequence() const { return database_.GetLatestSequenceNumber(); }

  void Step() { is_reverse_ ? iterator_->Prev() : iterator_->Next(); }

  void StepInThePresent() {
    const std::string visited(key());
    sequence_ = LatestSequence();  // Read before the iterator is refreshed, which may then show more.
    refreshed_ = iterator_->Refresh();
    if (!refreshed_.ok()) return;
    is_reverse_ ? iterator_->SeekForPrev(visited) : iterator_->Seek(visited);
    if (iterator_->Valid() && key() == visited) Step();
  }

  rocksdb::DB& database_;
  const bool is_reverse_;
  const rocksdb::Slice lower_;
  rocksdb::Slice upper_;
  rocksdb::SequenceNumber sequence_;  // The iterator shows at least the writes up to this one.
  rocksdb::Status refreshed_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

// The number of leading pairs, all within the limits, that make one write.
std::size_t PairsPerWrite(std::span<const KeyValue> pairs) {
  std::size_t bytes = 0;
  std::size_t length = 0;
  for (const KeyValue& pair : pairs.first(std::min(pairs.size(), kMultiSetPairs))) {
    if (!CheckPair(pair.key, pair.value)) break;
    bytes += pair.key.size() + pair.value.size();
    if (length > 0 && bytes > kMultiSetBytes) break;
    ++length;
  }
  return length;
}

}  // namespace

class RocksDbEngine::Database {
 public:
  Database(std::unique_ptr<rocksdb::DB> database, std::shared_ptr<BackgroundWork> work, const KvStoreOptions& options)
      : database_(std::move(database)), work_(std::move(work)), sync_(options.sync) {
    write_options_.sync = sync_ == SyncPolicy::kAlways;
    // RocksDB remembers a failed sync and returns it from the next write.
    if (sync_ == SyncPolicy::kInterval) ticker_.emplace(options.sync_interval, [this] { SyncWhatIsNew(); });
  }
  ~Database() {
    ticker_.reset();
    if (sync_ != SyncPolicy::kNone) SyncLog().PermitUncheckedError();
    database_->Close().PermitUncheckedError();
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  rocksdb::DB& operator*() const { return *database_; }
  rocksdb::DB* operator->() const { return database_.get(); }
  const BackgroundWork& work() const { return *work_; }
  KeyLocks& locks() { return locks_; }

  // False: no such key.
  kvs::Result<bool> Get(std::string_view key, rocksdb::PinnableSlice& value) const {
    const rocksdb::Status status =
        database_->Get(rocksdb::ReadOptions(), database_->DefaultColumnFamily(), ToSlice(key), &value);
    if (status.IsNotFound()) return false;
    KVS_TRY(ToStatus(status, "get"));
    return true;
  }

  kvs::Status Set(std::string_view key, std::string_view value) {
    return NoteWrite(database_->Put(write_options_, ToSlice(key), ToSlice(value)), "set");
  }
  kvs::Status Remove(std::string_view key) {
    return NoteWrite(database_->Delete(write_options_, ToSlice(key)), "remove");
  }
  kvs::Status Write(rocksdb::WriteBatch& batch, const char* operation) {
    return NoteWrite(database_->Write(write_options_, &batch), operation);
  }

  kvs::Status Sync() { return ToStatus(SyncLog(), "sync"); }
  std::uint64_t syncs() const { return syncs_.load(std::memory_order_relaxed); }

 private:
  kvs::Status NoteWrite(const rocksdb::Status& status, const char* operation) {
    if (has_failed_.load(std::memory_order_relaxed) == status.ok()) {
      has_failed_.store(!status.ok(), std::memory_order_relaxed);  // R1
    }
    return ToStatus(status, operation);
  }

  void SyncWhatIsNew() {
    const rocksdb::SequenceNumber sequence = database_->GetLatestSequenceNumber();
    if (sequence == synced_sequence_) return;
    if (SyncLog().ok()) synced_sequence_ = sequence;
  }
  // Does not sync after a failed write: an assertion of RocksDB forbids it. Assertions are active in Debian's build, so
  // the process would end.
  rocksdb::Status SyncLog() {
    if (has_failed_.load(std::memory_order_relaxed)) {  // R1
      return {rocksdb::Status::Aborted("a write has failed before"), rocksdb::Status::kHardError};
    }
    rocksdb::Status status = database_->SyncWAL();
    if (status.ok()) syncs_.fetch_add(1, std::memory_order_relaxed);  // Relaxed: a figure for people.
    return status;
  }

  const std::unique_ptr<rocksdb::DB> database_;
  const std::shared_ptr<BackgroundWork> work_;
  const SyncPolicy sync_;
  rocksdb::WriteOptions write_options_;
  KeyLocks locks_;
  // Whether the last write failed. R1: relaxed, because nothing is reached through it. A successful write clears it:
  // RocksDB accepts writes again only with a new log.
  std::atomic<bool> has_failed_{false};
  std::atomic<std::uint64_t> syncs_{0};          // Does not count the syncs of writes: RocksDB counts those.
  rocksdb::SequenceNumber synced_sequence_ = 0;  // Used by the ticker's thread only.
  std::optional<adapters::Ticker> ticker_;
};

kvs::Status RocksDbEngine::CheckBuiltIn() { return Ok(); }

Result<std::shared_ptr<RocksDbEngine>> RocksDbEngine::Open(const std::filesystem::path& directory,
                                                           const KvStoreOptions& options) {
  rocksdb::Options settings = Settings();
  auto work = std::make_shared<BackgroundWork>();
  settings.listeners.push_back(work);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(settings, directory.string(), &opened);
  if (!status.ok()) return ToOpenError(status);
  auto database = std::make_unique<Database>(std::unique_ptr<rocksdb::DB>(opened), std::move(work), options);
  return std::shared_ptr<RocksDbEngine>(new RocksDbEngine(std::move(database)));
}

RocksDbEngine::RocksDbEngine(std::unique_ptr<Database> database) : database_(std::move(database)) {}
RocksDbEngine::~RocksDbEngine() = default;

Status RocksDbEngine::Set(std::string_view key, std::string_view value) {
  KVS_TRY(CheckPair(key, value));
  const sync::MutexLock lock(database_->locks().Of(key));
  return database_->Set(key, value);
}

Result<std::optional<std::string>> RocksDbEngine::Get(std::string_view key) {
  std::optional<std::string> value;
  KVS_TRY(Read(key, [&value](std::string_view stored) { value.emplace(stored); }));
  return value;
}

Result<bool> RocksDbEngine::Read(std::string_view key, ValueVisitor visit) {
  KVS_TRY(CheckKey(key));
  rocksdb::PinnableSlice value;
  KVS_TRY_ASSIGN(const bool is_there, database_->Get(key, value));
  if (is_there) visit(value.ToStringView());
  return is_there;
}

Status RocksDbEngine::MultiGet(std::span<const std::string_view> keys, MultiGetVisitor visit) {
  for (const std::string_view key : keys) KVS_TRY(CheckKey(key));
  std::array<rocksdb::Slice, kMultiGetKeys> slices;
  for (std::size_t first = 0; first < keys.size(); first += kMultiGetKeys) {
    const std::span<const std::string_view> some = keys.subspan(first, std::min(kMultiGetKeys, keys.size() - first));
    std::transform(some.begin(), some.end(), slices.begin(), ToSlice);
    std::array<rocksdb::PinnableSlice, kMultiGetKeys> values;
    std::array<rocksdb::Status, kMultiGetKeys> statuses;
    (*database_)
        ->MultiGet(rocksdb::ReadOptions(), (*database_)->DefaultColumnFamily(), some.size(), slices.data(),
                   values.data(), statuses.data());
    for (std::size_t i = 0; i < some.size(); ++i) {
      const bool is_there = !statuses[i].IsNotFound();
      if (is_there) KVS_TRY(ToStatus(statuses[i], "get"));
      visit(first + i, is_there ? std::optional(values[i].ToStringView()) : std::nullopt);
    }
  }
  return Ok();
}

Status RocksDbEngine::MultiSet(std::span<const KeyValue> pairs, std::size_t& set) {
  for (set = 0; set < pairs.size();) {
    KVS_TRY(CheckPair(pairs[set].key, pairs[set].value));
    const std::span<const KeyValue> together = pairs.subspan(set, PairsPerWrite(pairs.subspan(set)));
    rocksdb::WriteBatch writes;
    KeyLocks::Groups groups;
    for (const KeyValue& pair : together) {
      KVS_TRY(ToStatus(writes.Put(ToSlice(pair.key), ToSlice(pair.value)), "set"));
      groups.set(KeyLocks::GroupOf(pair.key));
    }
    const KeyLocks::Hold hold(database_->locks(), groups);
    KVS_TRY(database_->Write(writes, "set"));
    set += together.size();
  }
  return Ok();
}

Status RocksDbEngine::Remove(std::string_view key) {
  KVS_TRY(CheckKey(key));
  const sync::MutexLock lock(database_->locks().Of(key));
  rocksdb::PinnableSlice value;
  KVS_TRY_ASSIGN(const bool is_there, database_->Get(key, value));
  if (!is_there) return Error{.code = ErrorCode::kKeyNotFound};
  return database_->Remove(key);
}

Status RocksDbEngine::Write(const WriteBatch& batch) {
  KVS_TRY(adapters::CheckBatch(batch));
  rocksdb::WriteBatch writes;
  KeyLocks::Groups groups;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    const rocksdb::Status status =
        operation.value ? writes.Put(operation.key, *operation.value) : writes.Delete(operation.key);
    KVS_TRY(ToStatus(status, "write batch"));
    groups.set(KeyLocks::GroupOf(operation.key));
  }
  const KeyLocks::Hold hold(database_->locks(), groups);
  return database_->Write(writes, "write batch");
}

Status RocksDbEngine::Update(std::string_view key, UpdateFunction fn) {
  KVS_TRY(CheckKey(key));
  const sync::MutexLock lock(database_->locks().Of(key));
  rocksdb::PinnableSlice stored;
  KVS_TRY_ASSIGN(const bool is_there, database_->Get(key, stored));
  const UpdateDecision decision = fn(is_there ? std::optional(stored.ToStringView()) : std::nullopt);
  if (decision.keeps() || (decision.removes() && !is_there)) return Ok();
  if (decision.removes()) return database_->Remove(key);
  KVS_TRY(CheckValue(decision.value()));
  return database_->Set(key, decision.value());
}

Status RocksDbEngine::Scan(const ScanRange& range, ScanVisitor visit) {
  const KeyInterval interval = adapters::IntervalOf(range);
  if (interval.is_empty() || range.limit == 0) return Ok();
  Cursor cursor(**database_, interval, range);
  for (std::size_t visited = 0; cursor.is_valid(); cursor.Advance()) {
    if (!visit(cursor.key(), cursor.value()) || ++visited == range.limit) return Ok();
  }
  return ToStatus(cursor.status(), "scan");
}

Status RocksDbEngine::Sync() { return database_->Sync(); }

Status RocksDbEngine::Compact() {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  return ToStatus((*database_)->CompactRange(options, nullptr, nullptr), "compact");
}

namespace {

// 0 if RocksDB does not have the figure.
std::uint64_t FigureOf(const std::map<std::string, std::string>& figures, const std::string& name) {
  std::uint64_t figure = 0;
  if (const auto found = figures.find(name); found != figures.end()) {
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), figure);
  }
  return figure;
}

Result<std::uint64_t> CountKeys(rocksdb::DB& database) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // These pairs are only counted.
  const std::unique_ptr<rocksdb::Iterator> iterator(database.NewIterator(options));
  std::uint64_t keys = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++keys;
  KVS_TRY(ToStatus(iterator->status(), "count"));
  return keys;
}

Result<std::uint64_t> CountDiskBytes(rocksdb::DB& database) {
  std::vector<rocksdb::Env::FileAttributes> files;
  KVS_TRY(ToStatus(database.GetEnv()->GetChildrenFileAttributes(database.GetName(), &files), "size"));
  std::uint64_t bytes = 0;
  for (const rocksdb::Env::FileAttributes& file : files) bytes += file.size_bytes;
  return bytes;
}

}  // namespace

Result<EngineStats> RocksDbEngine::Stats() {
  rocksdb::DB& database = **database_;
  EngineStats stats;
  KVS_TRY_ASSIGN(stats.keys, CountKeys(database));
  KVS_TRY_ASSIGN(stats.disk_bytes, CountDiskBytes(database));
  database.GetIntProperty(rocksdb::DB::Properties::kEstimateLiveDataSize, &stats.live_bytes);
  std::vector<rocksdb::LiveFileMetaData> tables;
  database.GetLiveFilesMetaData(&tables);
  stats.segments = tables.size();
  std::map<std::string, std::string> figures;
  database.GetMapProperty(rocksdb::DB::Properties::kDBStats, &figures);
  stats.compactions = database_->work().compactions();
  stats.written_bytes = database_->work().written_bytes() + FigureOf(figures, "db.wal_bytes_written");
  stats.syncs = database_->syncs() + FigureOf(figures, "db.wal_syncs");
  return stats;
}

}  // namespace kvs
