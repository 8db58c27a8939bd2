#include "store/compaction/compaction_run.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "store/compaction/compaction_plan.h"
#include "store/compaction/key_order.h"

namespace kvs::store {

CompactionRun::CompactionRun(const AppendLock::Held& held, const CompactionParts& parts,
                             std::vector<std::uint32_t> inputs)
    : parts_(parts),
      inputs_(std::move(inputs)),
      plan_(RunPlan::Of(held, parts.log, inputs_)),
      oldest_with_dead_puts_(OldestWithDeadPuts(parts.log.segments.accounts(held), inputs_)),
      progress_(parts.log, plan_),
      gatherer_(parts_, progress_),
      output_(held, parts_, plan_) {}

Result<CompactionRun::End> CompactionRun::Execute() {
  if (plan_.copied_bytes_max > 0) {
    auto end = base::OrNoMemory([&] { return GatherAndCopy(); });
    if (!end) output_.Abandon();
    if (!end || *end != End::kInputsDropped) return end;
  }
  KVS_TRY(SyncLog());
  KVS_TRY(DropInputs());
  return End::kInputsDropped;
}

Result<CompactionRun::End> CompactionRun::GatherAndCopy() {
  KVS_TRY(Gather());
  SortByKey(&gatherer_.records(), parts_.records);
  return CopyAll();
}

Status CompactionRun::Gather() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    KVS_TRY(gatherer_.Read(inputs_[i]));
    if (gatherer_.records().size() > kRecordsMax && i + 1 < inputs_.size()) {
      KVS_PROBE("too many records for one run of compaction");
      DropInputsFrom(i + 1);
      return Ok();
    }
  }
  return Ok();
}

// These are no inputs of this run any more.
void CompactionRun::DropInputsFrom(std::size_t count) {
  const AppendLock::Held held(parts_.log.lock);
  const SegmentAccounts& accounts = parts_.log.segments.accounts(held);
  for (std::size_t i = count; i < inputs_.size(); ++i) plan_.input_bytes -= accounts[inputs_[i]].disk_bytes();
  inputs_.resize(count);
  oldest_with_dead_puts_ = OldestWithDeadPuts(accounts, inputs_);
}

Result<CompactionRun::End> CompactionRun::CopyAll() {
  const std::vector<KeyedLocation>& records = gatherer_.records();
  PrefetchGroup(parts_.records, records, 0);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i % kFetchTogether == 0) PrefetchGroup(parts_.records, records, i + kFetchTogether);
    KVS_TRY(CopyAt(records[i].location));
    KVS_TRY_ASSIGN(const bool is_crowded, progress_.Note(gatherer_.read_bytes() + output_.written_bytes()));
    if (!IsGivingWay(is_crowded)) continue;
    KVS_TRY(output_.Finish());
    return End::kGaveWay;
  }
  KVS_TRY(output_.Finish());
  return End::kInputsDropped;
}

// One output is within the bound. Further ones take room that writers may need. But a run that gives way copies its
// tombstones again the next time, so it would never end if it moved nothing else.
bool CompactionRun::IsGivingWay(bool is_crowded) const {
  const bool may_give_way = output_.put_bytes() > output_.tombstone_bytes();
  KVS_PROBE_IF(is_crowded && output_.whole_bytes() > 0 && !may_give_way, "run of tombstones does not give way");
  return is_crowded && output_.whole_bytes() > 0 && may_give_way;
}

// Here every byte that is copied is checked, once. Since it was gathered, the record may have left the memory and come
// back from the disk. A tombstone removes nothing if all that was made before it is among the inputs.
Status CompactionRun::CopyAt(base::Location from) {
  const std::optional<RecordCopy> copy = parts_.records.ReadToCopy(from);
  if (!copy) return parts_.NoteDamage(from);
  const bool is_put = copy->record.type == log::RecordType::kPut;
  const bool has_expired = is_put && parts_.is_expired(copy->record);
  if (is_put && !has_expired) return output_.CopyPut(from, copy->record.bytes(), copy->draft, copy->sequence);
  KVS_PROBE_IF(has_expired, "compaction drops an expired pair");
  if (has_expired) expired_.push_back(from);
  if (copy->sequence < oldest_with_dead_puts_) return Ok();
  return output_.CopyTombstone(has_expired ? log::DraftTombstone(copy->record.key) : copy->draft, copy->sequence);
}

Status CompactionRun::SyncLog() {
  std::uint64_t position = 0;
  {
    const AppendLock::Held held(parts_.log.lock);
    position = parts_.log.tail.position(held);
  }
  return parts_.committer.WaitUntilSynced(position);
}

Status CompactionRun::DropInputs() noexcept {
  std::vector<std::uint64_t> input_ids;
  {
    const AppendLock::Held held(parts_.log.lock);
    for (const std::uint32_t slot : inputs_)
      input_ids.push_back(parts_.log.segments.accounts(held)[slot].segment->id());
  }
  Status swapped = parts_.manifest.Edit([&](log::Manifest& manifest) {
    for (const std::uint64_t id : input_ids) manifest.Remove(id);
  });
  KVS_PROBE_IF(!swapped && base::IsPassing(swapped.error()), "no room to drop the inputs");
  if (!swapped && base::IsPassing(swapped.error())) return swapped;
  if (!swapped) {
    const AppendLock::Held held(parts_.log.lock);
    KVS_PROBE("manifest may name inputs or not");
    return parts_.log.space.Poison(held, swapped.error());
  }
  // The files go before their bytes are subtracted, because writers may use that room immediately. Readers have the
  // mappings.
  for (const std::uint64_t id : input_ids) parts_.RemoveFiles(id);
  ForgetExpired();
  const AppendLock::Held held(parts_.log.lock);
  for (const std::uint32_t slot : inputs_) parts_.log.segments.Retire(held, slot);
  parts_.log.space.NoteRetired(held);
  return Ok();
}

// The inputs are still mapped.
void CompactionRun::ForgetExpired() {
  for (std::size_t begin = 0; begin < expired_.size(); begin += kCompactedTogether) {
    const std::size_t count = std::min(kCompactedTogether, expired_.size() - begin);
    const AppendLock::Held held(parts_.log.lock);
    for (const base::Location location : std::span(expired_).subspan(begin, count))
      parts_.forget_expired(held, location);
  }
}

}  // namespace kvs::store
