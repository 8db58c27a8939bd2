#include "store/recovery/recovery.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "base/tunable.h"
#include "log/file_names.h"
#include "log/segment_writer.h"
#include "store/recovery/leftovers.h"
#include "store/recovery/torn_bytes.h"
#include "store/segments/store_files.h"

namespace kvs::store {
namespace {

// A saved index is used if at most this part (one in kWorth) of all bytes came after it.
KVS_TUNABLE(std::uint64_t, kWorth, 4, 1, 1'000);

// True if the system refuses to write to the files, for now or for good, but their contents are not in doubt. A lack of
// memory or descriptors is no such refusal: a store that is opened without them helps nobody.
bool IsRefusal(const Error& error) {
  const int number = error.sys_errno;
  return base::IsDiskFull(error) || number == EFBIG || number == EROFS || number == EACCES || number == EPERM;
}

}  // namespace

Result<log::Manifest> Recovery::Run() {
  KVS_TRY_ASSIGN(log::Manifest manifest, ReadOrCreateManifest());
  on_disk_ = manifest;
  KVS_TRY(OpenSealed(manifest));
  KVS_TRY_ASSIGN(const std::optional<Error> useless, FindSavedIndex(manifest));
  KVS_TRY_ASSIGN(const LogEnd end, FindLogEnd(files_, directory_, manifest, KnownParts()));
  if (useless) GiveUpSavedIndex(*useless);  // Not earlier, because a refused opening removes nothing.
  last_sequence_ = end.last_sequence;
  report_.torn_tail_bytes = end.torn_bytes;
  const Status cleared = ClearLeftovers(files_, directory_, last_sequence_, options_.log, &manifest);
  if (!cleared && !IsRefusal(cleared.error())) return cleared.error();
  ReserveSlots();
  AddSealed();
  KVS_TRY(FinishOpenParts(end.parts, &manifest));
  KVS_TRY(FillIndex());
  return manifest;
}

// A new store gets an empty manifest first. So segments without a manifest are never mistaken for a new store.
Result<log::Manifest> Recovery::ReadOrCreateManifest() {
  KVS_TRY_ASSIGN(auto manifest, FindManifest(files_, directory_));
  if (manifest) return *std::move(manifest);
  log::Manifest empty;
  KVS_TRY(files_.WriteFileAtomically(log::ManifestPath(directory_), log::EncodeManifest(empty)));
  return empty;
}

Status Recovery::OpenSealed(const log::Manifest& manifest) {
  for (const log::ManifestEntry& entry : manifest.segments) {
    if (!entry.is_sealed()) continue;
    KVS_TRY_ASSIGN(auto segment, log::Segment::Open(files_, directory_, entry.segment_id));
    if (segment->readable_bytes() != entry.sealed_bytes) {
      return DamageIn(log::SegmentPath(directory_, entry.segment_id), segment->readable_bytes(),
                      "the file should have " + std::to_string(entry.sealed_bytes) + " bytes");
    }
    sealed_.push_back({std::move(segment), entry.sealed_bytes});
  }
  return Ok();
}

// --- The saved index ---

// Returns why the saved index is useless; nullopt: it is not, or there is none. A lack of memory or descriptors is an
// error, because building the index instead would meet the same lack.
Result<std::optional<Error>> Recovery::FindSavedIndex(const log::Manifest& manifest) {
  const auto exists = files_.Exists(log::IndexPath(directory_));
  if (!exists || !*exists) return std::nullopt;
  const Status usable = OpenSavedIndex(manifest);
  if (usable) return std::nullopt;
  if (base::IsPassing(usable.error())) return usable.error();
  return std::optional(usable.error());
}

Status Recovery::OpenSavedIndex(const log::Manifest& manifest) {
  KVS_TRY_ASSIGN(auto saved, SavedIndex::Open(files_, directory_));
  KVS_TRY_ASSIGN(const bool fits, saved.Fits(manifest, [&](std::uint64_t id) { return FindSegment(id); }));
  if (!fits) return Error{.code = ErrorCode::kCorruption, .context = "saved index: it belongs to other segments"};
  saved_.emplace(std::move(saved));
  return Ok();
}

Result<std::shared_ptr<log::Segment>> Recovery::FindSegment(std::uint64_t id) const {
  const auto sealed =
      std::find_if(sealed_.begin(), sealed_.end(), [&](const Sealed& s) { return s.segment->id() == id; });
  if (sealed != sealed_.end()) return sealed->segment;
  return log::Segment::Open(files_, directory_, id);
}

// Removes the file, because it is useless and takes disk space.
void Recovery::GiveUpSavedIndex(const Error& why) {
  KVS_PROBE("saved index is given up");
  saved_.reset();
  if (options_.log) options_.log("the index is built from the records: " + why.ToString());
  if (!IsSavedIndexOurs(files_, directory_)) return;
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

std::vector<std::uint64_t> Recovery::SavedSegmentIds() const {
  std::vector<std::uint64_t> ids;
  if (!saved_) return ids;
  for (const log::IndexFileSegment& saved : saved_->head().segments) ids.push_back(saved.segment_id);
  return ids;
}

// Locations in the saved index name segments by their slots, so these segments keep their slots.
void Recovery::ReserveSlots() {
  if (!saved_) return;
  const AppendLock::Held held(log_.lock);
  for (const log::IndexFileSegment& saved : saved_->head().segments) {
    log_.segments.accounts(held).Reserve(static_cast<std::uint32_t>(saved.slot));
  }
}

std::uint32_t Recovery::AddToLog(const AppendLock::Held& held, const std::shared_ptr<log::Segment>& segment,
                                 std::uint64_t file_bytes) {
  const log::IndexFileSegment* const saved = saved_ ? saved_->Find(segment->id()) : nullptr;
  if (saved == nullptr) return log_.segments.Add(held, segment, file_bytes);
  log_.segments.AddAt(held, static_cast<std::uint32_t>(saved->slot), segment, file_bytes);
  return static_cast<std::uint32_t>(saved->slot);
}

void Recovery::AddSealed() {
  const AppendLock::Held held(log_.lock);
  for (const Sealed& sealed : sealed_) {
    sources_.push_back({sealed.segment, AddToLog(held, sealed.segment, sealed.bytes), sealed.bytes, true});
  }
}

// --- The end of the log ---

// The last open segment with records. If there is none, the first open segment, unless it begins after the end of the
// log. nullptr: there is no such segment.
const OpenPart* Recovery::PartToAppendTo(const std::vector<OpenPart>& parts) const {
  const auto last = std::find_if(parts.rbegin(), parts.rend(), [](const OpenPart& part) { return part.records > 0; });
  if (last != parts.rend()) return &*last;
  const bool is_usable = !parts.empty() && parts.front().segment->header().base_sequence <= last_sequence_ + 1;
  return is_usable ? &parts.front() : nullptr;
}

// If the files cannot be written to, the store is opened read-only.
Status Recovery::FinishOpenParts(const std::vector<OpenPart>& parts, log::Manifest* manifest) {
  auto finished = FinishFiles(parts, manifest);
  if (!finished && IsRefusal(finished.error()) && PartToAppendTo(parts) != nullptr) {
    KVS_PROBE("store is opened read-only");
    write_refusal_ = finished.error();
    report_.read_only_because = write_refusal_->ToString();
    if (options_.log) options_.log("opened read-only: " + report_.read_only_because);
    finished = ShowFiles(parts);
  }
  if (!finished) return std::move(finished).error();
  const AppendLock::Held held(log_.lock);
  for (FinishedPart& part : *finished) {
    std::uint32_t slot = 0;
    if (part.used_bytes > log::kSegmentHeaderBytes) {
      slot = AddToLog(held, part.segment, part.segment->readable_bytes());
      sources_.push_back({part.segment, slot, part.used_bytes, part.writer == nullptr && !write_refusal_});
    } else {
      slot = log_.segments.AddNew(held, part.segment);
    }
    if (part.writer != nullptr) log_.tail.Start(held, std::move(part.writer), slot, last_sequence_);
  }
  return Ok();
}

// Seals the segments before the one that is appended to. The others are empty and are removed; on a full disk they may
// stay.
Result<std::vector<Recovery::FinishedPart>> Recovery::FinishFiles(const std::vector<OpenPart>& parts,
                                                                  log::Manifest* manifest) {
  for (const OpenPart& part : parts) KVS_TRY(KeepTornBytes(files_, directory_, part, options_.log));
  const std::uint64_t capacity_bytes = CapacityForNext();
  const OpenPart* active = PartToAppendTo(parts);
  // A segment of an earlier format must not get records that only this format has: those with the end of a span.
  KVS_PROBE_IF(active != nullptr && active->segment->header().version != log::kSegmentVersion,
               "segment of an earlier format is sealed");
  if (active != nullptr && active->segment->header().version != log::kSegmentVersion) active = nullptr;
  log::Manifest edited = *manifest;
  std::vector<FinishedPart> finished;
  std::vector<std::uint64_t> empty_ids;
  for (const OpenPart& part : parts) {
    const std::uint64_t id = part.segment->id();
    if (part.records == 0 && &part != active) {
      KVS_PROBE_IF(part.torn_bytes > 0, "segment with torn bytes alone is emptied");
      if (part.torn_bytes > 0) KVS_TRY(EmptyFile(id));
      empty_ids.push_back(id);
      continue;
    }
    KVS_TRY_ASSIGN(auto writer, log::SegmentWriter::Reopen(files_, directory_, part.segment->header(), part.used_bytes,
                                                           part.synced_bytes, &part == active ? capacity_bytes : 0));
    std::shared_ptr<log::Segment> segment = writer->segment();
    if (&part != active) {
      KVS_TRY_ASSIGN(segment, writer->Seal());
      writer.reset();
      edited.Find(id)->sealed_bytes = part.used_bytes;
      edited.sequence = part.last_sequence;
    }
    finished.push_back({std::move(segment), std::move(writer), part.used_bytes});
  }
  if (active == nullptr) {
    KVS_TRY_ASSIGN(finished.emplace_back(), StartNewSegment(capacity_bytes, &edited));
  }
  KVS_TRY(WriteManifest(empty_ids, active != nullptr ? OnFullDisk::kLeave : OnFullDisk::kFail, &edited));
  *manifest = std::move(edited);
  return finished;
}

// Cuts off the torn bytes. If the segment stays in the manifest, a later opening could take them for records.
Status Recovery::EmptyFile(std::uint64_t segment_id) {
  KVS_TRY_ASSIGN(const auto file, files_.Open(log::SegmentPath(directory_, segment_id), io::OpenMode::kReadWrite));
  KVS_TRY(file->Truncate(log::kSegmentHeaderBytes));
  return file->Sync();
}

// Removes the empty segments from the manifest. then: in, kLeave if the old manifest may stay on a full disk. The next
// opening then finds the sealed segments whole, and seals them again.
Status Recovery::WriteManifest(const std::vector<std::uint64_t>& empty_ids, OnFullDisk then, log::Manifest* manifest) {
  log::Manifest without = *manifest;
  for (const std::uint64_t id : empty_ids) without.Remove(id);
  if (without == on_disk_) return Ok();
  const Status written = files_.WriteFileAtomically(log::ManifestPath(directory_), log::EncodeManifest(without));
  const bool is_left = then == OnFullDisk::kLeave && !written && written.error().code == ErrorCode::kNoSpace;
  KVS_PROBE_IF(is_left, "opening leaves the manifest as it is");
  if (is_left) return Ok();
  KVS_TRY(written);
  *manifest = std::move(without);
  for (const std::uint64_t id : empty_ids) {
    static_cast<void>(files_.Remove(log::SegmentPath(directory_, id)).has_value());  // Else the next opening does it.
  }
  return Ok();
}

// The open segments of a read-only store, from the files as they are.
std::vector<Recovery::FinishedPart> Recovery::ShowFiles(const std::vector<OpenPart>& parts) const {
  std::vector<FinishedPart> shown;
  const OpenPart* const active = PartToAppendTo(parts);
  for (const OpenPart& part : parts) {
    if (part.records == 0 && &part != active) continue;
    auto writer = &part == active ? log::SegmentWriter::OfReadOnly(part.segment, part.used_bytes) : nullptr;
    shown.push_back({part.segment, std::move(writer), part.used_bytes});
  }
  return shown;
}

Result<Recovery::FinishedPart> Recovery::StartNewSegment(std::uint64_t capacity_bytes, log::Manifest* manifest) {
  const log::SegmentHeader header{.segment_id = manifest->next_segment_id++,
                                  .base_sequence = last_sequence_ + 1,
                                  .created_sequence = last_sequence_ + 1};
  KVS_TRY_ASSIGN(auto writer, log::SegmentWriter::Create(files_, directory_, header, capacity_bytes));
  KVS_TRY(files_.SyncDirectory(directory_));
  manifest->Add({.segment_id = header.segment_id, .sealed_bytes = 0});
  std::shared_ptr<log::Segment> segment = writer->segment();
  return FinishedPart{std::move(segment), std::move(writer), log::kSegmentHeaderBytes};
}

std::uint64_t Recovery::CapacityForNext() {
  const AppendLock::Held held(log_.lock);
  return log_.space.CapacityForNext(held);
}

// --- The index ---

// The saved index is used if all records after it are newer than those in it, and if they are few. If they are many, it
// is faster to build the index from all records.
Status Recovery::FillIndex() {
  std::uint32_t slots = 0;
  {
    const AppendLock::Held held(log_.lock);
    slots = static_cast<std::uint32_t>(log_.segments.accounts(held).accounts().size());
  }
  if (saved_ && !IsSavedIndexWorthwhile()) {
    KVS_PROBE("too much came after the saved index");
    GiveUpSavedIndex({.code = ErrorCode::kUnsupported, .context = "saved index: too much came after it"});
  }
  std::optional<IndexRebuild> rebuild;
  rebuild.emplace(files_, directory_, SourcesToRead(), slots, records_, options_.log);
  KVS_TRY(rebuild->Read(index_));
  if (saved_ && rebuild->sequence_min() <= saved_->head().sequence) {
    KVS_PROBE("older records came after the saved index");
    GiveUpSavedIndex({.code = ErrorCode::kCorruption, .context = "saved index: older records came after it"});
    rebuild.emplace(files_, directory_, SourcesToRead(), slots, records_, options_.log);
    KVS_TRY(rebuild->Read(index_));
  }
  if (saved_) {
    KVS_TRY(saved_->Load(&index_));
    KVS_TRY(rebuild->Apply(&index_));
  } else {
    KVS_TRY(rebuild->Build(&index_));
  }
  FillAccounts(&*rebuild);
  FillExpiries(&*rebuild);
  report_.segments = sources_.size();
  report_.index_was_saved = saved_.has_value();
  return Ok();
}

// Looking up one record costs as much as reading and sorting several.
bool Recovery::IsSavedIndexWorthwhile() const {
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
  const DeadPuts dead = rebuild->dead_puts();
  const AppendLock::Held held(log_.lock);
  SegmentAccounts& accounts = log_.segments.accounts(held);
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
    if (sources_[i].is_sealed) log_.segments.Seal(held, slot, sources_[i].segment, hint_bytes);
    report_.records += tally.records;
    report_.segments_from_hints += tally.hint_bytes > 0 ? 1 : 0;
  }
  for (const IndexRebuild::Source& source : sources_) {
    accounts.LiveToDead(source.slot, dead.bytes_of_slots[source.slot]);
  }
}

void Recovery::FillExpiries(IndexRebuild* rebuild) {
  if (saved_) expiries_.Add(saved_->expiries());
  for (const ExpiryIndex& of_source : rebuild->TakeExpiries()) expiries_.Add(of_source);
  expiring_ = saved_ ? saved_->head().expiring : 0;
  for (const SegmentTally& tally : rebuild->tallies()) expiring_ += tally.expiring;
  expiring_ -= std::min(expiring_, rebuild->dead_puts().expiring);
}

// The size of the segment's hint file; 0: there is none, or its size cannot be read.
std::uint64_t Recovery::HintBytesOf(std::uint64_t segment_id) const {
  const auto file = files_.Open(log::HintPath(directory_, segment_id), io::OpenMode::kRead);
  if (!file) return 0;
  return (*file)->Size().value_or(0);
}

}  // namespace kvs::store
