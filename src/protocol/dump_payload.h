// DumpPayload: a value as DUMP hands it out and RESTORE takes it back: a string of Redis's snapshot format (RDB 10).
//
//   payload  := type:u8=0 string version:u16=10 checksum:u64   the last two little-endian
//   string   := length bytes | 0xC0 i8 | 0xC1 i16 | 0xC2 i32 | 0xC3 length length compressed
//   length   := 00xxxxxx | 01xxxxxx u8 | 0x80 u32 | 0x81 u64   big-endian; the first of two is that of the compressed
//   checksum := CRC-64 by Jones of all bytes before it
//
// Pure: no clock, no engine. A payload is written without compression; one that is read may be compressed (LZF).
// Hostile input  Lengths are checked before anything is allocated: against kValueBytesMax, against the bytes that
//                are there, and against the yield of a compressed string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "kvs/function_ref.h"

namespace kvs::protocol {

std::string EncodeDump(std::string_view value);

enum class DumpFault : std::uint8_t {
  kVersionOrChecksum,
  kFormat,
  kOtherType,  // Not a string.
};

// `before`: called with the bytes of the value before there is room for it; may throw.
std::variant<std::string, DumpFault> DecodeDump(
    std::string_view payload, FunctionRef<void(std::size_t bytes)> before = [](std::size_t) {});

// How many bytes the string itself has in a payload.
std::size_t DumpedStringBytes(std::string_view value);

}  // namespace kvs::protocol
