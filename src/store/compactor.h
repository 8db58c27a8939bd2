// Compactor: the thread that gives back the space of overwritten and removed records.
//
// Design      Takes the sealed segments whose rewriting frees most for what must be copied, copies the records that the
//             index still points at into one new segment, moves the index entries over, swaps the manifest, and drops
//             the old files. Starts before the garbage reaches its bound; at the bound writers wait for it.
// Threads     Compact() from any thread, without the append lock.
// Ordering    The output is on the disk before the index points into it; the log is synced before the manifest forgets
//             the inputs, so that what made their records garbage cannot be lost without them.
// Errors      A bad record is reported and its segment left as it is: a bad record is never copied. kNoSpace: tried
//             again when something changed. A failed swap of the manifest poisons the store.
//
// Invariants  I1  A tombstone is dropped only when its key has a newer record, or when no segment but the inputs was
//                 made before it and holds a dead put: only such a one can hold an older record of the key. A segment
//                 made later holds none, because what is copied into it is live at the time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "index/tree.h"
#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "log/record_scan.h"
#include "log/segment_writer.h"
#include "store/committer.h"
#include "store/health.h"
#include "store/live_log.h"
#include "store/manifest_keeper.h"
#include "store/record_reader.h"

namespace kvs::store {

class Compactor {
 public:
  struct Parts {  // Of the store; all outlive the compactor.
    LiveLog& log;
    index::Tree& index;
    const RecordReader& records;
    Committer& committer;
    ManifestKeeper& manifest;
    Health& health;
    sync::EpochDomain& epochs;
    io::FileSystem& files;
    const std::filesystem::path& directory;
    const KvStoreOptions& options;
  };
  struct Figures {
    std::uint64_t compactions = 0;
    std::uint64_t written_bytes = 0;
  };

  explicit Compactor(const Parts& parts) : parts_(parts) {}
  ~Compactor();  // LiveLog::Stop() came before; joins.

  void Start();

  // Rewrites every segment with garbage in it, the active one included, and returns when that is done.
  Status Compact();

  Figures figures() const;

 private:
  // Index entries are moved in groups of this size, so that writers wait only shortly.
  static constexpr std::size_t kMovesUnderLock = 64;
  // How often it looks whether the readers of a dropped segment are gone.
  static constexpr std::chrono::milliseconds kUnreachableCheckInterval{100};

  struct Move {
    std::string_view key;  // In the output, once that is whole.
    base::Location from;
    base::Location to;
    std::uint64_t from_bytes;
    std::uint64_t to_bytes;
  };
  struct Run {
    std::vector<std::uint32_t> inputs;  // Slots.
    std::uint64_t copied_bytes_max = 0;
    std::uint64_t base_sequence = 0;  // The lowest of the inputs.
    std::uint64_t created_sequence = 0;
    std::uint64_t oldest_with_dead_puts = 0;  // Among the segments that are no input: when the first of them was made.
    std::vector<Move> moves;
    std::uint64_t tombstone_bytes = 0;  // Copied.
    std::uint64_t newest_tombstone = 0;
    bool writes_hint = false;
    std::optional<std::uint32_t> output_slot;
  };

  void RunThread();
  struct Work {
    bool is_due = false;
    std::uint64_t requests = 0;  // Not 0: calls of Compact() up to this one are to be answered.
  };
  // Waits until compaction is due or asked for, or segments may have become unreachable; nullopt: the store stops.
  std::optional<Work> WaitForWork();
  void Answer(std::uint64_t requests, const Status& status);
  Status CompactAll();
  // Seals the active segment; `made_before`: every record up to now stands in a segment made before that sequence.
  Status SealActive(std::uint64_t* made_before);
  Status CompactWhileWorthwhile();
  void CompactBecauseDue();
  // One run: some inputs, at most one output. `made_before`: takes every segment with garbage that was made before this
  // sequence, oldest first; 0: takes those that are worth it. False: there was nothing to do.
  Result<bool> CompactOnce(std::uint64_t made_before);
  Run PlanRun(std::uint64_t made_before);
  // nullptr: nothing of the inputs is needed any more.
  Result<std::shared_ptr<log::Segment>> WriteOutput(Run* run);
  Result<std::shared_ptr<log::Segment>> FillOutput(Run* run, log::SegmentWriter* output);
  Status CopyNeeded(Run* run, log::SegmentWriter* output, std::uint32_t slot);
  Status CopyRecord(Run* run, log::SegmentWriter* output, base::Location from, const log::RecordSummary& summary);
  bool IsNeeded(const Run& run, base::Location at, const log::RecordSummary& record) const;
  void Publish(Run* run, const std::shared_ptr<log::Segment>& output);
  void MoveEntries(const std::vector<Move>& moves);
  Status ForgetInputs(const Run& run, const log::Segment* output);
  void TakeBack(const Run& run, const log::Segment& output);
  void RemoveFiles(std::uint64_t segment_id);
  Status SyncLog();
  void FreeUnreachable();

  const Parts parts_;

  // How often Compact() was called, how many of the calls are answered, and what the last answer was.
  std::uint64_t requests_ KVS_GUARDED_BY(parts_.log.mutex) = 0;
  std::uint64_t answered_ KVS_GUARDED_BY(parts_.log.mutex) = 0;
  Status last_answer_ KVS_GUARDED_BY(parts_.log.mutex);

  std::atomic<std::uint64_t> compactions_{0};    // R1: relaxed, figures for people.
  std::atomic<std::uint64_t> written_bytes_{0};  // R1
  std::thread thread_;
};

}  // namespace kvs::store
