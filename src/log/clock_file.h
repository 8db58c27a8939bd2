// Clock file, format 1: the state of the clock of spans (store/expiry/expiry_clock.h), with which the next opening
// continues it. Little-endian.
//
//   offset  size  field
//        0     8  magic      "KVS.CLK\n"
//        8     4  version    1
//       12     4  checksum   XXH3, low 32 bits, over the bytes 0..11 and all that follows
//       16     8  boot       a number for the boot of the machine that wrote it; 0: unknown
//       24     8  anchor_ms  clock of spans minus time since that boot; i64, like the next two
//       32     8  offset_ms  wall clock minus clock of spans
//       40     8  span_ms    the clock of spans when the file was written
//
// A store that never held the end of a span has no such file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kvs/result.h"

namespace kvs::log {

inline constexpr std::string_view kClockMagic = "KVS.CLK\n";
inline constexpr std::uint32_t kClockVersion = 1;
inline constexpr std::size_t kClockFileBytes = 8 + 4 + 4 + 4 * 8;

struct ClockFile {
  std::uint64_t boot = 0;
  std::int64_t anchor_ms = 0;
  std::int64_t offset_ms = 0;
  std::int64_t span_ms = 0;

  friend bool operator==(const ClockFile&, const ClockFile&) = default;
};

std::string EncodeClockFile(const ClockFile& clock);

// kUnsupported: not a clock file, or of a version that this build does not know; the file must stay as it is. Otherwise
// kCorruption.
Result<ClockFile> DecodeClockFile(std::string_view bytes);

}  // namespace kvs::log
