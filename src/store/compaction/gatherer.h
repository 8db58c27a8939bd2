// Gatherer: finds what is still needed of the inputs of a compaction.
//
// Design      An input is read from end to end, in the order of the log. Its account tells the dead puts
//             (dead_offsets), so the other puts are needed. Their values are not read here, because the copying checks
//             every byte that it copies. The bytes of what was found must be those of the account. If they are not, a
//             head is damaged, and the input is read once more with all its checksums. The index is asked about
//             tombstones. For a segment that was there before the store was opened, dead_offsets are not known: it is
//             read with all checksums, and the index is asked about each record.
// Threads     One at a time, without the append lock.
// Limits      16 bytes of memory for each record that is needed.
// Errors      kCorruption: a bad record. The segment is marked as damaged, and nothing of it may be copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "log/record_scan.h"
#include "store/compaction/compaction_parts.h"
#include "store/compaction/key_order.h"
#include "store/compaction/run_plan.h"

namespace kvs::store {

class Gatherer {
 public:
  Gatherer(const CompactionParts& parts, RunProgress& progress) : parts_(parts), progress_(progress) {}

  // Adds what is needed of one input.
  Status Read(std::uint32_t slot);

  // The needed records of all inputs so far.
  std::vector<KeyedLocation>& records() { return records_; }
  // The bytes of the inputs that were read.
  std::uint64_t read_bytes() const { return read_bytes_; }

 private:
  struct Input;
  class Questions;

  Input InputAt(std::uint32_t slot) const;
  // False: the account does not agree with what was found.
  Result<bool> ReadByAccount(const Input& input);
  Status ReadWhole(const Input& input);
  Status Note(std::uint64_t bytes);
  void AddNeeded(std::uint32_t slot, const log::RecordSummary& record);

  const CompactionParts& parts_;
  RunProgress& progress_;
  std::vector<KeyedLocation> records_;
  std::uint64_t read_bytes_ = 0;
};

}  // namespace kvs::store
