// Recovery: opens the files of a directory as a log that can be appended to and an index of its records.
//
// Design      The manifest names the segments that count. Sealed segments must be whole, or the opening fails. The open
//             ones, at the end of the log, are read to find where the log ends (FindLogEnd). Then the index is built
//             from all records: per key, the highest sequence wins (IndexRebuild). If a saved index belongs to the
//             segments, only the records after it are read.
// Errors      kCorruption, with file and offset: a byte is damaged that is not in a torn tail. A torn tail is after the
//             last whole record, and after everything that the synced marks cover.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "index/tree.h"
#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "log/manifest.h"
#include "log/segment.h"
#include "store/recovery/index_rebuild.h"
#include "store/recovery/log_end.h"
#include "store/recovery/saved_index.h"
#include "store/segments/record_reader.h"
#include "store/tail/live_log.h"

namespace kvs::store {

class Recovery {
 public:
  Recovery(io::FileSystem& files, std::filesystem::path directory, LiveLog& log, index::Tree& index,
           const RecordReader& records, const KvStoreOptions& options)
      : files_(files),
        directory_(std::move(directory)),
        log_(log),
        index_(index),
        records_(records),
        options_(options) {}

  // Opens the log and fills the index. The directory is locked, and no other thread uses log or index yet. Returns the
  // manifest that the next edit starts from. After an opening on a full disk it may be newer than the file.
  Result<log::Manifest> Run();

  // The same for a store that Run() has refused with `damage`: what is readable, for reading alone. Writes to no file.
  // The manifest that it returns must not be written.
  Result<log::Manifest> RunOnDamaged(const Error& damage);

  const OpenReport& report() const { return report_; }
  // Why the store cannot be written to; nullopt: it can.
  const std::optional<Error>& write_refusal() const { return write_refusal_; }
  // When to look at which key, and the number of pairs with an expiry.
  ExpiryIndex TakeExpiries() { return std::move(expiries_); }
  std::uint64_t expiring() const { return expiring_; }

  // The size of the saved index that was used, and the segments that it needs; 0 and empty: none was used.
  std::uint64_t saved_index_bytes() const { return saved_ ? saved_->head().file_bytes : 0; }
  std::vector<std::uint64_t> SavedSegmentIds() const;

 private:
  Result<log::Manifest> ReadOrCreateManifest();
  Status OpenSealed(const log::Manifest& manifest);
  Result<std::optional<Error>> FindSavedIndex(const log::Manifest& manifest);
  Status OpenSavedIndex(const log::Manifest& manifest);
  Result<std::shared_ptr<log::Segment>> FindSegment(std::uint64_t id) const;
  void GiveUpSavedIndex(const Error& why);
  std::vector<KnownPart> KnownParts() const;
  bool IsSavedIndexWorthwhile() const;
  void ReserveSlots() KVS_EXCLUDES(log_.lock);
  void AddSealed() KVS_EXCLUDES(log_.lock);
  std::uint32_t AddToLog(const AppendLock::Held& held, const std::shared_ptr<log::Segment>& segment,
                         std::uint64_t file_bytes);

  // An open segment that is ready for the opened store.
  struct FinishedPart {
    std::shared_ptr<log::Segment> segment;
    std::unique_ptr<log::SegmentWriter> writer;  // Only in the segment that is appended to.
    std::uint64_t used_bytes;
  };
  const OpenPart* PartToAppendTo(const std::vector<OpenPart>& parts) const;
  Status FinishOpenParts(const std::vector<OpenPart>& parts, log::Manifest* manifest) KVS_EXCLUDES(log_.lock);
  Result<std::vector<FinishedPart>> FinishFiles(const std::vector<OpenPart>& parts, log::Manifest* manifest);
  std::vector<FinishedPart> ShowFiles(const std::vector<OpenPart>& parts) const;
  Status EmptyFile(std::uint64_t segment_id);
  enum class OnFullDisk : std::uint8_t { kFail, kLeave };
  Status WriteManifest(const std::vector<std::uint64_t>& empty_ids, OnFullDisk then, log::Manifest* manifest);
  Result<FinishedPart> StartNewSegment(std::uint64_t capacity_bytes, log::Manifest* manifest);
  std::uint64_t CapacityForNext() KVS_EXCLUDES(log_.lock);

  Result<log::Manifest> ReadDamagedManifest() const;
  void AddReadable(const log::ManifestEntry& entry) KVS_EXCLUDES(log_.lock);

  Status FillIndex();
  std::vector<IndexRebuild::Source> SourcesToRead() const;
  void FillAccounts(IndexRebuild* rebuild) KVS_EXCLUDES(log_.lock);
  void FillExpiries(IndexRebuild* rebuild);
  std::uint64_t HintBytesOf(std::uint64_t segment_id) const;

  io::FileSystem& files_;
  const std::filesystem::path directory_;
  LiveLog& log_;
  index::Tree& index_;
  const RecordReader& records_;
  const KvStoreOptions& options_;

  struct Sealed {
    std::shared_ptr<log::Segment> segment;
    std::uint64_t bytes;
  };
  std::vector<Sealed> sealed_;
  std::optional<SavedIndex> saved_;
  std::vector<IndexRebuild::Source> sources_;  // All segments with records.
  std::uint64_t last_sequence_ = 0;
  log::Manifest on_disk_;
  std::optional<Error> write_refusal_;
  ExpiryIndex expiries_;
  std::uint64_t expiring_ = 0;
  OpenReport report_;
};

}  // namespace kvs::store
