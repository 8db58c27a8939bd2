// On-disk record, format 1. Little-endian, packed, unaligned.
//
//   bytes   field
//     4     checksum       see below
//     1     type           low 4 bits: RecordType; 0 is never written, so zeroes cannot parse
//                          bit 4: an expiry follows
//                          bit 5: it is the end of a span; only with bit 4, and only in segments of format 2
//                          other bits: 0; anything else is refused
//   1..3    key_bytes      varint, 0..65'535
//   1..5    value_bytes    varint, 0..kValueBytesMax; 0 for a tombstone
//   1..10   sequence       varint, minus the base sequence in the segment's header. It is the store-wide write order;
//                          recovery keeps the highest per key
//   0 or 8  expiry         milliseconds since 1970, not 0, present if the type says so. By the clock of spans
//                          (store/expiry/expiry_clock.h) for a span, otherwise by the wall clock
//     -     key, value
//
// A batch is one record with an empty key. Its value is a sequence of whole records of the other types. Its checksum
// covers them all, and each of them can also be read by itself.
//
// The checksum is XXH3 over everything else in the record and over the id of its segment. So a record in the wrong
// file, or from an earlier use of a block, does not pass for one of this segment:
//
//   body     = XXH3(value, seed = XXH3(key))               can be computed before the record has an offset
//   checksum = low 32 bits of XXH3(the bytes from `type` to before `key`, seed = body ^ Mix(segment id))
//
// The writer checks the same limits as the reader. tests/compat/v1/ pins the bytes.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/coding.h"
#include "kvs/engine.h"

namespace kvs::log {

enum class RecordType : std::uint8_t { kPut = 1, kTombstone = 2, kBatch = 3 };  // DO NOT renumber: these are on disks.

inline constexpr std::uint8_t kRecordTypeMask = 0x0f;
inline constexpr std::uint8_t kRecordHasExpiry = 0x10;
inline constexpr std::uint8_t kRecordExpiryIsSpan = 0x20;
inline constexpr std::size_t kRecordChecksumBytes = 4;
inline constexpr std::size_t kRecordHeaderBytesMin = kRecordChecksumBytes + 1 + 1 + 1 + 1;
inline constexpr std::size_t kRecordHeaderBytesMax = kRecordChecksumBytes + 1 + 3 + 5 + base::kVarint64BytesMax + 8;
static_assert(kRecordHeaderBytesMin == 8 && kRecordHeaderBytesMax == 31);

// A record before it has a place in the log. The views belong to the caller.
struct RecordDraft {
  RecordType type;
  std::string_view key;
  std::string_view value;
  Expiry expiry_ms{};
  std::uint64_t key_hash = 0;
  std::uint64_t body_hash = 0;  // Of key and value, the slow part of the checksum.
};

// The bits of the type that describe an expiry, and their meaning. nullopt: no record has these bits.
constexpr std::uint8_t ExpiryBits(Expiry expiry_ms) {
  if (expiry_ms == kNoExpiry) return 0;
  return expiry_ms.kind() == ExpiryKind::kSpan ? kRecordHasExpiry | kRecordExpiryIsSpan : kRecordHasExpiry;
}
constexpr std::optional<ExpiryKind> ExpiryKindOf(std::uint8_t type_byte) {
  const int bits = type_byte & ~kRecordTypeMask;
  if (bits == 0 || bits == kRecordHasExpiry) return ExpiryKind::kPoint;
  if (bits == (kRecordHasExpiry | kRecordExpiryIsSpan)) return ExpiryKind::kSpan;
  return std::nullopt;
}

// Hashes key and value, so call it before taking any lock.
RecordDraft DraftPut(std::string_view key, std::string_view value, Expiry expiry_ms = {});
RecordDraft DraftTombstone(std::string_view key);
// records: in, whole records, encoded for the segment of the batch.
RecordDraft DraftBatch(std::string_view records);

// The length of the record. sequence_delta: in, sequence minus the base sequence of the segment.
std::size_t RecordBytes(const RecordDraft& draft, std::uint64_t sequence_delta);
// The length at the longest head that a record may have.
inline std::uint64_t RecordBytesMax(const RecordDraft& draft) {
  return kRecordHeaderBytesMax + draft.key.size() + draft.value.size();
}

// Writes the bytes before key and value, and returns their length. to: out, has room for kRecordHeaderBytesMax.
std::size_t EncodeRecordHead(char* to, const RecordDraft& draft, std::uint64_t segment_id,
                             std::uint64_t sequence_delta);

// Writes the record and returns its length. The head is whole before the first byte of key and value is written, even
// if the process dies between.
// to: out, has room for RecordBytes().
std::size_t EncodeRecord(char* to, const RecordDraft& draft, std::uint64_t segment_id, std::uint64_t sequence_delta);

// Writes a batch of `members`, with consecutive sequences from `sequence_delta` on. Its head is written first and not
// yet valid, so a killed process leaves one bad record.
// to: out, has room for BatchBytes().
std::size_t BatchBytes(std::span<const RecordDraft> members, std::uint64_t sequence_delta);
std::size_t EncodeBatch(char* to, std::span<const RecordDraft> members, std::uint64_t segment_id,
                        std::uint64_t sequence_delta);

// A record in a segment. The views point into the segment.
struct Record {
  RecordType type;
  ExpiryKind expiry_kind;
  std::uint32_t checksum;
  std::uint64_t sequence_delta;
  std::uint64_t expiry_ms;  // 0: none.
  std::string_view header;  // The bytes that are hashed directly.
  std::string_view key;
  std::string_view value;

  Expiry expiry() const { return {expiry_ms, expiry_kind}; }
  std::size_t bytes() const { return kRecordChecksumBytes + header.size() + key.size() + value.size(); }
};

// Parses the record at `begin`; nullopt if there is none within [begin, end). Checks only the form.
inline std::optional<Record> DecodeRecord(const char* begin, const char* end);

// Whether every byte of the record is as written, in the segment it was written for.
bool IsIntact(const Record& record, std::uint64_t segment_id);

// Drafts a copy of the record for another segment. nullopt: the record is not intact. Hashes the bytes once for both.
// If they change after that, the copy is not intact.
std::optional<RecordDraft> DraftCopy(const Record& record, std::uint64_t segment_id);

// The head of a record. Key and value need not be there.
struct RecordHead {
  RecordType type;
  ExpiryKind expiry_kind;
  std::uint32_t checksum;
  std::uint64_t sequence_delta;
  std::uint64_t expiry_ms;
  std::uint64_t key_bytes;
  std::uint64_t value_bytes;
  std::size_t head_bytes;

  std::uint64_t bytes() const { return head_bytes + key_bytes + value_bytes; }
};
std::optional<RecordHead> DecodeRecordHead(const char* begin, const char* end);

// Parses any record, one length after another.
std::optional<Record> DecodeAnyRecord(const char* begin, const char* end);

// Parses the record of a small pair quickly, because every read does it. Type and lengths are the first bytes of one
// word, and the rest of the word is the sequence. Other records take the slow path, which gives the same result.
inline std::optional<Record> DecodeRecord(const char* begin, const char* end) {
  constexpr std::uint32_t kSmallPutMask = 0x8080ff;  // The type, and the bits that mark a second length byte.
  constexpr std::uint64_t kSequenceStops = 0x8080808080000000;
  constexpr std::ptrdiff_t kWordEnd = kRecordChecksumBytes + sizeof(std::uint64_t);
  if (end - begin < kWordEnd) return DecodeAnyRecord(begin, end);
  const std::uint32_t half = base::GetFixed32(begin + kRecordChecksumBytes);
  const std::uint32_t key_bytes = half >> 8 & 0xff;
  const std::uint32_t value_bytes = half >> 16 & 0xff;
  // The word must stay within the record: another thread may be writing the bytes after it.
  const bool has_word = key_bytes + value_bytes >= kWordEnd - kRecordHeaderBytesMin;
  if ((half & kSmallPutMask) != static_cast<std::uint32_t>(RecordType::kPut) || !has_word) {
    return DecodeAnyRecord(begin, end);
  }
  const std::uint64_t word = base::GetFixed64(begin + kRecordChecksumBytes);
  const std::uint64_t stops = ~word & kSequenceStops;
  if (stops == 0) return DecodeAnyRecord(begin, end);
  const auto header_bits = static_cast<unsigned>(std::countr_zero(stops)) + 1;
  const std::uint64_t sequence = (word & (~std::uint64_t{0} >> (64 - header_bits))) >> 24;
  const std::uint64_t last_byte = sequence >> (header_bits - 32);
  if (last_byte == 0 && header_bits > 32) return DecodeAnyRecord(begin, end);  // Not the shortest form.
  const std::uint64_t delta = (sequence & 0x7f) | (sequence & 0x7f00) >> 1 | (sequence & 0x7f0000) >> 2 |
                              (sequence & 0x7f000000) >> 3 | (sequence & 0x7f00000000) >> 4;
  const char* const header = begin + kRecordChecksumBytes;
  const std::size_t header_bytes = header_bits / 8;
  if (static_cast<std::uint64_t>(end - header) < header_bytes + key_bytes + value_bytes) return std::nullopt;
  return Record{.type = RecordType::kPut,
                .expiry_kind = ExpiryKind::kPoint,
                .checksum = base::GetFixed32(begin),
                .sequence_delta = delta,
                .expiry_ms = 0,
                .header = {header, header_bytes},
                .key = {header + header_bytes, key_bytes},
                .value = {header + header_bytes + key_bytes, value_bytes}};
}

}  // namespace kvs::log
