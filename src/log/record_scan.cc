#include "log/record_scan.h"

#include "base/probe.h"

namespace kvs::log {
namespace {

RecordSummary Summarise(const Segment& segment, std::uint64_t offset, const Record& record) {
  return {.type = record.type,
          .offset = offset,
          .bytes = record.bytes(),
          .sequence = segment.SequenceOf(record),
          .key = record.key,
          .expiry_ms = record.expiry()};
}

// Whether the members fill the batch exactly, given that its checksum holds. Calls `visit` for each.
bool ForEachMember(const Segment& segment, const Record& batch, FunctionRef<void(const RecordSummary&)> visit) {
  std::uint64_t offset = segment.OffsetOf(batch.value.data());
  const std::uint64_t end = offset + batch.value.size();
  while (offset < end) {
    const std::optional<Record> member = segment.Read(offset);
    KVS_PROBE_IF(!member || member->type == RecordType::kBatch || offset + member->bytes() > end,
                 "batch does not hold what it should");
    if (!member || member->type == RecordType::kBatch || offset + member->bytes() > end) return false;
    visit(Summarise(segment, offset, *member));
    offset += member->bytes();
  }
  return true;
}

bool VisitBatch(const Segment& segment, const Record& batch, FunctionRef<void(const RecordSummary&)> visit) {
  return ForEachMember(segment, batch, [](const RecordSummary&) {}) && ForEachMember(segment, batch, visit);
}

constexpr std::uint64_t kHashedBytesMax = std::uint64_t{1} << 30;

}  // namespace

std::uint64_t ScanRecords(const Segment& segment, std::uint64_t from, std::uint64_t to,
                          FunctionRef<void(const RecordSummary&)> visit) {
  std::uint64_t offset = from;
  while (offset < to) {
    const std::optional<Record> record = segment.Read(offset);
    if (!record || offset + record->bytes() > to) return offset;
    if (record->type == RecordType::kBatch) {
      if (!VisitBatch(segment, *record, visit)) return offset;
    } else {
      visit(Summarise(segment, offset, *record));
    }
    offset += record->bytes();
  }
  return to;
}

std::uint64_t WalkRecords(const Segment& segment, std::uint64_t from, std::uint64_t to,
                          FunctionRef<void(const RecordSummary&)> visit) {
  std::uint64_t offset = from;
  while (offset < to) {
    const std::optional<Record> record = segment.Decode(offset);
    if (!record || offset + record->bytes() > to) return offset;
    visit(Summarise(segment, offset, *record));
    offset += record->bytes();
    if (record->type == RecordType::kBatch) offset -= record->value.size();  // The members follow.
  }
  return to;
}

std::uint64_t FindWholeRecord(const Segment& segment, std::uint64_t from, std::uint64_t to) {
  std::uint64_t hashes_left = kHashedBytesMax;
  for (std::uint64_t at = from; at < to; ++at) {
    const std::optional<Record> record = segment.Decode(at);
    if (!record) continue;
    if (record->bytes() > hashes_left) return to;
    hashes_left -= record->bytes();
    if (IsIntact(*record, segment.id())) return at;
  }
  return to;
}

}  // namespace kvs::log
