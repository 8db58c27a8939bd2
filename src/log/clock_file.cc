#include "log/clock_file.h"

#include "base/coding.h"
#include "base/hash.h"

namespace kvs::log {
namespace {

constexpr std::size_t kVersionOffset = 8;
constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kCoveredOffset = 16;
constexpr std::int64_t kMsMax = std::int64_t{1} << 60;  // Sums of a few of them do not overflow.

std::uint32_t ChecksumOf(std::string_view bytes) {
  return base::Checksum32(bytes.substr(kCoveredOffset), base::Hash64(bytes.substr(0, kChecksumOffset)));
}

bool IsPossible(std::int64_t ms) { return ms > -kMsMax && ms < kMsMax; }

}  // namespace

std::string EncodeClockFile(const ClockFile& clock) {
  std::string bytes(kClockFileBytes, '\0');
  bytes.replace(0, kClockMagic.size(), kClockMagic);
  base::PutFixed32(bytes.data() + kVersionOffset, kClockVersion);
  char* at = bytes.data() + kCoveredOffset;
  for (const std::uint64_t field :
       {clock.boot, static_cast<std::uint64_t>(clock.anchor_ms), static_cast<std::uint64_t>(clock.offset_ms),
        static_cast<std::uint64_t>(clock.span_ms)}) {
    base::PutFixed64(at, field);
    at += 8;
  }
  base::PutFixed32(bytes.data() + kChecksumOffset, ChecksumOf(bytes));
  return bytes;
}

Result<ClockFile> DecodeClockFile(std::string_view bytes) {
  if (!bytes.starts_with(kClockMagic)) return Error{.code = ErrorCode::kUnsupported, .context = "not a clock file"};
  const Error damaged{.code = ErrorCode::kCorruption, .context = "the clock file is damaged"};
  if (bytes.size() < kClockFileBytes) return damaged;
  const std::uint32_t version = base::GetFixed32(bytes.data() + kVersionOffset);
  if (base::GetFixed32(bytes.data() + kChecksumOffset) != ChecksumOf(bytes)) return damaged;
  if (version != kClockVersion) {
    return Error{.code = ErrorCode::kUnsupported,
                 .context = "the clock file has format " + std::to_string(version) + ", this build reads format 1"};
  }
  const auto field = [&](std::size_t number) { return base::GetFixed64(bytes.data() + kCoveredOffset + 8 * number); };
  const ClockFile clock{.boot = field(0),
                        .anchor_ms = static_cast<std::int64_t>(field(1)),
                        .offset_ms = static_cast<std::int64_t>(field(2)),
                        .span_ms = static_cast<std::int64_t>(field(3))};
  const bool is_possible = IsPossible(clock.anchor_ms) && IsPossible(clock.offset_ms) && IsPossible(clock.span_ms);
  if (bytes.size() != kClockFileBytes || !is_possible) return damaged;
  return clock;
}

}  // namespace kvs::log
