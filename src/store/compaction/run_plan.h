// RunPlan: what is known of a compaction run before it reads its inputs. RunProgress: how much of it is done.
//
// Threads     One at a time. Both take the append lock only where they say so.
#pragma once

#include <cstdint>
#include <span>

#include "base/tunable.h"
#include "kvs/result.h"
#include "store/segments/append_lock.h"
#include "store/tail/live_log.h"

namespace kvs::store {

struct RunPlan {
  std::uint64_t input_bytes = 0;       // On the disk.
  std::uint64_t copied_bytes_max = 0;  // Of records that may be needed.
  std::uint64_t segment_bytes = 0;     // The size of an output, unless one record is larger.
  std::uint64_t base_sequence = 0;     // The lowest of the inputs.
  std::uint64_t created_sequence = 0;  // The outputs count as created at this sequence.
  bool may_grow = false;               // Records that move to an older base sequence may get a longer head.

  // inputs: in, slots.
  static RunPlan Of(const AppendLock::Held& held, const LiveLog& log, std::span<const std::uint32_t> inputs);

  // The most that all outputs can take on the disk.
  std::uint64_t OutputBytesMax() const;
};

class RunProgress {
 public:
  RunProgress(LiveLog& log, const RunPlan& plan) : log_(log), plan_(plan) {}

  // Tells the log now and then how much room the run has earned. True: writers have no room meanwhile. kPoisoned: the
  // store is closing. Takes the append lock.
  // done_bytes: in, bytes of the inputs read and bytes of the outputs written.
  Result<bool> Note(std::uint64_t done_bytes);

 private:
  // The bytes between two reports.
  KVS_TUNABLE(std::uint64_t, kReportBytes, std::uint64_t{1} << 20, std::uint64_t{4} << 10, std::uint64_t{4} << 20);

  LiveLog& log_;
  const RunPlan& plan_;
  std::uint64_t reported_bytes_ = 0;
};

}  // namespace kvs::store
