// VerifyStore(): checks every byte of a store.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/coding.h"
#include "base/try.h"
#include "kvs/inspect.h"
#include "log/file_names.h"
#include "store/recovery/log_end.h"
#include "store/recovery/saved_index.h"
#include "store/segments/store_files.h"

namespace kvs::store {
namespace {

bool IsSame(const log::RecordSummary& a, const log::RecordSummary& b) {
  return a.type == b.type && a.offset == b.offset && a.bytes == b.bytes && a.sequence == b.sequence && a.key == b.key &&
         a.expiry_ms == b.expiry_ms && a.expiry_ms.kind() == b.expiry_ms.kind();
}

class Verifier {
 public:
  Verifier(io::FileSystem& files, const std::filesystem::path& directory, FunctionRef<void(const Error&)> damage)
      : files_(files), directory_(directory), damage_(damage) {}

  Result<VerifyReport> Run() {
    const auto manifest = ReadManifest(files_, directory_);
    if (!manifest) {
      KVS_TRY(Judge(manifest.error()));
      return report_;
    }
    report_.bytes += log::EncodeManifest(*manifest).size();
    for (const log::ManifestEntry& entry : manifest->segments) {
      const Status whole = entry.is_sealed() ? CheckSealed(entry, manifest->sequence) : CheckOpen(entry.segment_id);
      if (!whole) KVS_TRY(Judge(whole.error()));
    }
    const Status whole = CheckLogEnd(*manifest);
    if (!whole) KVS_TRY(Judge(whole.error()));
    const Status index = CheckSavedIndex();
    if (!index) KVS_TRY(Judge(index.error()));
    return report_;
  }

 private:
  // Reports damage, and lets the check continue. Any other error ends it.
  Status Judge(const Error& error) {
    if (error.code != ErrorCode::kCorruption) return error;
    report_.damages += 1;
    damage_(error);
    return Ok();
  }

  Result<std::shared_ptr<log::Segment>> OpenSegment(std::uint64_t id, bool is_sealed) {
    KVS_TRY_ASSIGN(auto segment, log::Segment::Open(files_, directory_, id));
    report_.segments += 1;
    report_.bytes += segment->readable_bytes();
    const std::uint64_t identity = base::GetFixed64(segment->BytesFrom(log::kCacheIdentityOffset).data());
    const bool has_none = is_sealed || !segment->header().has_cache_identity();
    if (has_none ? identity != 0 : !log::IsCacheIdentity(identity, id)) {
      KVS_TRY(Judge(DamageIn(log::SegmentPath(directory_, id), log::kCacheIdentityOffset,
                             has_none ? "these bytes should be zero" : "the cache identity is damaged")));
    }
    return segment;
  }

  Status CheckSealed(const log::ManifestEntry& entry, std::uint64_t sequence_max) {
    const std::filesystem::path path = log::SegmentPath(directory_, entry.segment_id);
    KVS_TRY_ASSIGN(const auto segment, OpenSegment(entry.segment_id, true));
    if (segment->readable_bytes() != entry.sealed_bytes) {
      return DamageIn(path, std::min(segment->readable_bytes(), entry.sealed_bytes),
                      "the file has " + std::to_string(segment->readable_bytes()) + " bytes and should have " +
                          std::to_string(entry.sealed_bytes));
    }
    const auto synced_bytes = segment->SyncedBytes();
    if (!synced_bytes || *synced_bytes != entry.sealed_bytes) {
      KVS_TRY(Judge(DamageIn(path, log::kSyncedMarkOffset, "the synced mark of a sealed segment should be its end")));
    }
    std::vector<log::RecordSummary> records;
    std::optional<std::uint64_t> from_the_future;
    const std::uint64_t bad =
        log::ScanRecords(*segment, log::kSegmentHeaderBytes, entry.sealed_bytes, [&](const auto& record) {
          if (record.sequence > sequence_max && !from_the_future) from_the_future = record.offset;
          records.push_back(record);
        });
    report_.records += records.size();
    if (from_the_future) {
      KVS_TRY(Judge(DamageIn(path, *from_the_future, "the sequence is higher than the manifest knows of")));
    }
    if (bad != entry.sealed_bytes) {
      return DamageIn(path, bad, "the record is not what was written; nothing behind it in this file was checked");
    }
    return CheckHint(*segment, records);
  }

  Status CheckHint(const log::Segment& segment, const std::vector<log::RecordSummary>& records) {
    const std::filesystem::path path = log::HintPath(directory_, segment.id());
    KVS_TRY_ASSIGN(const bool exists, files_.Exists(path));
    if (!exists) return Ok();
    const auto hint = ReadHint(files_, path, segment);
    if (!hint && hint.error().code == ErrorCode::kUnsupported) return Ok();  // kvs ignores it.
    if (!hint) return hint.error();
    report_.bytes += hint->bytes.size();
    const bool agrees = std::equal(hint->records.begin(), hint->records.end(), records.begin(), records.end(), IsSame);
    if (!agrees) return DamageIn(path, 0, "the hint file says something else than its segment");
    return Ok();
  }

  // CheckLogEnd() checks the records. It also reports a damaged header, so that is not reported here.
  Status CheckOpen(std::uint64_t id) {
    const auto segment = OpenSegment(id, false);
    if (segment || segment.error().code == ErrorCode::kCorruption) return Ok();
    return segment.error();
  }

  Status CheckLogEnd(const log::Manifest& manifest) {
    KVS_TRY_ASSIGN(const LogEnd end, FindLogEnd(files_, directory_, manifest));
    report_.torn_tail_bytes = end.torn_bytes;
    for (const OpenPart& part : end.parts) {
      if (part.records > 0) KVS_TRY(CheckSequences(part));
    }
    return Ok();
  }

  // Does not check whether the index fits the segments: the next opening ignores one that does not.
  Status CheckSavedIndex() {
    const std::filesystem::path path = log::IndexPath(directory_);
    KVS_TRY_ASSIGN(const bool exists, files_.Exists(path));
    if (!exists) return Ok();
    const auto saved = SavedIndex::Open(files_, directory_);
    if (!saved) return DamageIn(path, 0, saved.error().context);
    report_.bytes += saved->head().file_bytes;
    return Ok();
  }

  Status CheckSequences(const OpenPart& part) {
    std::uint64_t expected = part.first_sequence;
    std::optional<std::uint64_t> break_offset;
    log::ScanRecords(*part.segment, log::kSegmentHeaderBytes, part.used_bytes, [&](const auto& record) {
      if (record.sequence != expected++ && !break_offset) break_offset = record.offset;
    });
    report_.records += part.records;
    if (!break_offset) return Ok();
    return DamageIn(log::SegmentPath(directory_, part.segment->id()), *break_offset, "a record in front is missing");
  }

  io::FileSystem& files_;
  const std::filesystem::path& directory_;
  const FunctionRef<void(const Error&)> damage_;
  VerifyReport report_;
};

}  // namespace
}  // namespace kvs::store

namespace kvs {

Result<VerifyReport> VerifyStore(const std::filesystem::path& directory, FunctionRef<void(const Error&)> damage) {
  io::FileSystem& files = io::PosixFileSystem();
  const auto manifest = store::ReadManifest(files, directory);
  if (!manifest && manifest.error().code != ErrorCode::kCorruption) return manifest.error();
  KVS_TRY_ASSIGN(const auto lock, files.LockDirectory(directory));
  return store::Verifier(files, directory, damage).Run();
}

}  // namespace kvs
