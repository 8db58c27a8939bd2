#include "store/log_end.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "log/file_names.h"
#include "log/record_scan.h"
#include "store/store_files.h"

namespace kvs::store {
namespace {

// Up to the end of the last byte that is not zero. Most rooms are all zeroes, and large, so it looks at many at once.
std::size_t BytesBeforeZeroes(std::string_view bytes) {
  static constexpr std::array<char, 4096> kZeroes{};
  while (bytes.size() >= kZeroes.size() && bytes.ends_with(std::string_view(kZeroes.data(), kZeroes.size()))) {
    bytes.remove_suffix(kZeroes.size());
  }
  return bytes.find_last_not_of('\0') + 1;  // Of nothing but zeroes, npos: 0.
}

// The part as its bytes say, whatever the others say.
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
  part.torn_bytes = BytesBeforeZeroes(part.segment->BytesFrom(part.used_bytes));
  return part;
}

// Whether the log may be cut at `offset` of the part `at`: only behind everything that is known to have been on the
// disk. A segment behind it that was synced says that this one was synced whole.
Status CheckCut(const std::filesystem::path& directory, const std::vector<OpenPart>& parts, std::size_t at,
                std::uint64_t offset) {
  const auto corruption = [&](const char* what) {
    return DamageIn(log::SegmentPath(directory, parts[at].segment->id()), offset, what);
  };
  if (at == 0 && offset == 0) return corruption("records before the segment are missing");
  if (offset < parts[at].synced_bytes) return corruption("the record is not what was written");
  for (std::size_t later = at + 1; later < parts.size(); ++later) {
    if (parts[later].synced_bytes > 0) return corruption("the record is not what was written");
  }
  return Ok();
}

void DropFrom(std::size_t at, LogEnd* end) {
  for (; at < end->parts.size(); ++at) {
    OpenPart& part = end->parts[at];
    end->torn_bytes += part.used_bytes - log::kSegmentHeaderBytes + part.torn_bytes;
    part = OpenPart{.segment = std::move(part.segment), .used_bytes = log::kSegmentHeaderBytes};
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
      KVS_TRY(CheckCut(directory, end.parts, at, 0));
      DropFrom(at, &end);
      break;
    }
    if (part.records > 0) end.last_sequence = part.last_sequence;
    if (part.torn_bytes > 0 || part.used_bytes < part.synced_bytes) {
      KVS_TRY(CheckCut(directory, end.parts, at, part.used_bytes));
      end.torn_bytes += part.torn_bytes;
      DropFrom(at + 1, &end);
      break;
    }
  }
  return end;
}

}  // namespace kvs::store
