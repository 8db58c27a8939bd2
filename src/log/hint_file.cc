#include "log/hint_file.h"

#include <utility>

#include "base/coding.h"
#include "base/hash.h"
#include "base/probe.h"
#include "log/segment_header.h"

namespace kvs::log {
namespace {

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kIdOffset = 16;
constexpr std::size_t kSegmentBytesOffset = 24;
constexpr std::size_t kFingerprintOffset = 32;
constexpr std::size_t kRecordsOffset = 40;

void AppendVarint(std::string* to, std::uint64_t value) {
  char bytes[base::kVarint64BytesMax];
  to->append(bytes, base::PutVarint(bytes, value));
}

void AppendEntry(std::string* to, const RecordSummary& record, std::uint64_t gap, std::uint64_t sequence_delta) {
  to->push_back(static_cast<char>(static_cast<std::uint8_t>(record.type) | ExpiryBits(record.expiry_ms)));
  AppendVarint(to, gap);
  AppendVarint(to, record.bytes);
  AppendVarint(to, sequence_delta);
  AppendVarint(to, record.key.size());
  if (record.expiry_ms != kNoExpiry) {
    char expiry[8];
    base::PutFixed64(expiry, record.expiry_ms);
    to->append(expiry, sizeof expiry);
  }
  to->append(record.key);
}

Error Damaged(const char* what) {
  return Error{.code = ErrorCode::kCorruption, .context = std::string("hint file: ") + what};
}

class Encoder {
 public:
  explicit Encoder(const Segment& segment) : segment_(segment) {}

  void Add(const RecordSummary& record) {
    AppendEntry(&bytes_, record, record.offset - expected_offset_, DeltaOf(record));
    expected_offset_ = record.offset + record.bytes;
    ++records_;
  }
  std::uint64_t DeltaOf(const RecordSummary& record) const { return record.sequence - segment_.header().base_sequence; }
  std::string Finish();

 private:
  const Segment& segment_;
  std::string bytes_ = std::string(kHintHeaderBytes, '\0');
  std::uint64_t records_ = 0;
  std::uint64_t expected_offset_ = kSegmentHeaderBytes;
};

std::string Encoder::Finish() {
  const std::uint64_t end = segment_.readable_bytes();
  bytes_.replace(0, kHintMagic.size(), kHintMagic);
  base::PutFixed32(bytes_.data() + kVersionOffset, kHintVersion);
  base::PutFixed64(bytes_.data() + kIdOffset, segment_.id());
  base::PutFixed64(bytes_.data() + kSegmentBytesOffset, end);
  base::PutFixed64(bytes_.data() + kFingerprintOffset, segment_.Fingerprint(end));
  base::PutFixed64(bytes_.data() + kRecordsOffset, records_);
  base::PutFixed32(bytes_.data() + kChecksumOffset, base::Checksum32(std::string_view(bytes_).substr(kIdOffset)));
  return std::move(bytes_);
}

// Reads the entries in order, and checks each against the bounds of the segment.
class EntryReader {
 public:
  EntryReader(std::string_view entries, const Segment& segment)
      : at_(entries.data()), end_(entries.data() + entries.size()), segment_(segment) {}

  bool is_at_end() const { return at_ == end_; }

  bool Next(RecordSummary* record) {
    std::uint64_t gap = 0;
    std::uint64_t sequence_delta = 0;
    std::uint64_t key_bytes = 0;
    if (at_ == end_) return false;
    const auto type_byte = static_cast<std::uint8_t>(*at_++);
    const auto expiry_kind = ExpiryKindOf(type_byte);
    if (!expiry_kind) return false;
    record->type = static_cast<RecordType>(type_byte & kRecordTypeMask);
    if (record->type != RecordType::kPut && record->type != RecordType::kTombstone) return false;
    if (!Varint(&gap) || !Varint(&record->bytes) || !Varint(&sequence_delta) || !Varint(&key_bytes)) return false;
    if ((type_byte & kRecordHasExpiry) != 0) {
      if (end_ - at_ < 8) return false;
      record->expiry_ms = {base::GetFixed64(at_), *expiry_kind};
      at_ += 8;
    }
    if (key_bytes > static_cast<std::uint64_t>(end_ - at_)) return false;
    record->key = {at_, key_bytes};
    at_ += key_bytes;
    const std::uint64_t bytes_left = segment_.readable_bytes() - offset_;
    if (gap > bytes_left || record->bytes > bytes_left - gap) return false;
    record->offset = offset_ + gap;
    record->sequence = segment_.header().base_sequence + sequence_delta;
    offset_ = record->offset + record->bytes;
    return true;
  }

 private:
  bool Varint(std::uint64_t* value) {
    at_ = base::GetVarint(at_, end_, value);
    if (at_ != nullptr) return true;
    at_ = end_;
    return false;
  }

  const char* at_;
  const char* const end_;
  const Segment& segment_;
  std::uint64_t offset_ = kSegmentHeaderBytes;
};

}  // namespace

Result<std::string> EncodeHint(const Segment& segment) {
  Encoder encoder(segment);
  const std::uint64_t bad = ScanRecords(segment, kSegmentHeaderBytes, segment.readable_bytes(),
                                        [&](const RecordSummary& record) { encoder.Add(record); });
  if (bad == segment.readable_bytes()) return encoder.Finish();
  return Error{.code = ErrorCode::kCorruption,
               .context = "segment " + std::to_string(segment.id()) + " offset=" + std::to_string(bad)};
}

Result<std::string> EncodeHint(const Segment& segment, const HintOutline& outline) {
  Encoder encoder(segment);
  HintOutline read;
  const std::uint64_t end = segment.readable_bytes();
  const std::uint64_t bad = WalkRecords(segment, kSegmentHeaderBytes, end, [&](const RecordSummary& record) {
    if (record.type != RecordType::kBatch) encoder.Add(record);
    read.Add({.type = record.type,
              .key = record.key,
              .value = {},
              .expiry_ms = record.expiry_ms,
              .key_hash = base::Hash64(record.key)},
             record.bytes, encoder.DeltaOf(record));
  });
  if (bad == end && outline.Proves(read)) return encoder.Finish();
  KVS_PROBE("a hint file is made by reading the segment");
  return EncodeHint(segment);
}

Result<std::vector<RecordSummary>> DecodeHint(std::string_view bytes, const Segment& segment) {
  if (bytes.size() < kHintHeaderBytes || !bytes.starts_with(kHintMagic)) return Damaged("the magic differs");
  const std::uint32_t version = base::GetFixed32(bytes.data() + kVersionOffset);
  if (version == 1) {
    return Error{.code = ErrorCode::kUnsupported, .context = "hint file: it has an earlier format"};
  }
  if (version != kHintVersion) return Damaged("it has another format");
  if (base::GetFixed32(bytes.data() + kChecksumOffset) != base::Checksum32(bytes.substr(kIdOffset))) {
    return Damaged("the checksum differs");
  }
  if (base::GetFixed64(bytes.data() + kIdOffset) != segment.id() ||
      base::GetFixed64(bytes.data() + kSegmentBytesOffset) != segment.readable_bytes() ||
      base::GetFixed64(bytes.data() + kFingerprintOffset) != segment.Fingerprint(segment.readable_bytes())) {
    return Damaged("it belongs to another segment");
  }
  const std::uint64_t records = base::GetFixed64(bytes.data() + kRecordsOffset);
  EntryReader reader(bytes.substr(kHintHeaderBytes), segment);
  std::vector<RecordSummary> entries;
  while (!reader.is_at_end()) {
    RecordSummary entry{};
    if (!reader.Next(&entry)) return Damaged("an entry is out of bounds");
    entries.push_back(entry);
  }
  if (entries.size() != records) return Damaged("the number of entries differs");
  return entries;
}

}  // namespace kvs::log
