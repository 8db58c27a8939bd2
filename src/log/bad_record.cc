#include "log/bad_record.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/probe.h"
#include "log/record.h"

namespace kvs::log {
namespace {

constexpr std::uint64_t kSectorBytes = 512;  // The smallest unit that a disk writes atomically.
// A shorter run of zeroes up to the end of a sector may be the end of a value.
constexpr std::uint64_t kHoleBytesMin = 16;
// The most bytes to hash in search of a record.
constexpr std::uint64_t kHashedBytesMin = std::uint64_t{64} << 20;
constexpr std::uint64_t kHashedPerByte = 8;

class BadRecordReader {
 public:
  BadRecordReader(const Segment& segment, const LogPlace& place)
      : segment_(segment),
        place_(place),
        data_end_(DataEnd(segment, place.offset)),
        bytes_(segment.BytesFrom(0)),
        hashes_left_(kHashedBytesMin + kHashedPerByte * (data_end_ - place.offset)) {
    const auto head = DecodeRecordHead(bytes_.data() + place.offset, bytes_.data() + bytes_.size());
    if (head && segment.header().base_sequence + head->sequence_delta == place.sequence) head_ = head;
  }

  BadRecord Classify() {
    if (place_.offset < place_.synced_bytes) return BadRecord::kDamaged;
    if (data_end_ == place_.offset) return BadRecord::kEnd;
    KVS_PROBE_IF(segment_.was_kept_in_cache(), "bad record of a log that the page cache kept");
    if (segment_.was_kept_in_cache()) return IsHalfWritten() ? BadRecord::kTorn : BadRecord::kDamaged;
    return IsExplainedByHole() ? BadRecord::kTorn : BadRecord::kDamaged;
  }

 private:
  // Whether the writer may have died while writing the record.
  bool IsHalfWritten() {
    if (place_.goes_on) return false;
    const std::uint64_t end = place_.offset + (head_ ? head_->bytes() : 0);
    if (data_end_ > std::max(end, place_.offset + kRecordHeaderBytesMax)) return false;
    return !IsLongerThanWritten() && !FindNextRecord();
  }

  bool IsExplainedByHole() {
    const auto next = FindNextRecord();
    KVS_PROBE_IF(next.has_value(), "record follows the bad one");
    if (next) return HasHole(*next);
    return !place_.goes_on || IsHeadCutOff() || HasHole(head_ ? HeadEnd() : data_end_);
  }

  // Whether the file ends within the head of the record. The file was then longer when the record was written.
  bool IsHeadCutOff() const {
    const std::string_view rest = bytes_.substr(place_.offset);
    if (rest.size() >= kRecordHeaderBytesMax) return false;
    return rest.size() < kRecordHeaderBytesMin || BeginsHead(rest, 0) || BeginsHead(rest, 1);
  }

  // Whether a head longer than `rest` starts like it. The test completes `rest` with `next` and zeroes: the last byte
  // of a cut number is never 0, but the fields after it may be.
  static bool BeginsHead(std::string_view rest, char next) {
    std::array<char, 2 * kRecordHeaderBytesMax> longer{};
    rest.copy(longer.data(), rest.size());
    longer[rest.size()] = next;
    const auto head = DecodeRecordHead(longer.data(), longer.data() + longer.size());
    return head && head->head_bytes > rest.size();
  }

  std::uint64_t HeadEnd() const { return head_ ? place_.offset + head_->bytes() : 0; }

  // The first record of the log after the bad record. Members of a batch come before it.
  std::optional<std::uint64_t> FindNextRecord() {
    std::uint64_t at = place_.offset + 1;
    if (head_ && head_->type == RecordType::kBatch) {
      at = place_.offset + head_->head_bytes;
      const std::uint64_t end = std::min(HeadEnd(), data_end_);
      for (std::uint64_t bytes = 1; bytes > 0 && at < end; at += bytes) bytes = RecordBytesAt(at);
    }
    for (; at < data_end_; ++at) {
      if (RecordBytesAt(at) > 0) return at;
    }
    return std::nullopt;
  }

  // Whether the bad record is a whole batch, except that its length now includes what follows it.
  bool IsLongerThanWritten() {
    if (!head_ || head_->type != RecordType::kBatch) return false;
    const std::uint64_t begin = place_.offset + head_->head_bytes;
    for (std::uint64_t at = begin; at < std::min(HeadEnd(), data_end_);) {
      const std::uint64_t bytes = RecordBytesAt(at);
      at += bytes;
      if (bytes == 0 || !TakeHashes(at - begin)) return false;
      std::array<char, kRecordHeaderBytesMax> head{};
      EncodeRecordHead(head.data(), DraftBatch(bytes_.substr(begin, at - begin)), segment_.id(), head_->sequence_delta);
      KVS_PROBE("batch is searched for its true length");
      if (bytes_.substr(place_.offset, kRecordChecksumBytes) == std::string_view(head.data(), kRecordChecksumBytes)) {
        return true;
      }
    }
    return false;
  }

  // The length of the whole record at `offset` that may come next in the log; 0: there is none.
  std::uint64_t RecordBytesAt(std::uint64_t offset) {
    const auto record = segment_.Decode(offset);
    if (!record) return 0;
    const std::uint64_t sequence = segment_.SequenceOf(*record);
    const std::uint64_t records_between = (offset - place_.offset) / kRecordHeaderBytesMin;
    if (sequence < place_.sequence || sequence > place_.sequence + records_between) return 0;
    if (!TakeHashes(record->bytes()) || !IsIntact(*record, segment_.id())) return 0;
    return record->bytes();
  }

  bool TakeHashes(std::uint64_t bytes) {
    KVS_PROBE_IF(bytes > hashes_left_, "search for records comes to its limit");
    if (bytes > hashes_left_) return false;
    hashes_left_ -= bytes;
    return true;
  }

  // Whether zeroes reach to the end of a sector, from somewhere between the start of the bad record and `end`. Also
  // true if the file ends before `end`.
  bool HasHole(std::uint64_t end) const {
    if (end > bytes_.size()) return true;
    for (std::uint64_t begin = place_.offset; begin < end; begin = RoundDown(begin) + kSectorBytes) {
      const std::string_view part = bytes_.substr(begin, RoundDown(begin) + kSectorBytes - begin);
      const std::uint64_t zeroes_begin = begin + part.find_last_not_of('\0') + 1;  // npos + 1 is 0: all are zeroes.
      const std::uint64_t zeroes_end = std::min(begin + part.size(), end);
      if (zeroes_begin == begin || zeroes_begin + kHoleBytesMin <= zeroes_end) return true;
    }
    return false;
  }
  static std::uint64_t RoundDown(std::uint64_t offset) { return offset / kSectorBytes * kSectorBytes; }

  const Segment& segment_;
  const LogPlace& place_;
  const std::uint64_t data_end_;
  const std::string_view bytes_;
  std::uint64_t hashes_left_;
  std::optional<RecordHead> head_;  // Of the bad record, if it has the right sequence.
};

}  // namespace

// Compares many bytes at a time, because most such room is large and all zeroes.
std::uint64_t DataEnd(const Segment& segment, std::uint64_t offset) {
  static constexpr std::array<char, 4096> kZeroes{};
  std::string_view bytes = segment.BytesFrom(offset);
  while (bytes.size() >= kZeroes.size() && bytes.ends_with(std::string_view(kZeroes.data(), kZeroes.size()))) {
    bytes.remove_suffix(kZeroes.size());
  }
  return offset + bytes.find_last_not_of('\0') + 1;  // npos + 1 is 0: all are zeroes.
}

BadRecord ClassifyBadRecord(const Segment& segment, const LogPlace& place) {
  return BadRecordReader(segment, place).Classify();
}

}  // namespace kvs::log
