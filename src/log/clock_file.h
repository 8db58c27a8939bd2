// Clock file, format 1: the time of the clock of spans (store/expiry/expiry_clock.h), so that the next opening goes on.
// Little-endian.
//
//   offset  size  field
//        0     8  magic      "KVS.CLK\n"
//        8     4  version    1
//       12     4  checksum   XXH3, low 32 bits, over the bytes 0..11 and all that follows
//       16     8  boot       a number for the boot of the machine in which it was written; 0: not known
//       24     8  anchor_ms  from the time since that boot to the clock of spans; i64 as the next two
//       32     8  offset_ms  from the clock of spans to the wall clock
//       40     8  span_ms    what the clock of spans showed
//
// A store that never held the end of a span has none.
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

// kUnsupported: not a clock file, or of a version this build does not know; it must stay as it is. kCorruption.
Result<ClockFile> DecodeClockFile(std::string_view bytes);

}  // namespace kvs::log
