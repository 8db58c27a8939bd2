#include "store/compaction/run_plan.h"

#include <algorithm>

#include "base/probe.h"

namespace kvs::store {

RunPlan RunPlan::Of(const AppendLock::Held& held, const LiveLog& log, std::span<const std::uint32_t> inputs) {
  RunPlan plan{.segment_bytes = log.space.CapacityForNext(held),
               .base_sequence = log.tail.last_sequence(held) + 1,
               .created_sequence = log.tail.last_sequence(held) + 1,
               .may_grow = inputs.size() > 1};
  for (const std::uint32_t slot : inputs) {
    const SegmentAccount& account = log.segments.accounts(held)[slot];
    plan.input_bytes += account.disk_bytes();
    plan.copied_bytes_max += account.live_bytes + account.tombstone_bytes;
    plan.base_sequence = std::min(plan.base_sequence, account.segment->header().base_sequence);
  }
  return plan;
}

std::uint64_t RunPlan::OutputBytesMax() const {
  return log::kSegmentHeaderBytes + copied_bytes_max + (may_grow ? copied_bytes_max * 5 / 4 : 0);
}

Result<bool> RunProgress::Note(std::uint64_t done_bytes) {
  if (done_bytes - reported_bytes_ < kReportBytes) return false;
  reported_bytes_ = done_bytes;
  const AppendLock::Held held(log_.lock);
  KVS_PROBE_IF(log_.space.is_stopped(held), "closing ends a compaction");
  if (log_.space.is_stopped(held)) return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
  const double done = static_cast<double>(done_bytes) / static_cast<double>(plan_.input_bytes + plan_.copied_bytes_max);
  const std::uint64_t freed = plan_.input_bytes - std::min(plan_.input_bytes, plan_.copied_bytes_max);
  log_.space.NoteComingFree(held, static_cast<std::uint64_t>(static_cast<double>(freed) * std::min(done, 1.0)));
  return log_.space.IsOverBound(held);
}

}  // namespace kvs::store
