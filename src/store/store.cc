#include "store/store.h"

#include <string>
#include <utility>

#include "base/try.h"
#include "store/recovery.h"

namespace kvs::store {
namespace {

constexpr std::uint64_t kSegmentBytesUnit = 4096;

Status CheckOptions(const KvStoreOptions& options) {
  const bool is_size_good = options.segment_bytes >= (std::uint64_t{1} << 20) &&
                            options.segment_bytes <= (std::uint64_t{256} << 20) &&
                            options.segment_bytes % kSegmentBytesUnit == 0;
  if (!is_size_good) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = "segment_bytes must be 1 MiB..256 MiB in steps of 4 kB"};
  }
  if (!(options.garbage_ratio_max >= 0.05 && options.garbage_ratio_max <= 0.9)) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = "garbage_ratio_max must be 0.05..0.9"};
  }
  if (options.sync_interval.count() <= 0) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = "sync_interval must be above 0"};
  }
  return Ok();
}

}  // namespace

Store::Store(io::FileSystem& files, const std::filesystem::path& directory, const KvStoreOptions& options)
    : files_(files),
      directory_(directory),
      options_(options),
      log_(options_, health_, epochs_),
      records_(log_.slots()),
      index_(records_, epochs_) {}

Result<std::unique_ptr<Store>> Store::Open(io::FileSystem& files, const std::filesystem::path& directory,
                                           const KvStoreOptions& options) {
  KVS_TRY(CheckOptions(options));
  std::unique_ptr<Store> store(new Store(files, directory, options));
  KVS_TRY(files.CreateDirectories(directory));
  KVS_TRY_ASSIGN(store->directory_lock_, files.LockDirectory(directory));
  KVS_TRY(store->Recover());
  return store;
}

Status Store::Recover() {
  Recovery recovery(files_, directory_, log_, index_, records_, options_);
  KVS_TRY_ASSIGN(log::Manifest manifest, recovery.Run());
  report_ = recovery.report();
  if (options_.log && report_.torn_tail_bytes > 0) {
    options_.log("cut off " + std::to_string(report_.torn_tail_bytes) + " bytes behind the last whole record");
  }
  manifest_.emplace(files_, directory_, std::move(manifest));
  committer_.emplace(log_, health_, options_);
  maintainer_.emplace(log_, *manifest_, health_, files_, directory_, options_);
  compactor_.emplace(Compactor::Parts{log_, index_, records_, *committer_, *manifest_, health_, epochs_, files_,
                                      directory_, options_});
  committer_->Start();
  maintainer_->Start();
  compactor_->Start();
  return Ok();
}

// Marking notes what the sync did: everything is below the synced mark then, and any damage from now on is
// seen as such, not taken for a torn tail.
Store::~Store() {
  if (!committer_) return;  // Open() failed.
  bool is_synced = false;
  if (options_.sync != SyncPolicy::kNone && !health_.is_poisoned()) {
    const Status status = Sync();
    is_synced = status.has_value();
    if (!status && options_.log) options_.log("sync at closing: " + status.error().ToString());
  }
  log_.Stop();
  compactor_->Join();
  maintainer_->Join();
  committer_->Stop();
  if (is_synced) committer_->MarkSynced();
}

Status Store::Sync() {
  std::uint64_t position = 0;
  {
    const sync::MutexLock lock(log_.mutex);
    position = log_.position();
  }
  KVS_TRY(health_.Check());
  return committer_->WaitUntilSynced(position);
}

Result<EngineStats> Store::Stats() {
  const Compactor::Figures compaction = compactor_->figures();
  const sync::MutexLock lock(log_.mutex);
  const SegmentAccounts::Totals& totals = log_.accounts().totals();
  return EngineStats{.keys = index_.size(),
                     .live_bytes = totals.live_bytes,
                     .disk_bytes = totals.disk_bytes,
                     .segments = totals.segments,
                     .index_bytes = index_.MemoryBytes(),
                     .compactions = compaction.compactions,
                     .written_bytes = log_.position() + compaction.written_bytes,
                     .syncs = committer_->syncs()};
}

}  // namespace kvs::store
