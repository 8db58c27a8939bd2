#include "log/record.h"

#include <atomic>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"

namespace kvs::log {
namespace {

// Fibonacci hashing: spreads neighbouring segment ids over all bits of the seed.
std::uint64_t MixSegmentId(std::uint64_t segment_id) { return segment_id * 0x9e3779b97f4a7c15; }

RecordDraft Draft(RecordType type, std::string_view key, std::string_view value, Expiry expiry_ms) {
  const std::uint64_t key_hash = base::Hash64(key);
  return {.type = type,
          .key = key,
          .value = value,
          .expiry_ms = expiry_ms,
          .key_hash = key_hash,
          .body_hash = base::Hash64(value, key_hash)};
}

std::uint32_t Checksum(std::string_view header, std::uint64_t body_hash, std::uint64_t segment_id) {
  return base::Checksum32(header, body_hash ^ MixSegmentId(segment_id));
}

std::size_t HeaderBytes(const RecordDraft& draft, std::uint64_t sequence_delta) {
  return kRecordChecksumBytes + 1 + base::VarintBytes(draft.key.size()) + base::VarintBytes(draft.value.size()) +
         base::VarintBytes(sequence_delta) + (draft.expiry_ms != 0 ? 8 : 0);
}

std::size_t BatchHeaderBytes(std::size_t members_bytes, std::uint64_t sequence_delta) {
  return kRecordChecksumBytes + 1 + base::VarintBytes(0) + base::VarintBytes(members_bytes) +
         base::VarintBytes(sequence_delta);
}

std::size_t MembersBytes(std::span<const RecordDraft> members, std::uint64_t sequence_delta) {
  std::size_t bytes = 0;
  for (const RecordDraft& member : members) bytes += RecordBytes(member, sequence_delta++);
  return bytes;
}

// Copies a view. The data() of an empty view may be null.
char* Append(char* to, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}

bool LengthsFit(RecordType type, std::uint64_t key_bytes, std::uint64_t value_bytes) {
  switch (type) {
    case RecordType::kPut: return key_bytes <= kKeyBytesMax && value_bytes <= kValueBytesMax;
    case RecordType::kTombstone: return key_bytes <= kKeyBytesMax && value_bytes == 0;
    case RecordType::kBatch: return key_bytes == 0 && value_bytes <= kBatchBytesMax;
  }
  return false;
}

}  // namespace

RecordDraft DraftPut(std::string_view key, std::string_view value, Expiry expiry_ms) {
  return Draft(RecordType::kPut, key, value, expiry_ms);
}

RecordDraft DraftTombstone(std::string_view key) { return Draft(RecordType::kTombstone, key, {}, {}); }

RecordDraft DraftBatch(std::string_view records) { return Draft(RecordType::kBatch, {}, records, {}); }

std::size_t RecordBytes(const RecordDraft& draft, std::uint64_t sequence_delta) {
  return HeaderBytes(draft, sequence_delta) + draft.key.size() + draft.value.size();
}

std::size_t EncodeRecordHead(char* to, const RecordDraft& draft, std::uint64_t segment_id,
                             std::uint64_t sequence_delta) {
  KVS_CHECK(LengthsFit(draft.type, draft.key.size(), draft.value.size()));
  char* const header = to + kRecordChecksumBytes;
  char* at = header;
  *at++ = static_cast<char>(static_cast<std::uint8_t>(draft.type) | ExpiryBits(draft.expiry_ms));
  at = base::PutVarint(at, draft.key.size());
  at = base::PutVarint(at, draft.value.size());
  at = base::PutVarint(at, sequence_delta);
  if (draft.expiry_ms != 0) {
    base::PutFixed64(at, draft.expiry_ms);
    at += 8;
  }
  const std::string_view covered(header, static_cast<std::size_t>(at - header));
  base::PutFixed32(to, Checksum(covered, draft.body_hash, segment_id));
  return static_cast<std::size_t>(at - to);
}

std::size_t EncodeRecord(char* to, const RecordDraft& draft, std::uint64_t segment_id, std::uint64_t sequence_delta) {
  char* at = to + EncodeRecordHead(to, draft, segment_id, sequence_delta);
  std::atomic_signal_fence(std::memory_order_release);  // Orders the stores for the compiler; costs nothing.
  at = Append(at, draft.key);
  at = Append(at, draft.value);
  return static_cast<std::size_t>(at - to);
}

std::size_t BatchBytes(std::span<const RecordDraft> members, std::uint64_t sequence_delta) {
  const std::size_t bytes = MembersBytes(members, sequence_delta);
  return BatchHeaderBytes(bytes, sequence_delta) + bytes;
}

std::size_t EncodeBatch(char* to, std::span<const RecordDraft> members, std::uint64_t segment_id,
                        std::uint64_t sequence_delta) {
  const std::size_t members_bytes = MembersBytes(members, sequence_delta);
  const std::size_t header_bytes = BatchHeaderBytes(members_bytes, sequence_delta);
  const std::string_view records(to + header_bytes, members_bytes);
  EncodeRecordHead(to, {.type = RecordType::kBatch, .key = {}, .value = records}, segment_id, sequence_delta);
  std::atomic_signal_fence(std::memory_order_release);  // The compiler keeps the head before the members.
  char* at = to + header_bytes;
  std::uint64_t delta = sequence_delta;
  for (const RecordDraft& member : members) at += EncodeRecord(at, member, segment_id, delta++);
  EncodeRecordHead(to, DraftBatch(records), segment_id, sequence_delta);
  return header_bytes + members_bytes;
}

std::optional<RecordHead> DecodeRecordHead(const char* begin, const char* end) {
  if (end - begin < static_cast<std::ptrdiff_t>(kRecordHeaderBytesMin)) return std::nullopt;
  const char* at = begin + kRecordChecksumBytes;
  const auto type_byte = static_cast<std::uint8_t>(*at++);
  const auto expiry_kind = ExpiryKindOf(type_byte);
  if (!expiry_kind) return std::nullopt;

  RecordHead head{.type = static_cast<RecordType>(type_byte & kRecordTypeMask),
                  .expiry_kind = *expiry_kind,
                  .checksum = base::GetFixed32(begin),
                  .sequence_delta = 0,
                  .expiry_ms = 0,
                  .key_bytes = 0,
                  .value_bytes = 0,
                  .head_bytes = 0};
  at = base::GetVarint(at, end, &head.key_bytes);
  if (at == nullptr) return std::nullopt;
  at = base::GetVarint(at, end, &head.value_bytes);
  if (at == nullptr) return std::nullopt;
  at = base::GetVarint(at, end, &head.sequence_delta);
  if (at == nullptr || !LengthsFit(head.type, head.key_bytes, head.value_bytes)) return std::nullopt;
  if ((type_byte & kRecordHasExpiry) != 0) {
    if (end - at < 8) return std::nullopt;
    head.expiry_ms = base::GetFixed64(at);
    if (head.expiry_ms == 0) return std::nullopt;  // Without an expiry, no flag says that there is one.
    at += 8;
  }
  head.head_bytes = static_cast<std::size_t>(at - begin);
  return head;
}

std::optional<Record> DecodeAnyRecord(const char* begin, const char* end) {
  const auto head = DecodeRecordHead(begin, end);
  if (!head || static_cast<std::uint64_t>(end - begin) < head->bytes()) return std::nullopt;
  const char* const key = begin + head->head_bytes;
  return Record{.type = head->type,
                .expiry_kind = head->expiry_kind,
                .checksum = head->checksum,
                .sequence_delta = head->sequence_delta,
                .expiry_ms = head->expiry_ms,
                .header = {begin + kRecordChecksumBytes, head->head_bytes - kRecordChecksumBytes},
                .key = {key, head->key_bytes},
                .value = {key + head->key_bytes, head->value_bytes}};
}

// Every read does this, so it makes no draft.
bool IsIntact(const Record& record, std::uint64_t segment_id) {
  const std::uint64_t body_hash = base::Hash64(record.value, base::Hash64(record.key));
  return record.checksum == Checksum(record.header, body_hash, segment_id);
}

std::optional<RecordDraft> DraftCopy(const Record& record, std::uint64_t segment_id) {
  const RecordDraft draft = Draft(record.type, record.key, record.value, record.expiry());
  if (record.checksum != Checksum(record.header, draft.body_hash, segment_id)) return std::nullopt;
  return draft;
}

}  // namespace kvs::log
