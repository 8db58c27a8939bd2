#include "kvs/inspect.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/try.h"
#include "log/file_names.h"
#include "log/record_scan.h"
#include "store/recovery/saved_index.h"
#include "store/segments/store_files.h"

namespace kvs {
namespace {

// The newest record of each key. Segments are read one after another.
class NewestRecords {
 public:
  void Add(std::size_t segment_index, const log::RecordSummary& record) {
    Newest& newest = by_key_[record.key];
    if (record.sequence < newest.sequence) return;
    newest = {record.sequence, segment_index, record.bytes, record.type == log::RecordType::kPut};
  }

  void CountLive(StoreInspection* store) const {
    for (const auto& [key, newest] : by_key_) {
      if (!newest.is_put) continue;
      store->keys += 1;
      store->segments[newest.segment_index].live_records += 1;
      store->segments[newest.segment_index].live_bytes += newest.bytes;
    }
  }

 private:
  struct Newest {
    std::uint64_t sequence = 0;
    std::size_t segment_index = 0;
    std::uint64_t bytes = 0;
    bool is_put = false;
  };
  std::unordered_map<std::string_view, Newest> by_key_;  // The keys point into the segments.
};

void CountRecord(const log::RecordSummary& record, SegmentInspection* figures) {
  figures->sequence_min = figures->records == 0 ? record.sequence : std::min(figures->sequence_min, record.sequence);
  figures->sequence_max = std::max(figures->sequence_max, record.sequence);
  figures->records += 1;
  figures->tombstones += record.type == log::RecordType::kTombstone ? 1 : 0;
}

Status InspectHint(io::FileSystem& files, const std::filesystem::path& directory, const log::Segment& segment,
                   SegmentInspection* figures) {
  const std::filesystem::path path = log::HintPath(directory, segment.id());
  KVS_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (!exists) return Ok();
  const auto hint = store::ReadHint(files, path, segment);
  figures->hint = hint ? HintState::kUsable : HintState::kUnusable;
  figures->hint_bytes = hint ? hint->bytes.size() : 0;
  return Ok();
}

Status InspectSavedIndex(io::FileSystem& files, const std::filesystem::path& directory, const log::Manifest& manifest,
                         const std::vector<std::shared_ptr<log::Segment>>& segments, SavedIndexInspection* figures) {
  KVS_TRY_ASSIGN(const bool exists, files.Exists(log::IndexPath(directory)));
  if (!exists) return Ok();
  figures->state = SavedIndexState::kUnusable;
  const auto saved = store::SavedIndex::Open(files, directory);
  if (!saved) return Ok();
  figures->bytes = saved->head().file_bytes;
  figures->keys = saved->head().keys;
  figures->sequence = saved->head().sequence;
  const auto fits = saved->Fits(manifest, [&](std::uint64_t id) -> Result<std::shared_ptr<log::Segment>> {
    const auto found = std::find_if(segments.begin(), segments.end(), [&](const auto& s) { return s->id() == id; });
    if (found == segments.end()) return Error{.code = ErrorCode::kCorruption, .context = "it could not be opened"};
    return *found;
  });
  if (fits && *fits) figures->state = SavedIndexState::kUsable;
  return Ok();
}

Status FindUnnamedFiles(io::FileSystem& files, const std::filesystem::path& directory, StoreInspection* store) {
  KVS_TRY_ASSIGN(const auto names, files.List(directory));
  for (const std::string& name : names) {
    const auto id = log::SegmentIdOfFileName(name);
    const auto is_it = [&](const SegmentInspection& segment) { return segment.id == *id; };
    const bool is_named = id && std::any_of(store->segments.begin(), store->segments.end(), is_it);
    if ((id || log::IsTemporaryFileName(name)) && !is_named) store->unnamed_files.push_back(name);
    if (log::IsKeptFileName(name)) store->kept_files.push_back(name);
  }
  std::sort(store->kept_files.begin(), store->kept_files.end());
  std::sort(store->unnamed_files.begin(), store->unnamed_files.end());
  return Ok();
}

RecordInspection Describe(const log::Segment& segment, std::uint64_t offset, const log::Record& record) {
  RecordInspection inspection{.offset = offset,
                              .bytes = record.bytes(),
                              .sequence = segment.SequenceOf(record),
                              .expiry_ms = record.expiry(),
                              .value_bytes = record.value.size(),
                              .key = record.key};
  if (record.type == log::RecordType::kTombstone) inspection.kind = RecordKind::kTombstone;
  if (record.type == log::RecordType::kBatch) inspection.kind = RecordKind::kBatch;
  return inspection;
}

// Visits the members of a batch. False: `visit` asked to stop.
bool VisitMembers(const log::Segment& segment, const log::Record& batch,
                  FunctionRef<bool(const RecordInspection&)> visit) {
  bool goes_on = true;
  const std::uint64_t begin = segment.OffsetOf(batch.value.data());
  log::ScanRecords(segment, begin, begin + batch.value.size(), [&](const log::RecordSummary& summary) {
    if (!goes_on) return;
    RecordInspection member = Describe(segment, summary.offset, *segment.Decode(summary.offset));
    member.is_in_batch = true;
    goes_on = visit(member);
  });
  return goes_on;
}

}  // namespace

Result<StoreInspection> InspectStore(const std::filesystem::path& directory) {
  io::FileSystem& files = io::PosixFileSystem();
  KVS_TRY_ASSIGN(const log::Manifest manifest, store::ReadManifest(files, directory));
  StoreInspection store{.next_segment_id = manifest.next_segment_id, .sequence = manifest.sequence};
  std::vector<std::shared_ptr<log::Segment>> segments;  // Keeps the keys of `newest` alive.
  NewestRecords newest;
  for (const log::ManifestEntry& entry : manifest.segments) {
    SegmentInspection& figures = store.segments.emplace_back();
    figures.id = entry.segment_id;
    figures.is_sealed = entry.is_sealed();
    auto segment = log::Segment::Open(files, directory, entry.segment_id);
    if (!segment) {
      figures.problem = segment.error().context;
      continue;
    }
    figures.file_bytes = (*segment)->readable_bytes();
    figures.synced_bytes = (*segment)->SyncedBytes().value_or(0);
    figures.created_sequence = (*segment)->header().created_sequence;
    figures.used_bytes = log::ScanRecords(**segment, log::kSegmentHeaderBytes, figures.file_bytes,
                                          [&](const log::RecordSummary& record) {
                                            CountRecord(record, &figures);
                                            newest.Add(store.segments.size() - 1, record);
                                          });
    if (entry.is_sealed()) KVS_TRY(InspectHint(files, directory, **segment, &figures));
    segments.push_back(*std::move(segment));
  }
  newest.CountLive(&store);
  KVS_TRY(InspectSavedIndex(files, directory, manifest, segments, &store.saved_index));
  KVS_TRY(FindUnnamedFiles(files, directory, &store));
  return store;
}

Status VisitRecords(const std::filesystem::path& directory, std::uint64_t segment_id,
                    FunctionRef<bool(const RecordInspection&)> visit) {
  io::FileSystem& files = io::PosixFileSystem();
  KVS_TRY_ASSIGN(log::Manifest manifest, store::ReadManifest(files, directory));
  const log::ManifestEntry* const entry = manifest.Find(segment_id);
  if (entry == nullptr) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = "segment " + std::to_string(segment_id) + " is not part of the store"};
  }
  KVS_TRY_ASSIGN(const auto segment, log::Segment::Open(files, directory, segment_id));
  std::uint64_t offset = log::kSegmentHeaderBytes;
  while (offset < segment->readable_bytes()) {
    const std::optional<log::Record> record = segment->Read(offset);
    if (!record && !entry->is_sealed()) return Ok();
    if (!record) {
      return store::DamageIn(log::SegmentPath(directory, segment_id), offset, "the record is not what was written");
    }
    if (!visit(Describe(*segment, offset, *record))) return Ok();
    if (record->type == log::RecordType::kBatch && !VisitMembers(*segment, *record, visit)) return Ok();
    offset += record->bytes();
  }
  return Ok();
}

}  // namespace kvs
