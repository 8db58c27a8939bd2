// Sniff: which protocol a connection speaks, told by its first byte, so that both share one port.
#pragma once

#include <cstdint>

#include "protocol/native_frame.h"

namespace kvs::protocol {

enum class Dialect : std::uint8_t { kNative, kResp };

// 0xB5 is not ASCII and cannot begin UTF-8, so no text protocol starts with it. Everything else is RESP, which takes
// any line for an inline command, and has words for what it does not understand.
inline Dialect Sniff(char first_byte) {
  return static_cast<std::uint8_t>(first_byte) == kFrameMagic ? Dialect::kNative : Dialect::kResp;
}

}  // namespace kvs::protocol
