#include "store/store.h"

#include <optional>
#include <string>
#include <utility>

#include "base/system_error.h"
#include "base/try.h"
#include "log/marker.h"
#include "store/backup/backup_writer.h"
#include "store/recovery/recovery.h"
#include "store/recovery/saved_index.h"
#include "store/tail/log_image.h"

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

// If the directory was opened by the name of an engine, a marker file says which one.
Status CheckEngine(io::FileSystem& files, const std::filesystem::path& directory) {
  KVS_TRY_ASSIGN(const std::optional<std::string> marked, log::ReadMarker(files, directory));
  if (!marked || *marked == "kvs") return Ok();
  return Error{.code = ErrorCode::kWrongEngine,
               .context = directory.string() + " holds data of the engine " + *marked + ", not of kvs"};
}

}  // namespace

Store::Store(io::FileSystem& files, const std::filesystem::path& directory, const KvStoreOptions& options,
             const ExpiryClock::Sources& clocks)
    : files_(files),
      directory_(directory),
      options_(options),
      clock_(clocks),
      log_(options_, health_, epochs_),
      records_(log_.segments.slots()),
      index_(records_, epochs_),
      pending_(epochs_),
      expirer_({.log = log_,
                .index = index_,
                .records = records_,
                .clock = clock_,
                .options = options_,
                .remove =
                    [this](const AppendLock::Held& held, std::string_view key, base::Location location) {
                      return publisher_.AppendTombstone(held, key, location).status;
                    }},
               ClockKeeper(clock_, health_, files_, directory_, options_)),
      publisher_(log_, index_, records_, expirer_),
      batches_({.log = log_,
                .index = index_,
                .records = records_,
                .clock = clock_,
                .pending = pending_,
                .publisher = publisher_}),
      committer_(log_, health_, options_),
      reader_({.index = index_,
               .records = records_,
               .epochs = epochs_,
               .clock = clock_,
               .pending = pending_,
               .expirer = expirer_}),
      writer_({.log = log_,
               .index = index_,
               .records = records_,
               .epochs = epochs_,
               .clock = clock_,
               .reader = reader_,
               .publisher = publisher_,
               .batches = batches_,
               .committer = committer_,
               .options = options_}),
      scrubber_(log_, options_) {}

Result<std::unique_ptr<Store>> Store::Open(io::FileSystem& files, const std::filesystem::path& directory,
                                           const KvStoreOptions& options, const ExpiryClock::Sources& clocks) {
  KVS_TRY(CheckOptions(options));
  std::unique_ptr<Store> store;
  KVS_TRY(base::OrNoMemory([&] {
    store.reset(new Store(files, directory, options, clocks));
    return Ok();
  }));
  KVS_TRY(files.CreateDirectories(directory));
  KVS_TRY_ASSIGN(store->directory_lock_, files.LockDirectory(directory));
  KVS_TRY(CheckEngine(files, directory));
  const Status recovered = store->Recover();
  if (recovered) return store;
  const bool is_readable = options.on_damage == OnDamage::kReadOnly && recovered.error().code == ErrorCode::kCorruption;
  if (!is_readable) return recovered.error();
  auto lock = std::move(store->directory_lock_);
  KVS_TRY(base::OrNoMemory([&] {
    store.reset(new Store(files, directory, options, clocks));
    return Ok();
  }));
  store->directory_lock_ = std::move(lock);
  KVS_TRY(store->Recover(recovered.error()));
  return store;
}

Status Store::Recover(const std::optional<Error>& damage) {
  expirer_.LoadClock();
  Recovery recovery(files_, directory_, log_, index_, records_, options_);
  KVS_TRY_ASSIGN(log::Manifest manifest,
                 base::OrNoMemory([&] { return damage ? recovery.RunOnDamaged(*damage) : recovery.Run(); }));
  report_ = recovery.report();
  {
    const AppendLock::Held held(log_.lock);
    opened_sequence_ = log_.tail.last_sequence(held);
    expirer_.Begin(held, recovery.TakeExpiries(), recovery.expiring());
  }
  if (recovery.write_refusal()) health_.MakeReadOnly(*recovery.write_refusal());
  manifest_.emplace(files_, directory_, std::move(manifest));
  manifest_->SetSavedIndex(recovery.saved_index_bytes(), recovery.SavedSegmentIds());
  reserve_.emplace(files_, directory_, options_);
  maintainer_.emplace(log_, *manifest_, health_, files_, *reserve_, directory_, options_);
  compactor_.emplace(Compactor::Parts{
      log_, index_, records_, committer_, *manifest_, health_, epochs_, *reserve_, files_, directory_, options_,
      [this](const log::Record& record) { return clock_.HasExpired(record); },
      [this](const AppendLock::Held& held, base::Location location) { publisher_.ForgetExpired(held, location); }});
  TakeReserve();
  return StartThreads();
}

// If the disk is full, the reserve is taken later. Until then the store counts as full.
void Store::TakeReserve() {
  if (health_.is_read_only()) return;
  std::uint64_t bytes = 0;
  {
    const AppendLock::Held held(log_.lock);
    bytes = log_.space.ReserveBytes(held);
  }
  const Status taken = reserve_->Hold(bytes);
  if (taken) return;
  const AppendLock::Held held(log_.lock);
  log_.tail.NoteReserve(held, ReserveState::kGivenUp);
  log_.tail.EndWork(held, RoomState::Job::kRoom, taken);
}

// If the system refuses a thread, the destructor ends the others.
Status Store::StartThreads() {
  KVS_TRY(committer_.Start());
  KVS_TRY(maintainer_->Start());
  KVS_TRY(compactor_->Start());
  KVS_TRY(scrubber_.Start());
  return expirer_.Start();
}

// MarkSynced() writes down how far the last sync came. That is all of the log, so later damage is never mistaken for a
// torn tail.
Store::~Store() {
  if (!compactor_) return;  // Open() failed.
  scrubber_.Stop();
  expirer_.Stop();
  expirer_.SaveClock();
  bool is_synced = false;
  if (!health_.is_poisoned()) {
    const Status status = Sync();
    is_synced = status.has_value();
    if (!status && options_.log) options_.log("sync at closing: " + status.error().ToString());
  }
  {
    const AppendLock::Held held(log_.lock);
    log_.space.Stop(held);
  }
  compactor_->Join();
  maintainer_->Join();
  committer_.Stop();
  if (!is_synced || health_.is_poisoned()) return;
  committer_.MarkSynced();
  SaveIndexAtClosing();
}

void Store::SaveIndexAtClosing() {
  log::IndexFileHead head = DescribeLog();
  const bool is_saved = manifest_->saved_index_bytes() > 0 && report_.records == 0;
  if (is_saved && head.sequence == opened_sequence_ && compactor_->figures().compactions == 0) return;
  const AppendLock::Held held(log_.lock);  // No other thread is left.
  head.expiring = expirer_.figures(held).expiring;
  const auto bytes = SaveIndex(files_, directory_, std::move(head), expirer_.NotesToSave(held), &index_);
  if (!bytes && options_.log) options_.log("the index could not be saved: " + bytes.error().ToString());
}

// The segments that the index may point into: those with records.
log::IndexFileHead Store::DescribeLog() {
  const AppendLock::Held held(log_.lock);
  log::IndexFileHead head;
  head.sequence = log_.tail.last_sequence(held);
  for (const LogImage::Part& part : TakeLogImage(held, log_).parts) {
    const SegmentAccount& account = log_.segments.accounts(held)[part.slot];
    head.segments.push_back({part.segment->id(), part.slot, part.bytes, part.segment->Fingerprint(part.bytes),
                             part.last_sequence, account.hint_bytes, account.live_bytes, account.dead_bytes,
                             account.tombstone_bytes, account.newest_tombstone});
  }
  return head;
}

Status Store::Sync() {
  std::uint64_t position = 0;
  {
    const AppendLock::Held held(log_.lock);
    position = log_.tail.position(held);
  }
  if (health_.is_read_only()) return Ok();  // It has acknowledged no write.
  KVS_TRY(health_.Check());
  return committer_.WaitUntilSynced(position);
}

Result<EngineStats> Store::Stats() {
  const Compactor::Figures compaction = compactor_->figures();
  const std::uint64_t saved_index_bytes = manifest_->saved_index_bytes();
  const std::uint64_t reserve_bytes = reserve_->held_bytes();
  const Status health = health_.Check();
  const AppendLock::Held held(log_.lock);
  const SegmentAccounts::Totals& totals = log_.segments.accounts(held).totals();
  return EngineStats{.keys = index_.size(),
                     .live_bytes = totals.live_bytes,
                     .disk_bytes = totals.disk_bytes + saved_index_bytes + reserve_bytes,
                     .segments = totals.segments,
                     .index_bytes = index_.MemoryBytes(),
                     .compactions = compaction.compactions,
                     .written_bytes = log_.tail.position(held) + compaction.written_bytes,
                     .syncs = committer_.syncs(),
                     .expired = expirer_.figures(held).expired,
                     .expiring = expirer_.figures(held).expiring,
                     .clock_steps = clock_.steps(),
                     .scrubbed_bytes = scrubber_.figures().read_bytes,
                     .damaged_segments = scrubber_.figures().damages,
                     .poisoned = health ? std::nullopt : std::optional<Error>(health.error())};
}

Result<BackupInfo> Store::Backup(const std::filesystem::path& to, const BackupOptions& options) {
  return base::OrNoMemory([&] {
    BackupSource source{.files = files_, .directory = directory_, .image = {}};
    {
      const AppendLock::Held held(log_.lock);
      source.image = TakeLogImage(held, log_);
    }
    return MakeBackup(source, to, options);
  });
}

}  // namespace kvs::store
