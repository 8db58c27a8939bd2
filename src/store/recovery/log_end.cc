#include "store/recovery/log_end.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "log/bad_record.h"
#include "log/file_names.h"
#include "log/record_scan.h"
#include "store/segments/store_files.h"

namespace kvs::store {
namespace {

// Reads one part by itself, without regard to the others. known: in, its beginning that need not be read; nullptr:
// none.
OpenPart ReadPart(std::shared_ptr<log::Segment> segment, std::uint64_t synced_bytes, const KnownPart* known) {
  OpenPart part{.segment = std::move(segment), .synced_bytes = synced_bytes};
  const std::uint64_t file_bytes = part.segment->readable_bytes();
  const auto scan = [&](std::uint64_t from, std::uint64_t to) {
    return log::ScanRecords(*part.segment, from, to, [&](const log::RecordSummary& record) {
      if (part.records++ == 0) part.first_sequence = record.sequence;
      part.last_sequence = record.sequence;
    });
  };
  part.used_bytes = log::kSegmentHeaderBytes;
  const auto first = known == nullptr ? std::nullopt : part.segment->Decode(part.used_bytes);
  if (first) {
    part.used_bytes = scan(part.used_bytes, part.used_bytes + first->bytes());
    if (part.records > 0) {
      part.used_bytes = known->bytes;
      part.last_sequence = known->last_sequence;
    }
  }
  part.used_bytes = scan(part.used_bytes, file_bytes);
  part.torn_bytes = log::DataEnd(*part.segment, part.used_bytes) - part.used_bytes;
  return part;
}

bool HasBytes(const OpenPart& part) { return part.records > 0 || part.torn_bytes > 0; }

// The remedy for damage at `offset`. If the bytes there were synced, only a copy of the store helps.
std::string Advice(const std::filesystem::path& path, std::uint64_t offset, std::uint64_t synced_bytes) {
  std::string advice = "; put back a copy of the store";
  if (offset >= synced_bytes)
    advice += ", or give up what stands behind it there: truncate -s " + std::to_string(offset) + " " + path.string();
  return advice;
}

// kCorruption at `offset` of the part `at`, with the remedy.
Error DamageOfLog(const std::filesystem::path& directory, const std::vector<OpenPart>& parts, std::size_t at,
                  std::uint64_t offset, const std::string& what) {
  const std::filesystem::path path = log::SegmentPath(directory, parts[at].segment->id());
  return DamageIn(path, offset, what + Advice(path, offset, parts[at].synced_bytes));
}

// True if a segment after the part `at` was synced. Then all segments before that one were synced whole.
bool IsSyncedBehind(const std::vector<OpenPart>& parts, std::size_t at) {
  return std::any_of(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1, parts.end(),
                     [](const OpenPart& later) { return later.synced_bytes > 0; });
}

// Ok if the log may end before the part `at`, whose first sequence does not follow the records before it.
Status CheckGap(const std::filesystem::path& directory, const std::vector<OpenPart>& parts, std::size_t at) {
  const bool nothing_is_missing = at > 0 && parts[at - 1].segment->was_kept_in_cache();
  const bool was_synced = parts[at].synced_bytes > 0 || IsSyncedBehind(parts, at);
  KVS_PROBE_IF(at > 0 && !nothing_is_missing && !was_synced, "log ends before a gap");
  if (at > 0 && !nothing_is_missing && !was_synced) return Ok();
  return DamageOfLog(directory, parts, at, log::kSegmentHeaderBytes, "the records in front of it are missing");
}

// Ok if the log may end within the part `at`, after its last good record. kind: out, of the bytes there.
Status CheckEnd(const std::filesystem::path& directory, const std::vector<OpenPart>& parts, std::size_t at,
                const log::LogPlace& place, log::BadRecord* kind) {
  const OpenPart& part = parts[at];
  *kind = log::ClassifyBadRecord(*part.segment, place);
  if (part.segment->has_faults()) {
    KVS_PROBE("page of the log cannot be read");
    return Error{.code = ErrorCode::kIo,
                 .context = log::SegmentPath(directory, part.segment->id()).string() + ": a page cannot be read"};
  }
  if (*kind == log::BadRecord::kEnd) return Ok();
  if (*kind == log::BadRecord::kTorn && !IsSyncedBehind(parts, at)) return Ok();
  const std::string behind = std::to_string(part.torn_bytes) + " bytes from there on cannot be used";
  return DamageOfLog(directory, parts, at, part.used_bytes, "the record is not what was written, " + behind);
}

void DropFrom(std::size_t at, LogEnd* end) {
  for (; at < end->parts.size(); ++at) {
    OpenPart& part = end->parts[at];
    end->torn_bytes += part.used_bytes - log::kSegmentHeaderBytes + part.torn_bytes;
    part = OpenPart{.segment = std::move(part.segment),
                    .used_bytes = log::kSegmentHeaderBytes,
                    .torn_bytes = part.used_bytes - log::kSegmentHeaderBytes + part.torn_bytes};
  }
}

}  // namespace

Result<LogEnd> FindLogEnd(io::FileSystem& files, const std::filesystem::path& directory, const log::Manifest& manifest,
                          const std::vector<KnownPart>& known) {
  LogEnd end{.parts = {}, .last_sequence = manifest.sequence};
  for (const log::ManifestEntry& entry : manifest.segments) {
    if (entry.is_sealed()) continue;
    KVS_TRY_ASSIGN(auto segment, log::Segment::Open(files, directory, entry.segment_id));
    const auto synced_bytes = segment->SyncedBytes();
    if (!synced_bytes) {
      return DamageIn(log::SegmentPath(directory, entry.segment_id), log::kSyncedMarkOffset,
                      synced_bytes.error().context);
    }
    const auto known_part = std::find_if(known.begin(), known.end(),
                                         [&](const KnownPart& part) { return part.segment_id == entry.segment_id; });
    const bool is_known = known_part != known.end() && known_part->bytes <= *synced_bytes;
    end.parts.push_back(ReadPart(std::move(segment), *synced_bytes, is_known ? &*known_part : nullptr));
  }
  for (std::size_t at = 0; at < end.parts.size(); ++at) {
    const OpenPart& part = end.parts[at];
    if (part.records > 0 && part.first_sequence != end.last_sequence + 1) {
      KVS_TRY(CheckGap(directory, end.parts, at));
      DropFrom(at, &end);
      break;
    }
    if (part.records > 0) end.last_sequence = part.last_sequence;
    log::BadRecord kind{};
    KVS_TRY(CheckEnd(
        directory, end.parts, at,
        {.offset = part.used_bytes,
         .sequence = end.last_sequence + 1,
         .synced_bytes = part.synced_bytes,
         .goes_on = std::any_of(end.parts.begin() + static_cast<std::ptrdiff_t>(at) + 1, end.parts.end(), HasBytes)},
        &kind));
    if (kind == log::BadRecord::kTorn) {
      KVS_PROBE("torn tail is cut");
      end.torn_bytes += part.torn_bytes;
      DropFrom(at + 1, &end);
      break;
    }
  }
  return end;
}

}  // namespace kvs::store
