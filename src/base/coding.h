// Little-endian integers in byte buffers, of fixed and of variable length. Varints are LEB128: seven bits per byte, low
// bits first.
//
// Limits      Callers check bounds. GetVarint() takes the end of the input and never reads past it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace kvs::base {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian, and copied as they are");

inline constexpr std::size_t kVarint64BytesMax = 10;

inline std::uint32_t GetFixed32(const char* from) {
  std::uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline std::uint64_t GetFixed64(const char* from) {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline void PutFixed32(char* to, std::uint32_t value) { std::memcpy(to, &value, sizeof value); }
inline void PutFixed64(char* to, std::uint64_t value) { std::memcpy(to, &value, sizeof value); }

inline std::size_t VarintBytes(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// Writes `value` and returns the position after it. `to` has room for kVarint64BytesMax bytes.
inline char* PutVarint(char* to, std::uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

// Reads a value from [from, end) and returns the position after it. Returns nullptr if the input ends too early or the
// value has more than 64 bits. Accepts only the shortest form, so each value has one encoding.
inline const char* GetVarint(const char* from, const char* end, std::uint64_t* value) {
  std::uint64_t result = 0;
  for (unsigned shift = 0; shift < 64 && from < end; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(*from++);
    result |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) {
      const bool overflows = shift == 63 && byte > 1;
      const bool is_padded = shift > 0 && byte == 0;
      if (overflows || is_padded) return nullptr;
      *value = result;
      return from;
    }
  }
  return nullptr;
}

}  // namespace kvs::base
