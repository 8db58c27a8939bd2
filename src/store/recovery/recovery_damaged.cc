// The part of Recovery for a damaged store that is opened for reading alone.
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "log/bad_record.h"
#include "log/segment_writer.h"
#include "store/recovery/recovery.h"
#include "store/segments/store_files.h"

namespace kvs::store {

// A segment counts as open, so that its hint file is not asked: that knows nothing of damaged values.
Result<log::Manifest> Recovery::RunOnDamaged(const Error& damage) {
  KVS_PROBE("damaged store is opened read-only");
  write_refusal_ = damage;
  report_.read_only_because = damage.ToString();
  if (options_.log) options_.log("opened read-only, because it is damaged: " + report_.read_only_because);
  KVS_TRY_ASSIGN(log::Manifest manifest, ReadDamagedManifest());
  for (const log::ManifestEntry& entry : manifest.segments) AddReadable(entry);
  if (sources_.empty()) return damage;
  IndexRebuild rebuild(files_, directory_, sources_, static_cast<std::uint32_t>(sources_.size()), records_,
                       options_.log, IndexRebuild::OnBadRecord::kSkip);
  KVS_TRY(rebuild.Read(index_));
  KVS_TRY(rebuild.Build(&index_));
  FillAccounts(&rebuild);
  FillExpiries(&rebuild);
  report_.segments = sources_.size();
  const IndexRebuild::Source& last = sources_.back();
  const AppendLock::Held held(log_.lock);
  log_.tail.Start(held, log::SegmentWriter::OfReadOnly(last.segment, last.bytes), last.slot, manifest.sequence);
  return manifest;
}

Result<log::Manifest> Recovery::ReadDamagedManifest() const {
  auto manifest = ReadManifest(files_, directory_);
  if (manifest || manifest.error().code != ErrorCode::kCorruption) return manifest;
  KVS_TRY_ASSIGN(auto entries, ListSegments(files_, directory_));
  log::Manifest found;
  for (const log::ManifestEntry& entry : entries) found.Add(entry);
  return found;
}

// Without a header, the sequences of the records are not known: such a segment is left out.
void Recovery::AddReadable(const log::ManifestEntry& entry) {
  auto segment = log::Segment::Open(files_, directory_, entry.segment_id);
  if (!segment) {
    if (options_.log) options_.log("left out a segment: " + segment.error().ToString());
    return;
  }
  const std::uint64_t bytes =
      entry.is_sealed() ? (*segment)->readable_bytes() : log::DataEnd(**segment, log::kSegmentHeaderBytes);
  const AppendLock::Held held(log_.lock);
  const std::uint32_t slot = log_.segments.Add(held, *segment, bytes);
  sources_.push_back({*std::move(segment), slot, bytes, false});
}

}  // namespace kvs::store
