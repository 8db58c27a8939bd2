// IndexRebuild: makes the index of a store anew, from all of its records, or brings a saved one up to date with
// the records that came after it.
//
// Design      All cores read the segments, or their hint files, and note 24 bytes for each record (index::Claim). The
//             notes are parted by ranges of keys, of which each is sorted and becomes the leaves of a part of the tree.
//             So no record is looked up in the index, and hardly one is looked at twice. In a saved index
//             keys that are there are overwritten by all cores; the others, and removals, follow one by one.
// Threads     One at a time, which takes others to help.
// Limits      Memory while it runs: 24 bytes a record, removed and overwritten ones included, beside the index, and
//             up to 256 MiB for the keys that expire.
// Errors      kCorruption with file and offset: a bad record. kIo.
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

namespace kvs::store {

// What a segment was found to hold.
struct SegmentTally {
  std::uint64_t records = 0;
  std::uint64_t hint_bytes = 0;  // 0: there is no usable hint file, and the segment itself was read.
  std::uint64_t put_bytes = 0;   // Of all puts, those included that a newer record of their key came after.
  std::uint64_t tombstone_bytes = 0;
  std::uint64_t newest_tombstone = 0;
  std::uint64_t expiring = 0;  // Of all puts, how many have an expiry.
};

// Puts that a newer record of their key came after.
struct DeadPuts {
  std::vector<std::uint64_t> bytes_of_slots;
  std::uint64_t expiring = 0;  // How many of them have an expiry.
};

class IndexRebuild {
 public:
  struct Source {
    std::shared_ptr<log::Segment> segment;
    std::uint32_t slot;
    std::uint64_t bytes;                            // How far its records go.
    bool is_sealed;                                 // And so may have a hint file.
    std::uint64_t from = log::kSegmentHeaderBytes;  // Where the first record of interest is.
  };

  // All slots that locations name are below `slots`. `log` is told now and then how far the reading came; it may be
  // empty.
  IndexRebuild(io::FileSystem& files, std::filesystem::path directory, std::vector<Source> sources, std::uint32_t slots,
               const RecordReader& records, std::function<void(const std::string&)> log);

  // The first step, for an index that is empty.
  Status Read(const index::Tree& index);

  // Then one of these: fills the index, or changes one in which nothing is newer than what was read.
  Status Build(index::Tree* index);
  Status Apply(index::Tree* index);

  // What was read: a tally for each source, and the lowest sequence of all; without any the highest.
  const std::vector<SegmentTally>& tallies() const { return tallies_; }
  std::uint64_t sequence_min() const;
  std::uint64_t records() const;
  // The keys whose records carry an expiry; of overwritten ones as well.
  std::vector<ExpiryIndex> TakeExpiries() { return std::move(expiries_); }

  // Those of all slots, once it is done.
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
  const std::uint32_t slots_;

  // Of each source; written by one thread at a time.
  std::vector<index::ClaimList> claims_;
  std::vector<SegmentTally> tallies_;
  std::vector<std::uint64_t> sequence_mins_;
  std::vector<ExpiryIndex> expiries_;

  sync::Mutex mutex_;
  std::chrono::steady_clock::time_point last_report_ KVS_GUARDED_BY(mutex_) = std::chrono::steady_clock::now();
  std::size_t sources_read_ KVS_GUARDED_BY(mutex_) = 0;
  std::uint64_t records_read_ KVS_GUARDED_BY(mutex_) = 0;
  DeadPuts dead_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::store
