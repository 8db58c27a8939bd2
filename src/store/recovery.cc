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

// Of the leaves of a saved index.
constexpr std::uint64_t kKeysPerSmallPage = 300;

}  // namespace

Result<log::Manifest> Recovery::Run() {
  KVS_TRY_ASSIGN(log::Manifest manifest, ReadManifest());
  KVS_TRY(RemoveLeftovers(manifest));
  KVS_TRY(OpenSealed(manifest));
  FindSavedIndex(manifest);
  KVS_TRY_ASSIGN(const LogEnd end, FindLogEnd(files_, directory_, manifest, KnownParts()));
  last_sequence_ = end.last_sequence;
  report_.torn_tail_bytes = end.torn_bytes;
  ReserveSlots();
  AddSealed();
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
  for (const log::ManifestEntry& entry : manifest.segments) {
    if (!entry.is_sealed()) continue;
    KVS_TRY_ASSIGN(auto segment, log::Segment::Open(files_, directory_, entry.segment_id));
    if (segment->readable_bytes() != entry.sealed_bytes) {
      return CorruptAt(log::SegmentPath(directory_, entry.segment_id), segment->readable_bytes(),
                       "the file should have " + std::to_string(entry.sealed_bytes) + " bytes");
    }
    sealed_.push_back({std::move(segment), entry.sealed_bytes});
  }
  return Ok();
}

// --- The saved index ---

void Recovery::FindSavedIndex(const log::Manifest& manifest) {
  const auto exists = files_.Exists(log::IndexPath(directory_));
  if (!exists || !*exists) return;
  auto saved = SavedIndex::Open(files_, directory_);
  if (!saved) return GiveUpSavedIndex(saved.error());
  saved_ = *std::move(saved);
  if (saved_->Fits(manifest, [&](std::uint64_t id) { return FindSegment(id); })) return;
  GiveUpSavedIndex({.code = ErrorCode::kCorruption, .context = "saved index: it belongs to other segments"});
}

// nullptr: it cannot be opened.
std::shared_ptr<log::Segment> Recovery::FindSegment(std::uint64_t id) const {
  const auto sealed =
      std::find_if(sealed_.begin(), sealed_.end(), [&](const Sealed& s) { return s.segment->id() == id; });
  if (sealed != sealed_.end()) return sealed->segment;
  auto open = log::Segment::Open(files_, directory_, id);
  return open ? *std::move(open) : nullptr;
}

// The file is of no use any more, and takes room.
void Recovery::GiveUpSavedIndex(const Error& why) {
  saved_.reset();
  if (options_.log) options_.log("the index is built from the records: " + why.ToString());
  static_cast<void>(files_.Remove(log::IndexPath(directory_)).has_value());
}

std::vector<KnownPart> Recovery::KnownParts() const {
  std::vector<KnownPart> known;
  if (!saved_) return known;
  for (const log::IndexFileSegment& saved : saved_->head().segments) {
    if (saved.last_sequence != 0) known.push_back({saved.segment_id, saved.bytes, saved.last_sequence});
  }
  return known;
}

io::Mapping Recovery::TakeIndexMapping() { return saved_ ? saved_->TakeMapping() : io::Mapping(); }

std::vector<std::uint64_t> Recovery::SavedSegmentIds() const {
  std::vector<std::uint64_t> ids;
  if (!saved_) return ids;
  for (const log::IndexFileSegment& saved : saved_->head().segments) ids.push_back(saved.segment_id);
  return ids;
}

// Its locations name segments by the slots that they had.
void Recovery::ReserveSlots() {
  if (!saved_) return;
  const sync::MutexLock lock(log_.mutex);
  for (const log::IndexFileSegment& saved : saved_->head().segments) {
    log_.accounts().Reserve(static_cast<std::uint32_t>(saved.slot));
  }
}

std::uint32_t Recovery::AddToLog(const std::shared_ptr<log::Segment>& segment, std::uint64_t file_bytes) {
  const log::IndexFileSegment* const saved = saved_ ? saved_->Find(segment->id()) : nullptr;
  if (saved == nullptr) return log_.AddSegment(segment, file_bytes);
  log_.AddSegmentAt(static_cast<std::uint32_t>(saved->slot), segment, file_bytes);
  return static_cast<std::uint32_t>(saved->slot);
}

void Recovery::AddSealed() {
  const sync::MutexLock lock(log_.mutex);
  for (const Sealed& sealed : sealed_) {
    sources_.push_back({sealed.segment, AddToLog(sealed.segment, sealed.bytes), sealed.bytes, true});
  }
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
                                                           part.synced_bytes, is_last ? capacity_bytes : 0));
    std::shared_ptr<log::Segment> segment = writer->segment();
    if (!is_last) {
      KVS_TRY_ASSIGN(segment, writer->Seal());
      manifest->Find(id)->sealed_bytes = part.used_bytes;
      manifest->sequence = part.last_sequence;
    }
    const std::uint32_t slot = AddToLog(segment, segment->readable_bytes());
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
  const std::uint32_t slot = log_.AddNewSegment(writer->segment());
  log_.Start(std::move(writer), slot, last_sequence_);
  return Ok();
}

// --- The index ---

// What was read decides whether the saved index is taken: all of it must be newer, and not so much that building the
// index from all records would be done before.
Status Recovery::FillIndex() {
  std::uint32_t slots = 0;
  {
    const sync::MutexLock lock(log_.mutex);
    slots = static_cast<std::uint32_t>(log_.accounts().accounts().size());
  }
  if (saved_ && !IsSavedIndexWorthwhile()) {
    GiveUpSavedIndex({.code = ErrorCode::kUnsupported, .context = "saved index: too much came after it"});
  }
  std::optional<IndexRebuild> rebuild;
  rebuild.emplace(files_, directory_, SourcesToRead(), slots, records_, options_.log);
  KVS_TRY(rebuild->Read(index_));
  if (saved_ && rebuild->sequence_min() <= saved_->head().sequence) {
    GiveUpSavedIndex({.code = ErrorCode::kCorruption, .context = "saved index: older records came after it"});
    rebuild.emplace(files_, directory_, SourcesToRead(), slots, records_, options_.log);
    KVS_TRY(rebuild->Read(index_));
  }
  if (saved_) {
    const bool changes_much = rebuild->records() > saved_->head().keys / kKeysPerSmallPage;
    KVS_TRY(saved_->Load(&index_, changes_much ? SavedIndex::Leaves::kPages : SavedIndex::Leaves::kViews));
    KVS_TRY(rebuild->Apply(&index_));
  } else {
    KVS_TRY(rebuild->Build(&index_));
  }
  FillAccounts(&*rebuild);
  expiries_ = rebuild->TakeExpiries();
  report_.segments = sources_.size();
  report_.index_was_saved = saved_.has_value();
  return Ok();
}

// To look up one record costs as much as to read and sort several.
bool Recovery::IsSavedIndexWorthwhile() const {
  constexpr std::uint64_t kWorth = 4;
  std::uint64_t all_bytes = 0;
  std::uint64_t new_bytes = 0;
  for (const IndexRebuild::Source& source : sources_) {
    const log::IndexFileSegment* const saved = saved_->Find(source.segment->id());
    all_bytes += source.bytes;
    new_bytes += source.bytes - (saved != nullptr ? saved->bytes : 0);
  }
  return new_bytes <= all_bytes / kWorth;
}

std::vector<IndexRebuild::Source> Recovery::SourcesToRead() const {
  std::vector<IndexRebuild::Source> sources = sources_;
  if (!saved_) return sources;
  for (IndexRebuild::Source& source : sources) {
    if (const auto* const saved = saved_->Find(source.segment->id())) source.from = saved->bytes;
  }
  return sources;
}

void Recovery::FillAccounts(IndexRebuild* rebuild) {
  const std::vector<std::uint64_t> dead_bytes = rebuild->dead_bytes();
  const sync::MutexLock lock(log_.mutex);
  SegmentAccounts& accounts = log_.accounts();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const std::uint32_t slot = sources_[i].slot;
    const SegmentTally& tally = rebuild->tallies()[i];
    std::uint64_t hint_bytes = tally.hint_bytes;
    if (const auto* const saved = saved_ ? saved_->Find(sources_[i].segment->id()) : nullptr) {
      accounts.AddLive(slot, saved->live_bytes);
      accounts.AddDead(slot, saved->dead_bytes);
      accounts.AddTombstone(slot, saved->tombstone_bytes, saved->newest_tombstone);
      hint_bytes = saved->last_sequence == 0 ? saved->hint_bytes : HintBytesOf(saved->segment_id);
    }
    accounts.AddLive(slot, tally.put_bytes);
    accounts.AddTombstone(slot, tally.tombstone_bytes, tally.newest_tombstone);
    if (sources_[i].is_sealed) log_.SealSegment(slot, sources_[i].segment, hint_bytes);
    report_.records += tally.records;
    report_.segments_from_hints += tally.hint_bytes > 0 ? 1 : 0;
  }
  for (const IndexRebuild::Source& source : sources_) accounts.LiveToDead(source.slot, dead_bytes[source.slot]);
}

// 0: there is none, or it cannot be looked at.
std::uint64_t Recovery::HintBytesOf(std::uint64_t segment_id) const {
  const auto file = files_.Open(log::HintPath(directory_, segment_id), io::OpenMode::kRead);
  if (!file) return 0;
  return (*file)->Size().value_or(0);
}

}  // namespace kvs::store
