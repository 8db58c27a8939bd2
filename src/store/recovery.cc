#include "store/recovery.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/try.h"
#include "log/file_names.h"
#include "log/segment_writer.h"

namespace kvs::store {
namespace {

Error CorruptAt(const std::filesystem::path& path, std::uint64_t offset, const std::string& what) {
  return Error{.code = ErrorCode::kCorruption,
               .context = path.string() + " offset=" + std::to_string(offset) + ": " + what};
}

}  // namespace

Result<log::Manifest> Recovery::Run() {
  KVS_TRY_ASSIGN(log::Manifest manifest, ReadManifest());
  KVS_TRY(RemoveLeftovers(manifest));
  KVS_TRY(OpenSealed(manifest));
  KVS_TRY_ASSIGN(const LogEnd end, FindLogEnd(files_, directory_, manifest));
  last_sequence_ = end.last_sequence;
  report_.torn_tail_bytes = end.torn_bytes;
  KVS_TRY(FinishOpenParts(end.parts, &manifest));
  KVS_TRY(FillIndex());
  KVS_TRY(RemoveTombstones());
  return manifest;
}

// A new store begins with an empty manifest, so segments without one are never taken for a new store.
Result<log::Manifest> Recovery::ReadManifest() {
  const std::filesystem::path path = log::ManifestPath(directory_);
  KVS_TRY_ASSIGN(const bool exists, files_.Exists(path));
  if (exists) {
    KVS_TRY_ASSIGN(const std::string bytes, files_.ReadFile(path, log::kManifestBytesMax));
    return log::DecodeManifest(bytes);
  }
  KVS_TRY_ASSIGN(const auto names, files_.List(directory_));
  for (const std::string& name : names) {
    if (log::SegmentIdOfFileName(name)) return CorruptAt(path, 0, "the manifest is missing, but segments are there");
  }
  log::Manifest manifest;
  KVS_TRY(files_.WriteFileAtomically(path, log::EncodeManifest(manifest)));
  return manifest;
}

Status Recovery::RemoveLeftovers(const log::Manifest& manifest) {
  KVS_TRY_ASSIGN(const auto names, files_.List(directory_));
  for (const std::string& name : names) {
    const auto id = log::SegmentIdOfFileName(name);
    const bool is_named = id && std::any_of(manifest.segments.begin(), manifest.segments.end(),
                                            [&](const log::ManifestEntry& entry) { return entry.segment_id == *id; });
    const bool is_ours = id || log::IsTemporaryFileName(name);
    if (is_ours && !is_named) KVS_TRY(files_.Remove(directory_ / name));
  }
  return Ok();
}

Status Recovery::OpenSealed(const log::Manifest& manifest) {
  const sync::MutexLock lock(log_.mutex);
  for (const log::ManifestEntry& entry : manifest.segments) {
    if (!entry.is_sealed()) continue;
    KVS_TRY_ASSIGN(auto segment, log::Segment::Open(files_, directory_, entry.segment_id));
    if (segment->readable_bytes() != entry.sealed_bytes) {
      return CorruptAt(log::SegmentPath(directory_, entry.segment_id), segment->readable_bytes(),
                       "the file should have " + std::to_string(entry.sealed_bytes) + " bytes");
    }
    slots_.push_back(log_.AddSegment(segment, entry.sealed_bytes));
    sources_.push_back({std::move(segment), entry.sealed_bytes, true});
  }
  return Ok();
}

// --- The log as it goes on ---

// The last open segment with records is appended to; those before it are sealed, those without records go.
Status Recovery::FinishOpenParts(const std::vector<OpenPart>& parts, log::Manifest* manifest) {
  const sync::MutexLock lock(log_.mutex);
  const std::uint64_t capacity_bytes = log_.CapacityForNext();
  const log::Manifest on_disk = *manifest;
  std::unique_ptr<log::SegmentWriter> active;
  for (const OpenPart& part : parts) {
    const std::uint64_t id = part.segment->id();
    if (part.records == 0) {
      dropped_ids_.push_back(id);
      manifest->Remove(id);
      continue;
    }
    const bool is_last = part.last_sequence == last_sequence_;
    KVS_TRY_ASSIGN(auto writer, log::SegmentWriter::Reopen(files_, directory_, part.segment->header(), part.used_bytes,
                                                           is_last ? capacity_bytes : 0));
    std::shared_ptr<log::Segment> segment = writer->segment();
    if (!is_last) {
      KVS_TRY_ASSIGN(segment, writer->Seal());
      manifest->Find(id)->sealed_bytes = part.used_bytes;
      manifest->sequence = part.last_sequence;
    }
    slots_.push_back(log_.AddSegment(segment, segment->readable_bytes()));
    sources_.push_back({std::move(segment), part.used_bytes, !is_last});
    if (is_last) active = std::move(writer);
  }
  if (active != nullptr) {
    log_.Start(std::move(active), slots_.back(), last_sequence_);
  } else {
    KVS_TRY(StartNewSegment(manifest));
  }
  if (*manifest != on_disk) {  // Else a full disk need not keep anyone from reading.
    KVS_TRY(files_.WriteFileAtomically(log::ManifestPath(directory_), log::EncodeManifest(*manifest)));
  }
  for (const std::uint64_t id : dropped_ids_) KVS_TRY(files_.Remove(log::SegmentPath(directory_, id)));
  return Ok();
}

Status Recovery::StartNewSegment(log::Manifest* manifest) {
  const log::SegmentHeader header{.segment_id = manifest->next_segment_id++,
                                  .base_sequence = last_sequence_ + 1,
                                  .created_sequence = last_sequence_ + 1};
  KVS_TRY_ASSIGN(auto writer, log::SegmentWriter::Create(files_, directory_, header, log_.CapacityForNext()));
  KVS_TRY(files_.SyncDirectory(directory_));
  manifest->Add({.segment_id = header.segment_id, .sealed_bytes = 0});
  const std::uint32_t slot = log_.AddSegment(writer->segment(), writer->reserved_bytes());
  log_.Start(std::move(writer), slot, last_sequence_);
  return Ok();
}

// --- The index ---

Status Recovery::FillIndex() {
  report_.segments = sources_.size();
  const std::vector<SegmentLoader::Source> sources = sources_;
  SegmentLoader loader(files_, directory_, sources);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    KVS_TRY_ASSIGN(const LoadedSegment loaded, loader.Next());
    for (const log::RecordSummary& record : loaded.records) KVS_TRY(AddToIndex(slots_[i], record));
    report_.records += loaded.records.size();
    report_.segments_from_hints += loaded.hint_bytes > 0 ? 1 : 0;
    if (sources[i].is_sealed) {
      const sync::MutexLock lock(log_.mutex);
      log_.SealSegment(slots_[i], sources[i].segment, loaded.hint_bytes);
    }
  }
  return Ok();
}

// Tombstones stay in the index until everything is read, so that an older record that comes later finds them.
Status Recovery::AddToIndex(std::uint32_t slot, const log::RecordSummary& record) {
  const base::Location location(slot, record.offset);
  const bool is_put = record.type == log::RecordType::kPut;
  if (!is_put) tombstones_.push_back(location);
  const index::Change change = index_.Upsert(record.key, location);
  if (change.outcome == index::Outcome::kDamaged) return records_.DamageAt(change.old);

  const sync::MutexLock lock(log_.mutex);
  SegmentAccounts& accounts = log_.accounts();
  if (!is_put) accounts.AddTombstone(slot, record.bytes, record.sequence);
  if (is_put) accounts.AddLive(slot, record.bytes);
  if (change.outcome == index::Outcome::kAbsent) return Ok();
  const auto old = records_.Decode(change.old);
  if (!old) return records_.DamageAt(change.old);
  if (records_.SequenceOf(change.old, *old) < record.sequence) {
    if (old->type == log::RecordType::kPut) accounts.LiveToDead(change.old.slot(), old->bytes());
    return Ok();
  }
  if (is_put) accounts.LiveToDead(slot, record.bytes);
  const index::Change back = index_.Upsert(record.key, change.old);
  return back.outcome == index::Outcome::kDamaged ? Status(records_.DamageAt(back.old)) : Ok();
}

Status Recovery::RemoveTombstones() {
  for (const base::Location location : tombstones_) {
    const auto record = records_.Decode(location);
    if (!record) return records_.DamageAt(location);
    index_.EraseExact(record->key, location);
  }
  tombstones_ = {};
  return Ok();
}

}  // namespace kvs::store
