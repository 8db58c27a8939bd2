#include "store/compactor.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/try.h"
#include "log/file_names.h"
#include "log/record_scan.h"
#include "log/segment_writer.h"
#include "store/compaction_plan.h"
#include "store/maintainer.h"

namespace kvs::store {

void Compactor::Join() {
  if (thread_.joinable()) thread_.join();
}

void Compactor::Start() {
  thread_ = std::thread([this] { RunThread(); });
}

Status Compactor::Compact() {
  const sync::MutexLock lock(parts_.log.mutex);
  const std::uint64_t request = ++requests_;
  parts_.log.compaction_wanted.NotifyAll();
  while (answered_ < request && !parts_.log.is_stopped()) parts_.log.compaction_wanted.Wait(parts_.log.mutex);
  if (answered_ < request) return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
  return last_answer_;
}

Compactor::Figures Compactor::figures() const {
  return {.compactions = compactions_.load(std::memory_order_relaxed),       // R1
          .written_bytes = written_bytes_.load(std::memory_order_relaxed)};  // R1
}

void Compactor::RunThread() {
  while (const auto work = WaitForWork()) {
    if (work->requests != 0) {
      const Status status = CompactAll();
      Answer(work->requests, status);
    } else if (work->is_due) {
      CompactBecauseDue();
    }
    FreeUnreachable();
  }
}

void Compactor::CompactBecauseDue() {
  const auto has_gained = CompactOnce(0);
  if (has_gained) return;
  if (parts_.options.log) parts_.options.log("compaction: " + has_gained.error().ToString());
  const sync::MutexLock lock(parts_.log.mutex);
  parts_.log.SetNothingToGain();
}

std::optional<Compactor::Work> Compactor::WaitForWork() {
  const sync::MutexLock lock(parts_.log.mutex);
  while (!parts_.log.is_stopped()) {
    if (answered_ < requests_) return Work{.requests = requests_};
    if (!parts_.health.is_poisoned() && parts_.log.IsCompactionDue()) return Work{.is_due = true};
    if (parts_.log.has_retired()) {
      parts_.log.compaction_wanted.WaitUntil(parts_.log.mutex,
                                             std::chrono::steady_clock::now() + kUnreachableCheckInterval);
      if (!parts_.log.is_stopped()) return Work{};
    } else {
      parts_.log.compaction_wanted.Wait(parts_.log.mutex);
    }
  }
  return std::nullopt;
}

void Compactor::Answer(std::uint64_t requests, const Status& status) {
  const sync::MutexLock lock(parts_.log.mutex);
  answered_ = requests;
  last_answer_ = status;
  parts_.log.compaction_wanted.NotifyAll();
}

Status Compactor::CompactAll() {
  std::uint64_t made_before = 0;
  auto status = SealActive(&made_before);
  if (!status && status.error().code == ErrorCode::kNoSpace) {
    KVS_TRY(CompactWhileWorthwhile());  // What is sealed already may give the room that sealing needs.
    status = SealActive(&made_before);
  }
  KVS_TRY(status);
  while (true) {
    KVS_TRY_ASSIGN(const bool has_gained, CompactOnce(made_before));
    if (!has_gained) return Ok();
    FreeUnreachable();
  }
}

Status Compactor::SealActive(std::uint64_t* made_before) {
  const sync::MutexLock lock(parts_.log.mutex);
  KVS_TRY(parts_.log.SealActive());
  *made_before = parts_.log.last_sequence() + 1;
  return Ok();
}

Status Compactor::CompactWhileWorthwhile() {
  while (true) {
    KVS_TRY_ASSIGN(const bool has_gained, CompactOnce(0));
    if (!has_gained) return Ok();
    FreeUnreachable();
  }
}

Result<bool> Compactor::CompactOnce(std::uint64_t made_before) {
  KVS_TRY(parts_.health.Check());
  Run run = PlanRun(made_before);
  if (run.inputs.empty()) return false;
  std::shared_ptr<log::Segment> output;
  if (run.copied_bytes_max > 0) {
    KVS_TRY_ASSIGN(output, WriteOutput(&run));
  }
  if (output != nullptr) Publish(&run, output);
  Status status = SyncLog();
  if (status) status = ForgetInputs(run, output.get());
  if (status) {
    compactions_.fetch_add(1, std::memory_order_relaxed);  // R1
    return true;
  }
  if (status.error().code != ErrorCode::kNoSpace) {
    const sync::MutexLock lock(parts_.log.mutex);
    return parts_.log.Poison(status.error());
  }
  if (output != nullptr) TakeBack(run, *output);
  return std::move(status).error();
}

Compactor::Run Compactor::PlanRun(std::uint64_t made_before) {
  const sync::MutexLock lock(parts_.log.mutex);
  SegmentAccounts& accounts = parts_.log.accounts();
  Run run;
  run.inputs = PickInputs(accounts, {.copied_bytes_max = parts_.log.CapacityForNext(), .made_before = made_before});
  // Under the same lock, or a segment that is sealed meanwhile would be taken for one that was looked at.
  if (run.inputs.empty() && made_before == 0) parts_.log.SetNothingToGain();
  run.created_sequence = parts_.log.last_sequence() + 1;
  run.base_sequence = run.created_sequence;
  run.oldest_with_dead_puts = OldestWithDeadPuts(accounts, run.inputs);
  for (const std::uint32_t slot : run.inputs) {
    const SegmentAccount& account = accounts[slot];
    run.copied_bytes_max += account.live_bytes + account.tombstone_bytes;
    run.base_sequence = std::min(run.base_sequence, account.segment->header().base_sequence);
  }
  return run;
}

Result<std::shared_ptr<log::Segment>> Compactor::WriteOutput(Run* run) {
  const log::SegmentHeader header{.segment_id = parts_.manifest.TakeSegmentId(),
                                  .base_sequence = run->base_sequence,
                                  .created_sequence = run->created_sequence};
  // A record may grow by the longer form of its sequence, so the address space is generous; the file is not.
  const std::uint64_t capacity_bytes = log::kSegmentHeaderBytes + run->copied_bytes_max * 9 / 4;
  const std::uint64_t first_bytes =
      std::min(log::kSegmentHeaderBytes + run->copied_bytes_max, log::SegmentWriter::kFirstStepBytes);
  KVS_TRY_ASSIGN(const auto writer,
                 log::SegmentWriter::Create(parts_.files, parts_.directory, header, capacity_bytes, first_bytes));
  auto output = FillOutput(run, writer.get());
  if (!output || *output == nullptr) {
    static_cast<void>(parts_.files.Remove(log::SegmentPath(parts_.directory, header.segment_id)).has_value());
  }
  return output;
}

Result<std::shared_ptr<log::Segment>> Compactor::FillOutput(Run* run, log::SegmentWriter* output) {
  for (const std::uint32_t slot : run->inputs) KVS_TRY(CopyNeeded(run, output, slot));
  if (output->used_bytes() == log::kSegmentHeaderBytes) return std::shared_ptr<log::Segment>();
  written_bytes_.fetch_add(output->used_bytes(), std::memory_order_relaxed);  // R1
  run->writes_hint = output->IsHintWorthwhile();
  return output->Seal();
}

Status Compactor::CopyNeeded(Run* run, log::SegmentWriter* output, std::uint32_t slot) {
  std::shared_ptr<log::Segment> input;
  {
    const sync::MutexLock lock(parts_.log.mutex);
    input = parts_.log.accounts()[slot].segment;
  }
  Status status;
  const std::uint64_t end = input->readable_bytes();
  const auto bad = log::ScanRecords(*input, log::kSegmentHeaderBytes, end, [&](const log::RecordSummary& record) {
    const base::Location at(slot, record.offset);
    if (status && IsNeeded(*run, at, record)) status = CopyRecord(run, output, at, record);
  });
  if (bad == end) return status;
  const sync::MutexLock lock(parts_.log.mutex);
  parts_.log.accounts().MarkDamaged(slot);
  return parts_.records.DamageAt(base::Location(slot, bad));
}

bool Compactor::IsNeeded(const Run& run, base::Location at, const log::RecordSummary& record) const {
  const auto guard = parts_.epochs.Pin();
  const index::LookUp found = parts_.index.Find(record.key);
  if (record.type == log::RecordType::kPut) return found.outcome == index::Outcome::kFound && found.location == at;
  const bool key_has_newer_record = found.outcome == index::Outcome::kFound;
  return !key_has_newer_record && record.sequence >= run.oldest_with_dead_puts;
}

Status Compactor::CopyRecord(Run* run, log::SegmentWriter* output, base::Location from,
                             const log::RecordSummary& summary) {
  const std::optional<log::Record> record = parts_.records.Decode(from);
  if (!record) return parts_.records.DamageAt(from);
  const bool is_put = summary.type == log::RecordType::kPut;
  const log::RecordDraft draft =
      is_put ? log::DraftPut(record->key, record->value, record->expiry_ms) : log::DraftTombstone(record->key);
  const std::uint64_t bytes = log::RecordBytes(draft, summary.sequence - run->base_sequence);
  if (output->used_bytes() + bytes > output->reserved_bytes()) {
    KVS_TRY_ASSIGN(const std::uint64_t reserved, output->Extend(output->used_bytes() + bytes, io::Grain::kCoarse));
    output->GrowTo(reserved);
  }
  KVS_TRY_ASSIGN(const std::uint64_t offset, output->Append(draft, summary.sequence));
  if (is_put) {
    run->moves.push_back({{}, from, base::Location(0, offset), summary.bytes, bytes});
  } else {
    run->tombstone_bytes += bytes;
    run->newest_tombstone = std::max(run->newest_tombstone, summary.sequence);
  }
  return Ok();
}

void Compactor::Publish(Run* run, const std::shared_ptr<log::Segment>& output) {
  const std::uint64_t hint_bytes = run->writes_hint ? WriteHint(parts_.files, parts_.directory, *output) : 0;
  std::uint32_t slot = 0;
  {
    const sync::MutexLock lock(parts_.log.mutex);
    slot = parts_.log.AddSegment(output, output->readable_bytes());
    parts_.log.SealSegment(slot, output, hint_bytes);
    if (run->tombstone_bytes > 0) {
      parts_.log.accounts().AddTombstone(slot, run->tombstone_bytes, run->newest_tombstone);
    }
  }
  run->output_slot = slot;
  for (Move& move : run->moves) {
    move.key = output->Decode(move.to.offset())->key;  // Only now: sealing may have made another object of the segment.
    move.to = base::Location(slot, move.to.offset());
  }
  MoveEntries(run->moves);
}

// The manifest could not be written for want of room: the inputs stay, and the output goes.
void Compactor::TakeBack(const Run& run, const log::Segment& output) {
  std::vector<Move> back = run.moves;
  for (Move& move : back) {
    std::swap(move.from, move.to);
    std::swap(move.from_bytes, move.to_bytes);
  }
  MoveEntries(back);
  {
    const sync::MutexLock lock(parts_.log.mutex);
    parts_.log.Retire(*run.output_slot);
  }
  RemoveFiles(output.id());
}

// An entry that was overwritten or removed meanwhile stays as it is: what was copied for it is dead.
void Compactor::MoveEntries(const std::vector<Move>& moves) {
  for (std::size_t begin = 0; begin < moves.size(); begin += kMovesUnderLock) {
    const std::size_t end = std::min(moves.size(), begin + kMovesUnderLock);
    const sync::MutexLock lock(parts_.log.mutex);
    SegmentAccounts& accounts = parts_.log.accounts();
    for (std::size_t i = begin; i < end; ++i) {
      const Move& move = moves[i];
      if (parts_.index.Replace(move.key, move.from, move.to)) {
        accounts.LiveToDead(move.from.slot(), move.from_bytes);
        accounts.AddLive(move.to.slot(), move.to_bytes);
      } else {
        accounts.AddDead(move.to.slot(), move.to_bytes);
      }
    }
  }
}

Status Compactor::SyncLog() {
  std::uint64_t position = 0;
  {
    const sync::MutexLock lock(parts_.log.mutex);
    position = parts_.log.position();
  }
  return parts_.committer.WaitUntilSynced(position);
}

Status Compactor::ForgetInputs(const Run& run, const log::Segment* output) {
  std::vector<std::uint64_t> input_ids;
  {
    const sync::MutexLock lock(parts_.log.mutex);
    for (const std::uint32_t slot : run.inputs) input_ids.push_back(parts_.log.accounts()[slot].segment->id());
  }
  Status swapped = parts_.manifest.Edit([&](log::Manifest& manifest) {
    for (const std::uint64_t id : input_ids) manifest.Remove(id);
    if (output != nullptr) manifest.Add({.segment_id = output->id(), .sealed_bytes = output->readable_bytes()});
  });
  if (!swapped) return swapped;
  // First the files go, then what they take on the disk: writers may use that room at once. Readers have the mappings.
  for (const std::uint64_t id : input_ids) RemoveFiles(id);
  const sync::MutexLock lock(parts_.log.mutex);
  for (const std::uint32_t slot : run.inputs) parts_.log.Retire(slot);
  return Ok();
}

// Of a segment that is no part of the store any more. What cannot be removed goes at the next opening.
void Compactor::RemoveFiles(std::uint64_t segment_id) {
  const Status removed = parts_.files.Remove(log::SegmentPath(parts_.directory, segment_id));
  if (!removed && parts_.options.log) parts_.options.log("a dropped segment stays: " + removed.error().ToString());
  static_cast<void>(parts_.files.Remove(log::HintPath(parts_.directory, segment_id)).has_value());  // Most have none.
}

void Compactor::FreeUnreachable() {
  std::vector<std::shared_ptr<log::Segment>> unreachable;
  {
    const sync::MutexLock lock(parts_.log.mutex);
    unreachable = parts_.log.TakeUnreachable();
  }
}

}  // namespace kvs::store
