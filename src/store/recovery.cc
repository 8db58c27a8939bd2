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
    const std::uint32_t slot = log_.AddSegment(segment, entry.sealed_bytes);
    sources_.push_back({std::move(segment), slot, entry.sealed_bytes, true});
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
    const std::uint32_t slot = log_.AddSegment(segment, segment->readable_bytes());
    sources_.push_back({std::move(segment), slot, part.used_bytes, !is_last});
    if (is_last) active = std::move(writer);
  }
  if (active != nullptr) {
    log_.Start(std::move(active), sources_.back().slot, last_sequence_);
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
  IndexRebuild rebuild(files_, directory_, sources_, records_, options_.log);
  KVS_TRY_ASSIGN(const std::vector<SegmentTally> tallies, rebuild.Run(&index_));
  report_.segments = sources_.size();
  const sync::MutexLock lock(log_.mutex);
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const SegmentTally& tally = tallies[i];
    SegmentAccounts& accounts = log_.accounts();
    accounts.AddLive(sources_[i].slot, tally.put_bytes - tally.dead_bytes);
    accounts.AddDead(sources_[i].slot, tally.dead_bytes);
    accounts.AddTombstone(sources_[i].slot, tally.tombstone_bytes, tally.newest_tombstone);
    if (sources_[i].is_sealed) log_.SealSegment(sources_[i].slot, sources_[i].segment, tally.hint_bytes);
    report_.records += tally.records;
    report_.segments_from_hints += tally.hint_bytes > 0 ? 1 : 0;
  }
  return Ok();
}

}  // namespace kvs::store
