// CompactionRun: rewrites some segments: what is needed of them is copied, in the order of the keys, and they are
// dropped.
//
// Design      Reads the inputs from end to end, sorts what of them is needed by key, and copies it into as many outputs
//             as it takes. What is garbage the accounts know (dead_offsets); the index is asked about tombstones, and
//             about segments from before the store was opened. What is garbage is read once, in the order of the log.
//             An output is part of the store as soon as it is whole: the manifest names it, then the index entries
//             move over. The inputs go together at the end. So a run may end after any output: what is copied stays,
//             and the inputs have that much more garbage.
// Threads     One run at a time, on the compactor's thread, without the append lock.
// Ordering    An output is on the disk, and named, before the index points into it; the log is synced before the
//             manifest forgets the inputs, so that what made their records garbage cannot be lost without them.
// Limits      16 bytes of memory for each record that is needed, kRecordsMax records: further inputs are left.
// Errors      A bad record is reported and its segment left as it is: a bad record is never copied. What passes
//             (base::IsPassing): nothing is lost. A failed swap of the manifest poisons the store.
//
// Invariants  I1  A tombstone is dropped only when its key has a newer record, or when no segment but the inputs was
//                 made before it and holds a dead put: only such a one can hold an older record of the key. A segment
//                 made later holds none, because what is copied into it is live at the time.
//             I2  Of a pair whose time has come, a tombstone with its sequence is copied, or nothing where a tombstone
//                 would be dropped. The index forgets it when the inputs are no part of the store any more.
//             I3  A record may be in an input and in an output for a while, with one sequence: recovery takes
//                 either, or the tombstone. The outputs count as made when the run was planned, before the first look
//                 at what is live.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/tunable.h"
#include "index/tree.h"
#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "log/record_scan.h"
#include "log/sealed_segment_writer.h"
#include "store/compaction/key_order.h"
#include "store/segments/manifest_keeper.h"
#include "store/segments/record_reader.h"
#include "store/space/health.h"
#include "store/space/reserve.h"
#include "store/tail/committer.h"
#include "store/tail/live_log.h"

namespace kvs::store {

struct CompactionParts {  // Of the store; all outlive the compactor.
  LiveLog& log;
  index::Tree& index;
  const RecordReader& records;
  Committer& committer;
  ManifestKeeper& manifest;
  Health& health;
  sync::EpochDomain& epochs;
  Reserve& reserve;
  io::FileSystem& files;
  const std::filesystem::path& directory;
  const KvStoreOptions& options;
  // Whether the time of a pair has come; and, under the append lock, what becomes of one whose record was not copied
  // because of that.
  std::function<bool(const log::Record& record)> is_expired;
  std::function<void(const AppendLock::Held& held, base::Location location)> forget_expired;
};

class CompactionRun {
 public:
  enum class End : std::uint8_t {
    kInputsDropped,
    kGaveWay,  // To writers, whom its outputs left no room.
  };

  // The append lock has been held since `inputs` were picked from the accounts; they are not empty.
  CompactionRun(const AppendLock::Held& held, const CompactionParts& parts, std::vector<std::uint32_t> inputs);

  Result<End> Execute();

  std::uint64_t input_bytes() const { return input_bytes_; }      // What the inputs take on the disk.
  std::uint64_t written_bytes() const { return written_bytes_; }  // To outputs that are whole.

 private:
  KVS_TUNABLE(std::size_t, kRecordsMax, std::size_t{16} << 20, 100, std::size_t{16} << 20);
  // So many records are looked up in step, and moved in the index under one append lock, so that writers wait only
  // shortly.
  static constexpr std::size_t kTogether = index::Tree::kTogetherMax;
  // How often the log is told of the progress, in bytes read or copied.
  KVS_TUNABLE(std::uint64_t, kProgressBytes, std::uint64_t{1} << 20, std::uint64_t{4} << 10, std::uint64_t{4} << 20);

  struct Move {
    base::Location from;
    std::uint64_t to_offset;
    std::uint64_t from_bytes;
    std::uint64_t to_bytes;
  };
  struct Output {
    std::unique_ptr<log::SealedSegmentWriter> writer;
    std::vector<Move> moves;
    std::uint64_t tombstone_bytes = 0;
    std::uint64_t newest_tombstone = 0;
  };

  void NoteOutputToCome(const AppendLock::Held& held);
  Result<End> GatherAndCopy();
  Status Gather();
  Status GatherFrom(std::uint32_t slot);
  void AddNeeded(std::uint32_t slot, const log::RecordSummary& record);
  void AskIndex(std::uint32_t slot, std::span<const log::RecordSummary> records);
  // Without the inputs from `count` on.
  void KeepInputs(std::size_t count);
  Result<End> CopyAll();
  Status CopyAt(base::Location from);
  Status CopyPut(base::Location from, const log::Record& record, std::uint64_t sequence);
  Status CopyTombstone(std::string_view key, std::uint64_t sequence);
  struct Copied {
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  Result<Copied> Copy(const log::RecordDraft& draft, std::uint64_t sequence);
  Status MakeRoom(std::uint64_t bytes);
  Status BeginOutput();
  Status FinishOutput();
  Status NameOutput(const log::Segment& output) noexcept;
  Status Publish(const std::shared_ptr<log::Segment>& output, std::uint64_t hint_bytes) noexcept;
  Status MoveEntries(const log::Segment& output, std::uint32_t slot);
  void MoveEntry(const AppendLock::Held& held, const Move& move, std::uint32_t slot, std::string_view key,
                 const index::LeafHint& hint);
  bool IsProgressDue(std::uint64_t done_bytes) const { return done_bytes - reported_bytes_ >= kProgressBytes; }
  // Tells the log how much of what the run will free is earned. True: writers have no room meanwhile.
  Result<bool> NoteProgress(std::uint64_t done_bytes);
  Status SyncLog();
  Status DropInputs() noexcept;
  void ForgetExpired();
  void RemoveFiles(std::uint64_t segment_id);

  // Constant once the run is planned.
  const CompactionParts& parts_;
  std::vector<std::uint32_t> inputs_;  // Slots.
  std::uint64_t input_bytes_ = 0;
  std::uint64_t copied_bytes_max_ = 0;
  std::uint64_t segment_bytes_ = 0;  // Of an output, but for a record that is larger.
  std::uint64_t base_sequence_ = 0;  // The lowest of the inputs.
  std::uint64_t created_sequence_ = 0;
  std::uint64_t oldest_with_dead_puts_ = 0;  // Among the segments that are no input: when the first of them was made.

  std::vector<KeyedLocation> records_;   // Of the inputs, what is needed.
  Output output_;                        // Being written, if it has a writer.
  std::vector<base::Location> expired_;  // That were not copied.
  std::uint64_t run_ = 0;                // As the outputs' headers say; 0: none yet.
  std::uint64_t written_bytes_ = 0;
  std::uint64_t moved_bytes_ = 0;      // Of puts that were copied.
  std::uint64_t tombstone_bytes_ = 0;  // Of tombstones that were copied.
  std::uint64_t gathered_bytes_ = 0;   // Read of the inputs.
  std::uint64_t reported_bytes_ = 0;   // Read and copied, as the log was told last.
};

}  // namespace kvs::store
