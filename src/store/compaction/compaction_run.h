// CompactionRun: rewrites some segments. What is still needed of them is copied in the order of the keys, and they are
// dropped.
//
// Design      A Gatherer reads the inputs, their needed records are sorted by key, and an OutputWriter copies them into
//             as many outputs as they take. Each output is part of the store as soon as it is whole. The inputs are
//             dropped together at the end. So a run may end after any output: what is copied stays, and the inputs have
//             that much more garbage.
// Threads     One run at a time, on the compactor's thread, without the append lock.
// Ordering    An output is on the disk, and named, before the index points into it. The log is synced before the
//             manifest forgets the inputs. So the writes that made their records garbage cannot be lost without them.
// Limits      16 bytes of memory for each record that is needed. After kRecordsMax records, further inputs are left.
// Errors      A bad record is reported and its segment left as it is: a bad record is never copied. Of an error that
//             passes (base::IsPassing) nothing is lost. A failed swap of the manifest poisons the store.
//
// Invariants  I1  A tombstone is dropped only if its key has a newer record, or if no segment but the inputs was made
//                 before it and holds a dead put. Only such a segment can hold an older record of the key: what is
//                 copied into a segment made later is live at the time.
//             I2  Of an expired pair, a tombstone with its sequence is copied, or nothing if the tombstone would be
//                 dropped. The index forgets the pair when the inputs are no longer part of the store.
//             I3  A record may be in an input and in an output for a while, with one sequence. Recovery takes either of
//                 them, or the tombstone. The outputs count as made when the run was planned, before the first look at
//                 what is live.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tunable.h"
#include "store/compaction/compaction_parts.h"
#include "store/compaction/gatherer.h"
#include "store/compaction/output_writer.h"
#include "store/compaction/run_plan.h"

namespace kvs::store {

class CompactionRun {
 public:
  enum class End : std::uint8_t {
    kInputsDropped,
    kGaveWay,  // Writers needed the room that further outputs would have taken.
  };

  // Under the append lock, which has been held since `inputs` were picked.
  // inputs: in, slots; not empty.
  CompactionRun(const AppendLock::Held& held, const CompactionParts& parts, std::vector<std::uint32_t> inputs);

  Result<End> Execute();

  std::uint64_t input_bytes() const { return plan_.input_bytes; }
  std::uint64_t written_bytes() const { return output_.whole_bytes(); }

 private:
  KVS_TUNABLE(std::size_t, kRecordsMax, std::size_t{16} << 20, 100, std::size_t{16} << 20);

  Result<End> GatherAndCopy();
  Status Gather();
  void DropInputsFrom(std::size_t count);
  Result<End> CopyAll();
  Status CopyAt(base::Location from);
  bool IsGivingWay(bool is_crowded) const;
  Status SyncLog();
  Status DropInputs() noexcept;
  void ForgetExpired();

  const CompactionParts& parts_;
  std::vector<std::uint32_t> inputs_;  // Slots.
  RunPlan plan_;
  std::uint64_t oldest_with_dead_puts_;  // When the first segment was made that is no input and holds a dead put.
  RunProgress progress_;
  Gatherer gatherer_;
  OutputWriter output_;
  std::vector<base::Location> expired_;  // Pairs that were not copied.
};

}  // namespace kvs::store
