// On-disk record, format 1. Little-endian, packed, unaligned.
//
//   bytes   field
//     4     checksum       see below
//     1     type           low 4 bits: RecordType; 0 is never written, so zeroes cannot parse. Bit 4: an expiry
//                          follows. Bit 5, only with it, and only in segments of format 2: it is the end of a span.
//                          The other bits are 0; anything else is refused
//   1..3    key_bytes      varint, 0..65'535
//   1..5    value_bytes    varint, 0..kValueBytesMax; 0 for a tombstone
//   1..10   sequence       varint, counted from the base sequence in the segment's header: the store-wide write order;
//                          at recovery the highest per key wins
//   0 or 8  expiry         milliseconds since 1970, present if the type says so; of a span by the clock of spans
//                          (store/expiry/expiry_clock.h), otherwise by the wall clock
//     -     key, value
//
// A batch is one record with an empty key, whose value is a run of whole records of the other types: its checksum makes
// them one, and each of them can be read by itself.
//
// The checksum is XXH3 over everything else in the record and over the id of the segment it is in, so that a record
// in the wrong file, or left over from an earlier use of a block, is not taken for one of this segment:
//
//   body     = XXH3(value, seed = XXH3(key))               can be computed before the record has its place
//   checksum = low 32 bits of XXH3(the bytes from `type` to before `key`, seed = body ^ Mix(segment id))
//
// The writer checks what the reader will check. The bytes are pinned by tests/compat/v1/.
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

// What a record says, before it has its place in the log. The views belong to the caller.
struct RecordDraft {
  RecordType type;
  std::string_view key;
  std::string_view value;
  Expiry expiry_ms{};
  std::uint64_t body_hash = 0;  // Of key and value; the slow part of the checksum.
};

// The bits of the type that tell of an expiry, and what they say. nullopt: no record has these bits.
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

// Hashes key and value: call it before taking any lock.
RecordDraft DraftPut(std::string_view key, std::string_view value, Expiry expiry_ms = {});
RecordDraft DraftTombstone(std::string_view key);
// `records`: whole records, encoded for the segment that the batch goes to.
RecordDraft DraftBatch(std::string_view records);

// How long the record will be at `sequence_delta` = sequence - base sequence of the segment.
std::size_t RecordBytes(const RecordDraft& draft, std::uint64_t sequence_delta);

// Writes what comes before key and value to `to`, which has room for kRecordHeaderBytesMax, and returns its length.
std::size_t EncodeRecordHead(char* to, const RecordDraft& draft, std::uint64_t segment_id,
                             std::uint64_t sequence_delta);

// Writes the record to `to`, which has room for RecordBytes(), and returns its length. The head is whole before the
// first byte of key and value is there, also where the process dies in between.
std::size_t EncodeRecord(char* to, const RecordDraft& draft, std::uint64_t segment_id, std::uint64_t sequence_delta);

// The same of a batch of `members`, whose sequences follow one another from `sequence_delta` on. `to` has room for
// BatchBytes(). Its head, not yet valid, is written first: what a killed process leaves of it is one bad record.
std::size_t BatchBytes(std::span<const RecordDraft> members, std::uint64_t sequence_delta);
std::size_t EncodeBatch(char* to, std::span<const RecordDraft> members, std::uint64_t segment_id,
                        std::uint64_t sequence_delta);

// A record as it is in a segment. The views point into the segment.
struct Record {
  RecordType type;
  ExpiryKind expiry_kind;
  std::uint32_t checksum;
  std::uint64_t sequence_delta;
  std::uint64_t expiry_ms;  // 0: none.
  std::string_view header;  // The bytes that the checksum covers directly.
  std::string_view key;
  std::string_view value;

  Expiry expiry() const { return {expiry_ms, expiry_kind}; }
  std::size_t bytes() const { return kRecordChecksumBytes + header.size() + key.size() + value.size(); }
};

// Reads the record that begins at `begin`; nullopt where nothing within [begin, end) can be one. Checks the form only.
inline std::optional<Record> DecodeRecord(const char* begin, const char* end);

// Whether every byte of the record is as it was written, in the segment it was written for.
bool IsIntact(const Record& record, std::uint64_t segment_id);

// What the head of a record says, whether key and value are there or not.
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

// Any record, one length after the other.
std::optional<Record> DecodeAnyRecord(const char* begin, const char* end);

// The record of a small pair is decoded on the path of every read: its type and lengths are the first bytes of one
// word, behind which the rest of the word is the sequence. All else goes the long way, which gives the same answer.
inline std::optional<Record> DecodeRecord(const char* begin, const char* end) {
  constexpr std::uint32_t kSmallPutMask = 0x8080ff;  // The type, and the bits that tell of lengths of a second byte.
  constexpr std::uint64_t kSequenceStops = 0x8080808080000000;
  constexpr std::ptrdiff_t kWordEnd = kRecordChecksumBytes + sizeof(std::uint64_t);
  if (end - begin < kWordEnd) return DecodeAnyRecord(begin, end);
  const std::uint32_t half = base::GetFixed32(begin + kRecordChecksumBytes);
  const std::uint32_t key_bytes = half >> 8 & 0xff;
  const std::uint32_t value_bytes = half >> 16 & 0xff;
  // The word must not reach beyond the record: what is there may be written at this moment.
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
