// IndexRebuild: builds the index of a store from all of its records, or updates a saved index with the records that
// came after it.
//
// Design      All cores read the segments, or their hint files, and note each record in 24 bytes (index::Claim). The
//             claims are divided into parts, which are ranges of keys. Each part is sorted and becomes the leaves of a
//             part of the tree. So no record is looked up in the index, and few records are read twice. In a saved
//             index, all cores overwrite the keys that it has. New keys and removals follow one by one.
// Threads     One thread at a time. It starts others to help.
// Limits      Memory while it runs, besides the index: 24 bytes per record, also for removed and overwritten ones, and
//             up to 256 MiB for the keys that expire.
// Errors      kCorruption: a record is damaged; the context names its file and offset. With OnBadRecord::kSkip, what
//             lies before the next whole record is left out instead. kIo.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "index/claim_list.h"
#include "index/tree.h"
#include "index/tree_builder.h"
#include "io/file_system.h"
#include "kvs/result.h"
#include "log/record_scan.h"
#include "log/segment.h"
#include "log/segment_header.h"
#include "store/expiry/expiry_index.h"
#include "store/segments/record_reader.h"
#include "sync/mutex.h"
#include "sync/schedule.h"

namespace kvs::store {

// The records of one segment, counted.
struct SegmentTally {
  std::uint64_t records = 0;
  std::uint64_t hint_bytes = 0;  // The size of the hint file; 0: it is not usable, and the segment itself was read.
  std::uint64_t put_bytes = 0;   // All puts, also those with a newer record of their key.
  std::uint64_t tombstone_bytes = 0;
  std::uint64_t newest_tombstone = 0;  // The highest sequence of a tombstone.
  std::uint64_t expiring = 0;          // The number of puts with an expiry.
};

// The puts that are garbage, because their key has a newer record.
struct DeadPuts {
  std::vector<std::uint64_t> bytes_of_slots;  // The bytes of these puts, per slot.
  std::uint64_t expiring = 0;                 // The number of these puts that have an expiry.
};

class IndexRebuild {
 public:
  struct Source {
    std::shared_ptr<log::Segment> segment;
    std::uint32_t slot;
    std::uint64_t bytes;                            // The end of its records.
    bool is_sealed;                                 // Only a sealed segment may have a hint file.
    std::uint64_t from = log::kSegmentHeaderBytes;  // The offset of the first record to read.
  };

  enum class OnBadRecord : std::uint8_t { kFail, kSkip };

  // slots: in, higher than every slot that a location names. log: in, gets a line about the progress now and then, and
  // about each part that is skipped; may be empty.
  IndexRebuild(io::FileSystem& files, std::filesystem::path directory, std::vector<Source> sources, std::uint32_t slots,
               const RecordReader& records, std::function<void(const std::string&)> log,
               OnBadRecord on_bad_record = OnBadRecord::kFail);

  // The first step: reads the sources. index: in, still empty.
  Status Read(const index::Tree& index);

  // The second step: one of these. Build() fills an empty index. Apply() changes an index whose records are all older
  // than those that were read.
  Status Build(index::Tree* index);
  Status Apply(index::Tree* index);

  // One tally per source.
  const std::vector<SegmentTally>& tallies() const { return tallies_; }
  // The lowest sequence that was read; the highest number: no record was read.
  std::uint64_t sequence_min() const;
  std::uint64_t records() const;
  // The keys with an expiry, per source. Those of overwritten records are included.
  std::vector<ExpiryIndex> TakeExpiries() { return std::move(expiries_); }

  // The dead puts of all slots, after Build() or Apply().
  DeadPuts dead_puts() KVS_EXCLUDES(mutex_);

 private:
  Status ReadSource(const index::Tree& index, std::size_t number);
  Status ScanSegment(const Source& source, FunctionRef<void(const log::RecordSummary&)> visit) const;
  Result<bool> ReadHintOf(const Source& source, FunctionRef<void(const log::RecordSummary&)> visit,
                          SegmentTally* tally) const;
  void ReportProgress(const SegmentTally& tally) KVS_EXCLUDES(mutex_);
  std::size_t BringToOneDepth();
  std::vector<std::uint64_t> ChooseSplitters();
  Status PartitionBlocks(const std::vector<std::uint64_t>& splitters);
  Status BuildPart(index::TreeBuilder* builder, std::size_t depth, std::size_t number, index::TreeBuilder::Part* part);
  Result<std::vector<index::Claim>> SortPart(std::size_t depth, std::size_t number);
  Status OverwritePart(index::Tree* index, std::size_t depth, std::size_t number, std::vector<index::Claim>* others);
  Status OverwriteTogether(index::Tree* index, std::span<const index::Claim> claims, std::vector<index::Claim>* others,
                           DeadPuts* dead) const;
  Status ApplyOthers(index::Tree* index, std::span<const index::Claim> claims);
  Result<std::vector<std::string_view>> KeysOf(std::span<const index::Claim> claims) const;
  DeadPuts NoneDead() const { return {.bytes_of_slots = std::vector<std::uint64_t>(slots_)}; }
  Status CountDead(base::Location put, DeadPuts* dead) const;
  void AddDead(const DeadPuts& dead) KVS_EXCLUDES(mutex_);

  // Constant after construction.
  io::FileSystem& files_;
  const std::filesystem::path directory_;
  const std::vector<Source> sources_;
  const RecordReader& records_;
  const std::function<void(const std::string&)> log_;
  const OnBadRecord on_bad_record_;
  const std::uint32_t slots_;

  // One element per source, written by one thread at a time.
  std::vector<index::ClaimList> claims_;
  std::vector<SegmentTally> tallies_;
  std::vector<std::uint64_t> sequence_mins_;
  std::vector<ExpiryIndex> expiries_;

  sync::Mutex mutex_;
  std::chrono::steady_clock::time_point last_report_ KVS_GUARDED_BY(mutex_) = sync::SteadyClock::now();
  std::size_t sources_read_ KVS_GUARDED_BY(mutex_) = 0;
  std::uint64_t records_read_ KVS_GUARDED_BY(mutex_) = 0;
  DeadPuts dead_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::store
