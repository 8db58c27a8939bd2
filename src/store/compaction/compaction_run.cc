#include "store/compaction/compaction_run.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "log/file_names.h"
#include "store/compaction/compaction_plan.h"
#include "store/compaction/dead_records.h"
#include "store/tail/maintainer.h"

namespace kvs::store {

CompactionRun::CompactionRun(const AppendLock::Held& held, const CompactionParts& parts,
                             std::vector<std::uint32_t> inputs)
    : parts_(parts), inputs_(std::move(inputs)) {
  const SegmentAccounts& accounts = parts_.log.segments.accounts(held);
  segment_bytes_ = parts_.log.space.CapacityForNext(held);
  created_sequence_ = parts_.log.tail.last_sequence(held) + 1;
  base_sequence_ = created_sequence_;
  for (const std::uint32_t slot : inputs_) {
    const SegmentAccount& account = accounts[slot];
    input_bytes_ += account.disk_bytes();
    copied_bytes_max_ += account.live_bytes + account.tombstone_bytes;
    base_sequence_ = std::min(base_sequence_, account.segment->header().base_sequence);
  }
  oldest_with_dead_puts_ = OldestWithDeadPuts(accounts, inputs_);
  NoteOutputToCome(held);
}

Result<CompactionRun::End> CompactionRun::Execute() {
  if (copied_bytes_max_ > 0) {
    auto end = base::OrNoMemory([&] { return GatherAndCopy(); });
    KVS_PROBE_IF(!end && output_.writer != nullptr, "compaction removes its unfinished output");
    if (!end && output_.writer != nullptr) RemoveFiles(output_.writer->segment_id());
    if (!end || *end != End::kInputsDropped) return end;
  }
  KVS_TRY(SyncLog());
  KVS_TRY(DropInputs());
  return End::kInputsDropped;
}

// Records may grow by the longer form of their sequences, where these are counted from an older segment's.
void CompactionRun::NoteOutputToCome(const AppendLock::Held& held) {
  const std::uint64_t growth_max = inputs_.size() > 1 ? copied_bytes_max_ * 5 / 4 : 0;
  const std::uint64_t bytes_max = log::kSegmentHeaderBytes + copied_bytes_max_ + growth_max;
  parts_.log.space.NoteOutputToCome(held, bytes_max - std::min(bytes_max, written_bytes_));
}

Result<CompactionRun::End> CompactionRun::GatherAndCopy() {
  KVS_TRY(Gather());
  SortByKey(&records_, parts_.records);
  return CopyAll();
}

// --- The contents of the inputs ---

Status CompactionRun::Gather() {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    KVS_TRY(GatherFrom(inputs_[i]));
    if (records_.size() > kRecordsMax && i + 1 < inputs_.size()) {
      KVS_PROBE("too many records for one run of compaction");
      KeepInputs(i + 1);
      return Ok();
    }
  }
  return Ok();
}

Status CompactionRun::GatherFrom(std::uint32_t slot) {
  std::shared_ptr<log::Segment> input;
  std::optional<std::vector<std::uint32_t>> dead_offsets;
  {
    const AppendLock::Held held(parts_.log.lock);
    input = parts_.log.segments.accounts(held)[slot].segment;
    dead_offsets = parts_.log.segments.accounts(held)[slot].dead_offsets;
  }
  const std::uint64_t end = input->readable_bytes();
  std::optional<DeadRecords> dead;
  if (dead_offsets) dead.emplace(end, *dead_offsets);
  std::array<log::RecordSummary, kTogether> asked;  // NOLINT(cppcoreguidelines-pro-type-member-init): see count.
  std::size_t count = 0;
  Result<bool> noted = false;
  const auto bad = log::ScanRecords(*input, log::kSegmentHeaderBytes, end, [&](const log::RecordSummary& record) {
    if (!noted) return;
    gathered_bytes_ += record.bytes;
    if (IsProgressDue(gathered_bytes_)) noted = NoteProgress(gathered_bytes_);
    if (dead && record.type == log::RecordType::kPut) {
      if (!dead->Contains(record.offset)) AddNeeded(slot, record);
      return;
    }
    asked[count++] = record;
    if (count == kTogether) AskIndex(slot, {asked.data(), std::exchange(count, 0)});
  });
  KVS_TRY(noted);
  AskIndex(slot, {asked.data(), count});
  if (bad == end) return Ok();
  const AppendLock::Held held(parts_.log.lock);
  KVS_PROBE("compaction finds a damaged segment");
  parts_.log.segments.accounts(held).MarkDamaged(slot);
  return parts_.records.DamageAt(base::Location(slot, bad));
}

void CompactionRun::AddNeeded(std::uint32_t slot, const log::RecordSummary& record) {
  records_.push_back({KeyHead(record.key, 0), base::Location(slot, record.offset)});
}

// A put is needed if the index points at it. That is a question of locations alone, since a location is that of one
// record: what the index points at instead is in no cache, mostly, and not read. A tombstone is needed if its key has
// no newer record, and if CopyAt() finds that it guards something.
void CompactionRun::AskIndex(std::uint32_t slot, std::span<const log::RecordSummary> records) {
  std::array<std::string_view, kTogether> keys;
  for (std::size_t i = 0; i < records.size(); ++i) keys[i] = records[i].key;
  const auto compare = [&](std::size_t i, base::Location location) {
    if (records[i].type != log::RecordType::kPut) return parts_.records.Compare(location, keys[i]);
    return location == base::Location(slot, records[i].offset) ? index::Match::kSame : index::Match::kOther;
  };
  std::array<index::LookUp, kTogether> found;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by the next.
  {
    const auto guard = parts_.epochs.Pin();
    parts_.index.FindMany({keys.data(), records.size()}, compare, std::span(found).first(records.size()));
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bool is_found = found[i].outcome == index::Outcome::kFound;
    const bool is_put = records[i].type == log::RecordType::kPut;
    if (is_found == is_put) AddNeeded(slot, records[i]);
  }
}

void CompactionRun::KeepInputs(std::size_t count) {
  const AppendLock::Held held(parts_.log.lock);
  const SegmentAccounts& accounts = parts_.log.segments.accounts(held);
  for (std::size_t i = count; i < inputs_.size(); ++i) input_bytes_ -= accounts[inputs_[i]].disk_bytes();
  inputs_.resize(count);
  oldest_with_dead_puts_ = OldestWithDeadPuts(accounts, inputs_);
}

// --- Copying ---

Result<CompactionRun::End> CompactionRun::CopyAll() {
  PrefetchGroup(parts_.records, records_, 0);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (i % kFetchTogether == 0) PrefetchGroup(parts_.records, records_, i + kFetchTogether);
    KVS_TRY(CopyAt(records_[i].location));
    const std::uint64_t copied = written_bytes_ + (output_.writer != nullptr ? output_.writer->used_bytes() : 0);
    if (!IsProgressDue(gathered_bytes_ + copied)) continue;
    KVS_TRY_ASSIGN(const bool is_crowded, NoteProgress(gathered_bytes_ + copied));
    // One output is within the bound, further ones take of the room that writers may come to need. But a run that gives
    // way copies its tombstones again the next time: it would never end if it moved nothing else.
    KVS_PROBE_IF(is_crowded && written_bytes_ > 0 && moved_bytes_ <= tombstone_bytes_,
                 "run of tombstones does not give way");
    if (!is_crowded || written_bytes_ == 0 || moved_bytes_ <= tombstone_bytes_) continue;
    KVS_TRY(FinishOutput());
    return End::kGaveWay;
  }
  KVS_TRY(FinishOutput());
  return End::kInputsDropped;
}

// The record is read again with its checksum: since it was gathered it may have left the memory and come back from the
// disk. A tombstone that was gathered guards nothing where all that was made before it is among the inputs.
Status CompactionRun::CopyAt(base::Location from) {
  const std::optional<log::Record> record = parts_.records.Read(from);
  if (!record) return parts_.records.DamageAt(from);
  const std::uint64_t sequence = parts_.records.SequenceOf(from, *record);
  const bool is_put = record->type == log::RecordType::kPut;
  const bool has_expired = is_put && parts_.is_expired(*record);
  KVS_PROBE_IF(has_expired, "compaction drops an expired pair");
  if (has_expired) expired_.push_back(from);
  if (is_put && !has_expired) return CopyPut(from, *record, sequence);
  return sequence >= oldest_with_dead_puts_ ? CopyTombstone(record->key, sequence) : Ok();
}

Status CompactionRun::CopyPut(base::Location from, const log::Record& record, std::uint64_t sequence) {
  const log::RecordDraft draft = log::DraftPut(record.key, record.value, record.expiry());
  KVS_TRY_ASSIGN(const Copied copied, Copy(draft, sequence));
  output_.moves.push_back({from, copied.offset, record.bytes(), copied.bytes});
  moved_bytes_ += copied.bytes;
  return Ok();
}

Status CompactionRun::CopyTombstone(std::string_view key, std::uint64_t sequence) {
  KVS_TRY_ASSIGN(const Copied copied, Copy(log::DraftTombstone(key), sequence));
  output_.tombstone_bytes += copied.bytes;
  tombstone_bytes_ += copied.bytes;
  output_.newest_tombstone = std::max(output_.newest_tombstone, sequence);
  return Ok();
}

Result<CompactionRun::Copied> CompactionRun::Copy(const log::RecordDraft& draft, std::uint64_t sequence) {
  const std::uint64_t bytes = log::RecordBytes(draft, sequence - base_sequence_);
  KVS_TRY(MakeRoom(bytes));
  KVS_TRY_ASSIGN(const std::uint64_t offset, output_.writer->Append(draft, sequence));
  return Copied{offset, bytes};
}

Status CompactionRun::MakeRoom(std::uint64_t bytes) {
  const bool is_full = output_.writer != nullptr && output_.writer->used_bytes() + bytes > segment_bytes_;
  if (is_full) KVS_TRY(FinishOutput());
  return output_.writer == nullptr ? BeginOutput() : Ok();
}

Status CompactionRun::BeginOutput() {
  log::SegmentHeader header{.segment_id = parts_.manifest.TakeSegmentId(),
                            .base_sequence = base_sequence_,
                            .created_sequence = created_sequence_};
  header.run = run_ == 0 ? header.segment_id : run_;
  KVS_TRY_ASSIGN(output_.writer, log::SealedSegmentWriter::Create(parts_.files, parts_.directory, header));
  run_ = header.run;
  return Ok();
}

// --- An output is whole ---

Status CompactionRun::FinishOutput() {
  if (output_.writer == nullptr) return Ok();
  KVS_TRY_ASSIGN(const std::shared_ptr<log::Segment> segment, output_.writer->Seal());
  KVS_TRY(NameOutput(*segment));
  const std::uint64_t hint_bytes =
      WriteHint(parts_.files, parts_.directory, *segment, output_.writer->hint_outline(), parts_.log);
  written_bytes_ += output_.writer->used_bytes();
  const Status moved = Publish(segment, hint_bytes);
  output_ = Output();
  return moved;
}

// From here on a want of memory ends the process: half of it done would be worse, and opening the store makes it whole.
Status CompactionRun::NameOutput(const log::Segment& output) noexcept {
  Status named = parts_.manifest.Edit([&](log::Manifest& manifest) {
    manifest.Add({.segment_id = output.id(), .sealed_bytes = output.readable_bytes()});
  });
  if (named || base::IsPassing(named.error())) return named;
  KVS_PROBE("manifest may name an output or not");
  output_ = Output();  // The manifest on the disk may name it: its file must stay.
  const AppendLock::Held held(parts_.log.lock);
  return parts_.log.space.Poison(held, named.error());
}

Status CompactionRun::Publish(const std::shared_ptr<log::Segment>& output, std::uint64_t hint_bytes) noexcept {
  std::uint32_t slot = 0;
  {
    const AppendLock::Held held(parts_.log.lock);
    slot = parts_.log.segments.AddNew(held, output);
    NoteOutputToCome(held);
    parts_.log.segments.Seal(held, slot, output, hint_bytes);
    if (output_.tombstone_bytes > 0) {
      parts_.log.segments.accounts(held).AddTombstone(slot, output_.tombstone_bytes, output_.newest_tombstone);
    }
  }
  return MoveEntries(*output, slot);
}

// Where the output cannot be read back, the entries of its inputs stay as they are, and so do the inputs.
Status CompactionRun::MoveEntries(const log::Segment& output, std::uint32_t slot) {
  std::array<std::string_view, kTogether> keys;
  std::array<index::LeafHint, kTogether> hints;
  for (std::size_t begin = 0; begin < output_.moves.size(); begin += kTogether) {
    const std::span<const Move> moves =
        std::span(output_.moves).subspan(begin, std::min(kTogether, output_.moves.size() - begin));
    for (std::size_t i = 0; i < moves.size(); ++i) {
      const auto copy = output.Decode(moves[i].to_offset);
      KVS_PROBE_IF(!copy, "output cannot be read back");
      if (!copy) return parts_.records.DamageAt(base::Location(slot, moves[i].to_offset));
      keys[i] = copy->key;
    }
    {
      const auto guard = parts_.epochs.Pin();
      parts_.index.PrefetchLeavesOf({keys.data(), moves.size()}, hints);
    }
    const AppendLock::Held held(parts_.log.lock);
    for (std::size_t i = 0; i < moves.size(); ++i) MoveEntry(held, moves[i], slot, keys[i], hints[i]);
  }
  return Ok();
}

// An entry that was overwritten or removed meanwhile stays as it is: what was copied for it is dead.
void CompactionRun::MoveEntry(const AppendLock::Held& held, const Move& move, std::uint32_t slot, std::string_view key,
                              const index::LeafHint& hint) {
  SegmentAccounts& accounts = parts_.log.segments.accounts(held);
  const base::Location to(slot, move.to_offset);
  if (parts_.index.Replace(key, move.from, to, hint)) {
    accounts.LiveToDead(move.from, move.from_bytes);
    accounts.AddLive(slot, move.to_bytes);
  } else {
    KVS_PROBE("entry changed while it was copied");
    accounts.AddDead(to, move.to_bytes);
  }
}

Result<bool> CompactionRun::NoteProgress(std::uint64_t done_bytes) {
  reported_bytes_ = done_bytes;
  const AppendLock::Held held(parts_.log.lock);
  KVS_PROBE_IF(parts_.log.space.is_stopped(held), "closing ends a compaction");
  if (parts_.log.space.is_stopped(held)) return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
  const double done = static_cast<double>(done_bytes) / static_cast<double>(input_bytes_ + copied_bytes_max_);
  const std::uint64_t freed = input_bytes_ - std::min(input_bytes_, copied_bytes_max_);
  parts_.log.space.NoteComingFree(held, static_cast<std::uint64_t>(static_cast<double>(freed) * std::min(done, 1.0)));
  return parts_.log.space.IsOverBound(held);
}

// --- The inputs go ---

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
  // The files go before their bytes are subtracted: writers may use that room immediately. Readers have the mappings.
  for (const std::uint64_t id : input_ids) RemoveFiles(id);
  ForgetExpired();
  const AppendLock::Held held(parts_.log.lock);
  for (const std::uint32_t slot : inputs_) parts_.log.segments.Retire(held, slot);
  parts_.log.space.NoteRetired(held);
  return Ok();
}

// The inputs are still mapped.
void CompactionRun::ForgetExpired() {
  for (std::size_t begin = 0; begin < expired_.size(); begin += kTogether) {
    const std::size_t count = std::min(kTogether, expired_.size() - begin);
    const AppendLock::Held held(parts_.log.lock);
    for (const base::Location location : std::span(expired_).subspan(begin, count))
      parts_.forget_expired(held, location);
  }
}

// Of a segment that is no part of the store. What cannot be removed goes at the next opening.
void CompactionRun::RemoveFiles(std::uint64_t segment_id) {
  const Status removed = parts_.files.Remove(log::SegmentPath(parts_.directory, segment_id));
  KVS_PROBE_IF(!removed, "dropped segment stays");
  if (!removed && parts_.options.log) parts_.options.log("a dropped segment stays: " + removed.error().ToString());
  static_cast<void>(parts_.files.Remove(log::HintPath(parts_.directory, segment_id)).has_value());  // Most have none.
}

}  // namespace kvs::store
