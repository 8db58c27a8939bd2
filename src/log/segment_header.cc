#include "log/segment_header.h"

#include <cstring>
#include <limits>
#include <string>

#include "base/check.h"
#include "base/coding.h"
#include "base/hash.h"

namespace kvs::log {
namespace {

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kIdOffset = 16;
constexpr std::size_t kBaseSequenceOffset = 24;
constexpr std::size_t kCreatedSequenceOffset = 32;
constexpr std::size_t kRunOffset = 40;

std::uint32_t HeaderChecksum(const char* header) {
  const std::uint64_t seed = base::Hash64({header, kChecksumOffset});
  return base::Checksum32({header + kIdOffset, kSyncedMarkOffset - kIdOffset}, seed);
}

std::uint32_t MarkChecksum(std::uint32_t marked, std::uint64_t segment_id) {
  char bytes[4];
  base::PutFixed32(bytes, marked);
  return base::Checksum32({bytes, sizeof bytes}, segment_id);
}

Error Corrupt(std::string what) { return Error{.code = ErrorCode::kCorruption, .context = std::move(what)}; }

}  // namespace

void EncodeSegmentHeader(char* to, const SegmentHeader& header) {
  std::memset(to, 0, kSegmentHeaderBytes);
  std::memcpy(to, kSegmentMagic.data(), kSegmentMagic.size());
  base::PutFixed32(to + kVersionOffset, header.version);
  base::PutFixed64(to + kIdOffset, header.segment_id);
  base::PutFixed64(to + kBaseSequenceOffset, header.base_sequence);
  base::PutFixed64(to + kCreatedSequenceOffset, header.created_sequence);
  base::PutFixed64(to + kRunOffset, header.run);
  base::PutFixed32(to + kChecksumOffset, HeaderChecksum(to));
  base::PutFixed64(to + kSyncedMarkOffset, EncodeSyncedMark(0, header.segment_id));
}

Result<SegmentHeader> DecodeSegmentHeader(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return Corrupt("the file is too short for a segment");
  if (!bytes.starts_with(kSegmentMagic)) return Corrupt("the file does not begin like a segment");
  const std::uint32_t version = base::GetFixed32(bytes.data() + kVersionOffset);
  if (base::GetFixed32(bytes.data() + kChecksumOffset) != HeaderChecksum(bytes.data())) {
    return Corrupt("the segment's header is damaged");
  }
  if (version == 0 || version > kSegmentVersion) {
    return Error{.code = ErrorCode::kUnsupported,
                 .context = "the segment has format " + std::to_string(version) + ", this build reads formats 1 and 2"};
  }
  return SegmentHeader{.segment_id = base::GetFixed64(bytes.data() + kIdOffset),
                       .base_sequence = base::GetFixed64(bytes.data() + kBaseSequenceOffset),
                       .created_sequence = base::GetFixed64(bytes.data() + kCreatedSequenceOffset),
                       .run = base::GetFixed64(bytes.data() + kRunOffset),
                       .version = version};
}

std::uint64_t EncodeSyncedMark(std::uint64_t synced_bytes, std::uint64_t segment_id) {
  KVS_CHECK(synced_bytes <= std::numeric_limits<std::uint32_t>::max());
  const auto bytes = static_cast<std::uint32_t>(synced_bytes);
  return std::uint64_t{MarkChecksum(bytes, segment_id)} << 32 | bytes;
}

Result<std::uint64_t> DecodeSyncedMark(std::uint64_t word, std::uint64_t segment_id) {
  const auto bytes = static_cast<std::uint32_t>(word);
  if (word >> 32 != MarkChecksum(bytes, segment_id)) return Corrupt("the segment's synced mark is damaged");
  return std::uint64_t{bytes};
}

std::uint64_t EncodeCacheIdentity(std::uint64_t identity, std::uint64_t segment_id) {
  if (identity == 0) return 0;
  const auto noted = static_cast<std::uint32_t>(identity);
  return std::uint64_t{MarkChecksum(noted, ~segment_id)} << 32 | noted;
}

bool IsCacheIdentity(std::uint64_t word, std::uint64_t segment_id) {
  return word == 0 || word >> 32 == MarkChecksum(static_cast<std::uint32_t>(word), ~segment_id);
}

}  // namespace kvs::log
