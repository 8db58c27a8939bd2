// For any bytes: the decoder of hint files reads none after its input, and what it takes lies within the segment. Each
// input is also tried with the header and the checksum that the segment's own hint has, which would hide all else.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/coding.h"
#include "base/hash.h"
#include "forged.h"
#include "log/hint_file.h"
#include "support/exact_block.h"
#include "unit/log/segment_builder.h"

namespace kvs::log {
namespace {

constexpr SegmentHeader kHeader{.segment_id = 3, .base_sequence = 100, .created_sequence = 100};
constexpr std::size_t kRecordsOffset = 40;  // The header before it says to which segment the hint belongs.

std::shared_ptr<Segment> MakeSegment() {
  SegmentBuilder builder(kHeader);
  builder.Add(DraftPut("a", std::string(200, 'v')), 100);
  builder.Add(DraftPut("", ""), 5'000'000'000);
  builder.Add(DraftTombstone(std::string(300, 'k')), 103);
  return builder.Build();
}

void CheckBytes(std::string_view bytes, const Segment& segment) {
  const test::ExactBlock block(bytes);
  const auto records = DecodeHint(block.view(), segment);
  if (!records) return;
  std::uint64_t end = kSegmentHeaderBytes;
  for (const RecordSummary& record : *records) {
    KVS_CHECK(record.offset >= end);
    end = record.offset + record.bytes;
    KVS_CHECK(end >= record.offset && end <= segment.readable_bytes());
    static_cast<void>(base::Hash64(record.key));  // Reads it.
  }
}

void Check(std::string_view input) {
  static const std::shared_ptr<Segment> segment = MakeSegment();
  static const std::string own = *EncodeHint(*segment);
  CheckBytes(input, *segment);
  if (input.size() < kRecordsOffset) return;
  const std::string of_segment = own.substr(0, kRecordsOffset) + std::string(input.substr(kRecordsOffset));
  CheckAsItIsAndForged(
      of_segment, [](std::string_view bytes) { return base::Checksum32(bytes.substr(kCheckedFrom)); },
      [](std::string_view bytes) { CheckBytes(bytes, *segment); });
}

}  // namespace
}  // namespace kvs::log

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::log::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
