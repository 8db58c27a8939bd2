#include "store/compaction/output_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "store/tail/maintainer.h"

namespace kvs::store {

OutputWriter::OutputWriter(const AppendLock::Held& held, const CompactionParts& parts, const RunPlan& plan)
    : parts_(parts), plan_(plan) {
  NoteOutputToCome(held);
}

void OutputWriter::NoteOutputToCome(const AppendLock::Held& held) {
  const std::uint64_t bytes_max = plan_.OutputBytesMax();
  parts_.log.space.NoteOutputToCome(held, bytes_max - std::min(bytes_max, whole_bytes_));
}

Status OutputWriter::CopyPut(base::Location from, std::uint64_t from_bytes, const log::RecordDraft& draft,
                             std::uint64_t sequence) {
  KVS_TRY_ASSIGN(const Copied copied, Copy(draft, sequence));
  moves_.push_back({from, copied.offset, from_bytes, copied.bytes});
  put_bytes_ += copied.bytes;
  return Ok();
}

Status OutputWriter::CopyTombstone(const log::RecordDraft& draft, std::uint64_t sequence) {
  KVS_TRY_ASSIGN(const Copied copied, Copy(draft, sequence));
  tombstones_.bytes += copied.bytes;
  tombstones_.newest = std::max(tombstones_.newest, sequence);
  tombstone_bytes_ += copied.bytes;
  return Ok();
}

Result<OutputWriter::Copied> OutputWriter::Copy(const log::RecordDraft& draft, std::uint64_t sequence) {
  const std::uint64_t bytes = log::RecordBytes(draft, sequence - plan_.base_sequence);
  KVS_TRY(MakeRoom(bytes));
  KVS_TRY_ASSIGN(const std::uint64_t offset, writer_->Append(draft, sequence));
  return Copied{offset, bytes};
}

Status OutputWriter::MakeRoom(std::uint64_t bytes) {
  if (writer_ != nullptr && writer_->used_bytes() + bytes > plan_.segment_bytes) KVS_TRY(Finish());
  return writer_ == nullptr ? Begin() : Ok();
}

Status OutputWriter::Begin() {
  log::SegmentHeader header{.segment_id = parts_.manifest.TakeSegmentId(),
                            .base_sequence = plan_.base_sequence,
                            .created_sequence = plan_.created_sequence};
  header.run = run_ == 0 ? header.segment_id : run_;
  KVS_TRY_ASSIGN(writer_, log::SealedSegmentWriter::Create(parts_.files, parts_.directory, header));
  run_ = header.run;
  return Ok();
}

Status OutputWriter::Finish() {
  if (writer_ == nullptr) return Ok();
  KVS_TRY_ASSIGN(const std::shared_ptr<log::Segment> segment, writer_->Seal());
  KVS_TRY(Name(*segment));
  const std::uint64_t hint_bytes =
      WriteHint(parts_.files, parts_.directory, *segment, writer_->hint_outline(), parts_.log);
  whole_bytes_ += writer_->used_bytes();
  const Status published = Publish(segment, hint_bytes);
  Close();
  return published;
}

void OutputWriter::Abandon() {
  KVS_PROBE_IF(writer_ != nullptr, "compaction removes its unfinished output");
  if (writer_ != nullptr) parts_.RemoveFiles(writer_->segment_id());
  Close();
}

void OutputWriter::Close() {
  writer_.reset();
  moves_.clear();
  tombstones_ = {};
}

// From here on a want of memory ends the process. Half of the work done would be worse, and opening the store makes it
// whole.
Status OutputWriter::Name(const log::Segment& output) noexcept {
  Status named = parts_.manifest.Edit([&](log::Manifest& manifest) {
    manifest.Add({.segment_id = output.id(), .sealed_bytes = output.readable_bytes()});
  });
  if (named || base::IsPassing(named.error())) return named;
  KVS_PROBE("manifest may name an output or not");
  Close();  // The manifest on the disk may name the output, so its file must stay.
  const AppendLock::Held held(parts_.log.lock);
  return parts_.log.space.Poison(held, named.error());
}

Status OutputWriter::Publish(const std::shared_ptr<log::Segment>& output, std::uint64_t hint_bytes) noexcept {
  std::uint32_t slot = 0;
  {
    const AppendLock::Held held(parts_.log.lock);
    slot = parts_.log.segments.AddNew(held, output);
    NoteOutputToCome(held);
    parts_.log.segments.Seal(held, slot, output, hint_bytes);
    if (tombstones_.bytes > 0)
      parts_.log.segments.accounts(held).AddTombstone(slot, tombstones_.bytes, tombstones_.newest);
  }
  return MoveEntries(*output, slot);
}

Status OutputWriter::MoveEntries(const log::Segment& output, std::uint32_t slot) {
  std::array<std::string_view, kCompactedTogether> keys;
  std::array<index::LeafHint, kCompactedTogether> hints;
  for (std::size_t begin = 0; begin < moves_.size(); begin += kCompactedTogether) {
    const std::span<const Move> moves =
        std::span(moves_).subspan(begin, std::min(kCompactedTogether, moves_.size() - begin));
    KVS_TRY(ReadKeys(output, slot, moves, keys));
    {
      const auto guard = parts_.epochs.Pin();
      parts_.index.PrefetchLeavesOf({keys.data(), moves.size()}, hints);
    }
    const AppendLock::Held held(parts_.log.lock);
    for (std::size_t i = 0; i < moves.size(); ++i) MoveEntry(held, moves[i], slot, keys[i], hints[i]);
  }
  return Ok();
}

Status OutputWriter::ReadKeys(const log::Segment& output, std::uint32_t slot, std::span<const Move> moves,
                              std::span<std::string_view> keys) const {
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const auto copy = output.Decode(moves[i].to_offset);
    KVS_PROBE_IF(!copy, "output cannot be read back");
    if (!copy) return parts_.records.DamageAt(base::Location(slot, moves[i].to_offset));
    keys[i] = copy->key;
  }
  return Ok();
}

// An entry that was overwritten or removed meanwhile stays as it is, and the copy of its record is dead.
void OutputWriter::MoveEntry(const AppendLock::Held& held, const Move& move, std::uint32_t slot, std::string_view key,
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

}  // namespace kvs::store
