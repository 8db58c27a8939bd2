// For any bytes: both ways to decode a record agree, read none after their input, and find lengths within it. A record
// that is put or a tombstone, with its checksum put right, is encoded as it was.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/coding.h"
#include "log/record.h"
#include "support/exact_block.h"

namespace kvs::log {
namespace {

constexpr std::uint64_t kSegmentId = 7;

bool AreSame(const std::optional<Record>& a, const std::optional<Record>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->type == b->type && a->expiry_kind == b->expiry_kind && a->checksum == b->checksum &&
         a->sequence_delta == b->sequence_delta && a->expiry_ms == b->expiry_ms && a->header == b->header &&
         a->key == b->key && a->value == b->value;
}

void Check(std::string_view input) {
  const test::ExactBlock block(input);
  const auto record = DecodeRecord(block.begin(), block.end());
  KVS_CHECK(AreSame(record, DecodeAnyRecord(block.begin(), block.end())));
  if (!record) return;
  KVS_CHECK(record->bytes() <= input.size());
  static_cast<void>(IsIntact(*record, kSegmentId));
  static_cast<void>(DraftCopy(*record, kSegmentId));

  const auto head = DecodeRecordHead(block.begin(), block.end());
  KVS_CHECK(head && head->bytes() == record->bytes());
  if (record->type == RecordType::kBatch) return;
  const RecordDraft draft = record->type == RecordType::kPut ? DraftPut(record->key, record->value, record->expiry())
                                                             : DraftTombstone(record->key);
  std::string again(RecordBytes(draft, record->sequence_delta), '\0');
  KVS_CHECK(EncodeRecord(again.data(), draft, kSegmentId, record->sequence_delta) == again.size());
  const bool has_own_form = record->type == RecordType::kPut || record->expiry_ms == 0;
  const std::string_view after_checksum = input.substr(0, record->bytes()).substr(kRecordChecksumBytes);
  KVS_CHECK(!has_own_form || std::string_view(again).substr(kRecordChecksumBytes) == after_checksum);
  const auto decoded = DecodeRecord(again.data(), again.data() + again.size());
  KVS_CHECK(decoded && IsIntact(*decoded, kSegmentId) && !IsIntact(*decoded, kSegmentId + 1));
}

}  // namespace
}  // namespace kvs::log

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::log::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
