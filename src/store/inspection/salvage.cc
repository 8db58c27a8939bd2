// SalvageStore(): writes what is readable of a damaged store to a new one.
#include "kvs/salvage.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/try.h"
#include "io/file_system.h"
#include "log/bad_record.h"
#include "log/file_names.h"
#include "log/manifest.h"
#include "log/marker.h"
#include "log/record_scan.h"
#include "log/sealed_segment_writer.h"
#include "log/segment.h"
#include "store/backup/backup_directory.h"
#include "store/segments/store_files.h"

namespace kvs::store {
namespace {

namespace fs = std::filesystem;

using SegmentPtr = std::shared_ptr<log::Segment>;

constexpr std::uint64_t kSegmentBytes = std::uint64_t{64} << 20;
constexpr std::size_t kSmallFileBytesMax = std::size_t{1} << 20;

// The newest record of each key. The keys point into the segments.
class Newest {
 public:
  struct Place {
    std::uint64_t sequence = 0;
    const log::Segment* segment = nullptr;  // nullptr: the key was removed.
    std::uint64_t offset = 0;
  };

  void Note(const log::Segment& segment, const log::RecordSummary& record) {
    const auto [at, is_new] = by_key_.try_emplace(record.key);
    if (!is_new && record.sequence < at->second.sequence) return;
    const bool is_put = record.type == log::RecordType::kPut;
    at->second = {record.sequence, is_put ? &segment : nullptr, record.offset};
    sequence_max_ = std::max(sequence_max_, record.sequence);
  }

  // Those of the keys that are there, in the order of the keys.
  std::vector<Place> Sorted() const {
    std::vector<std::pair<std::string_view, Place>> pairs;
    for (const auto& pair : by_key_) {
      if (pair.second.segment != nullptr) pairs.emplace_back(pair);
    }
    std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<Place> places;
    places.reserve(pairs.size());
    for (const auto& [key, place] : pairs) places.push_back(place);
    return places;
  }
  std::uint64_t sequence_max() const { return sequence_max_; }

 private:
  std::unordered_map<std::string_view, Place> by_key_;
  std::uint64_t sequence_max_ = 0;
};

class Salvager {
 public:
  Salvager(io::FileSystem& files, fs::path directory, fs::path into, FunctionRef<void(const LostPart&)> lost)
      : files_(files), directory_(std::move(directory)), into_(std::move(into)), lost_(lost) {}

  Result<SalvageReport> Run() {
    KVS_TRY_ASSIGN(const std::vector<log::ManifestEntry> entries, FindSegments());
    for (const log::ManifestEntry& entry : entries) KVS_TRY(ReadSegment(entry));
    KVS_TRY(WriteStore());
    return report_;
  }

 private:
  // If the manifest is damaged, all files that look like segments, none of which counts as sealed.
  Result<std::vector<log::ManifestEntry>> FindSegments() {
    auto manifest = ReadManifest(files_, directory_);
    if (manifest) return std::move(manifest->segments);
    if (manifest.error().code != ErrorCode::kCorruption) return std::move(manifest).error();
    Lose({.file = log::ManifestPath(directory_), .what = "the manifest"});
    return ListSegments(files_, directory_);
  }

  Status ReadSegment(const log::ManifestEntry& entry) {
    KVS_TRY_ASSIGN(const SegmentPtr segment, OpenSegment(entry.segment_id));
    report_.segments += 1;
    if (segment == nullptr) return Ok();
    segments_.push_back(segment);
    std::optional<std::string_view> key_before;
    std::optional<LostPart> part;  // Until the record after it is known.
    const auto note = [&](const log::RecordSummary& record) {
      if (part) part->key_after = record.key;
      if (part) Lose(*std::exchange(part, std::nullopt));
      key_before = record.key;
      newest_.Note(*segment, record);
      report_.records += 1;
    };
    const std::uint64_t end = segment->readable_bytes();
    std::uint64_t offset = log::kSegmentHeaderBytes;
    while ((offset = log::ScanRecords(*segment, offset, end, note)) < end) {
      const std::uint64_t data_end = entry.is_sealed() ? end : log::DataEnd(*segment, offset);
      if (offset == data_end) break;  // The log ends here.
      const std::uint64_t next = log::FindWholeRecord(*segment, offset + 1, data_end);
      part = {.file = log::SegmentPath(directory_, entry.segment_id),
              .offset = offset,
              .bytes = next - offset,
              .what = "records",
              .is_in_key_order = segment->header().run != 0};
      if (key_before) part->key_before = *key_before;
      offset = next;
      if (offset == data_end) break;
    }
    if (part) Lose(*part);
    return CheckLength(entry, end);
  }

  // A file that was cut at the end of a record shows no bad one.
  Status CheckLength(const log::ManifestEntry& entry, std::uint64_t end) {
    if (!entry.is_sealed() || end >= entry.sealed_bytes) return Ok();
    Lose({.file = log::SegmentPath(directory_, entry.segment_id),
          .offset = end,
          .bytes = entry.sealed_bytes - end,
          .what = "records"});
    return Ok();
  }

  // nullptr: nothing of it is there. If the header is damaged, the sequences of the records are not known. They count
  // as older than all others then.
  Result<SegmentPtr> OpenSegment(std::uint64_t id) {
    auto segment = log::Segment::Open(files_, directory_, id);
    if (segment) return segment;
    const fs::path path = log::SegmentPath(directory_, id);
    if (segment.error().code != ErrorCode::kCorruption) return std::move(segment).error();
    const auto file = files_.Open(path, io::OpenMode::kRead);
    const auto bytes = file ? (*file)->Size() : Result<std::uint64_t>(file.error());
    if (!bytes || *bytes < log::kSegmentHeaderBytes) {
      Lose({.file = path, .what = "the file"});
      return SegmentPtr();
    }
    Lose({.file = path, .bytes = log::kSegmentHeaderBytes, .what = "the header"});
    KVS_TRY_ASSIGN(io::Mapping mapping, (*file)->Map(*bytes, io::Access::kRead));
    return std::make_shared<log::Segment>(log::SegmentHeader{.segment_id = id}, std::move(mapping), *bytes);
  }

  void Lose(const LostPart& part) {
    report_.lost_parts += 1;
    report_.lost_bytes += part.bytes;
    lost_(part);
  }

  Status WriteStore() {
    log::Manifest manifest{.next_segment_id = 1, .sequence = newest_.sequence_max(), .segments = {}};
    std::unique_ptr<log::SealedSegmentWriter> writer;
    const auto seal = [&]() -> Status {
      if (writer == nullptr) return Ok();
      KVS_TRY(writer->Seal());
      manifest.Add({.segment_id = writer->segment_id(), .sealed_bytes = writer->used_bytes()});
      writer = nullptr;
      return Ok();
    };
    for (const Newest::Place& place : newest_.Sorted()) {
      if (writer != nullptr && writer->used_bytes() >= kSegmentBytes) KVS_TRY(seal());
      if (writer == nullptr) {
        const log::SegmentHeader header{.segment_id = manifest.next_segment_id++,
                                        .base_sequence = 0,
                                        .created_sequence = manifest.sequence + 1,
                                        .run = 1};
        KVS_TRY_ASSIGN(writer, log::SealedSegmentWriter::Create(files_, into_, header));
      }
      const auto record = place.segment->Decode(place.offset);
      const auto draft = record ? log::DraftCopy(*record, place.segment->id()) : std::nullopt;
      if (!draft)
        return DamageIn(log::SegmentPath(directory_, place.segment->id()), place.offset, "it changed meanwhile");
      KVS_TRY(writer->Append(*draft, place.sequence));
      report_.keys += 1;
    }
    KVS_TRY(seal());
    for (const std::string_view name : {log::kClockFileName, log::kMarkerFileName}) KVS_TRY(CopyIfReadable(name));
    return files_.WriteFileAtomically(log::ManifestPath(into_), log::EncodeManifest(manifest));
  }

  // Without the clock file, spans of time go on by the wall clock. Without the marker, any engine may be named.
  Status CopyIfReadable(std::string_view name) {
    KVS_TRY_ASSIGN(const bool exists, files_.Exists(directory_ / name));
    if (!exists) return Ok();
    const bool is_readable = name == log::kMarkerFileName ? log::ReadMarker(files_, directory_).has_value()
                                                          : ReadClockFile(files_, directory_).has_value();
    if (!is_readable) Lose({.file = directory_ / name, .what = "the file"});
    if (!is_readable) return Ok();
    KVS_TRY_ASSIGN(const std::string bytes, files_.ReadFile(directory_ / name, kSmallFileBytesMax));
    return files_.WriteFileAtomically(into_ / name, bytes);
  }

  io::FileSystem& files_;
  const fs::path directory_;
  const fs::path into_;
  const FunctionRef<void(const LostPart&)> lost_;
  std::vector<SegmentPtr> segments_;  // Keeps the keys of newest_ alive.
  Newest newest_;
  SalvageReport report_;
};

std::string Printable(std::string_view key) {
  constexpr std::size_t kCharactersMax = 60;
  std::string text = "\"";
  for (const char c : key.substr(0, kCharactersMax)) text += c >= 0x20 && c < 0x7f ? c : '?';
  return text + (key.size() > kCharactersMax ? "...\"" : "\"");
}

}  // namespace
}  // namespace kvs::store

namespace kvs {

std::string LostPart::ToString() const {
  std::string text = file.string() + " offset=" + std::to_string(offset) + ": lost " + what;
  if (bytes > 0) text += " of " + std::to_string(bytes) + " bytes";
  if (key_before) text += ", after the key " + store::Printable(*key_before);
  if (key_after) text += ", before the key " + store::Printable(*key_after);
  if (is_in_key_order) text += ", in the order of the keys";
  return text;
}

Result<SalvageReport> SalvageStore(const std::filesystem::path& directory, const std::filesystem::path& to,
                                   FunctionRef<void(const LostPart& part)> lost) {
  io::FileSystem& files = io::PosixFileSystem();
  const auto manifest = store::ReadManifest(files, directory);
  if (!manifest && manifest.error().code != ErrorCode::kCorruption) return manifest.error();
  KVS_TRY_ASSIGN(const auto lock, files.LockDirectory(directory));
  SalvageReport report;
  KVS_TRY(store::MakeStoreDirectory(files, to, [&](const std::filesystem::path& into) -> Status {
    KVS_TRY_ASSIGN(report, store::Salvager(files, directory, into, lost).Run());
    return Ok();
  }));
  return report;
}

}  // namespace kvs
