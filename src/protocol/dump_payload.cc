#include "protocol/dump_payload.h"

#include <lzf.h>

#include <array>
#include <cstddef>
#include <limits>
#include <optional>

#include "base/decimal.h"
#include "kvs/engine.h"

namespace kvs::protocol {
namespace {

constexpr std::uint8_t kStringType = 0;
constexpr std::uint16_t kVersion = 10;
constexpr std::size_t kVersionBytes = 2;
constexpr std::size_t kFooterBytes = kVersionBytes + 8;
constexpr std::size_t kIntegerCharactersMax = 11;  // Of a number of 32 bits.

enum Encoding : std::uint8_t { kInt8 = 0xC0, kInt16 = 0xC1, kInt32 = 0xC2, kLzf = 0xC3, kLength32 = 0x80, kLength64 };

// --- CRC-64 by Jones: reflected, from 0, not inverted ---

constexpr std::uint64_t kPolynomial = 0x95ac9329ac4bc9b5;  // 0xad93d23594c935a9, reflected.

constexpr std::array<std::uint64_t, 256> MakeTable() {
  std::array<std::uint64_t, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    std::uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    table[byte] = crc;
  }
  return table;
}

std::uint64_t Crc64(std::string_view bytes) {
  static constexpr std::array<std::uint64_t, 256> kTable = MakeTable();
  std::uint64_t crc = 0;
  for (const char c : bytes) crc = kTable[(crc ^ static_cast<std::uint8_t>(c)) & 0xff] ^ (crc >> 8);
  return crc;
}

// --- Integers of `bytes` bytes, in either order ---

void AppendLittle(std::uint64_t number, std::size_t bytes, std::string* out) {
  for (std::size_t i = 0; i < bytes; ++i) out->push_back(static_cast<char>(number >> (8 * i)));
}

void AppendBig(std::uint64_t number, std::size_t bytes, std::string* out) {
  for (std::size_t i = bytes; i-- > 0;) out->push_back(static_cast<char>(number >> (8 * i)));
}

std::uint64_t LittleOf(std::string_view bytes) {
  std::uint64_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  return number;
}

std::uint64_t BigOf(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<std::uint8_t>(c);
  return number;
}

template <class Integer>
bool Fits(std::int64_t number) {
  return number >= std::numeric_limits<Integer>::min() && number <= std::numeric_limits<Integer>::max();
}

void AppendLength(std::uint64_t length, std::string* out) {
  if (length < 1U << 6) {
    AppendBig(length, 1, out);
  } else if (length < 1U << 14) {
    AppendBig(length | 1U << 14, 2, out);
  } else if (length <= std::numeric_limits<std::uint32_t>::max()) {
    out->push_back(static_cast<char>(kLength32));
    AppendBig(length, 4, out);
  } else {
    out->push_back(static_cast<char>(kLength64));
    AppendBig(length, 8, out);
  }
}

void AppendInteger(Encoding encoding, std::int64_t number, std::size_t bytes, std::string* out) {
  out->push_back(static_cast<char>(encoding));
  AppendLittle(static_cast<std::uint64_t>(number), bytes, out);
}

// A number that fits 32 bits goes as such.
void AppendString(std::string_view value, std::string* out) {
  const auto number = value.size() <= kIntegerCharactersMax ? base::ParseDecimal(value) : std::nullopt;
  if (number && Fits<std::int8_t>(*number)) {
    AppendInteger(kInt8, *number, 1, out);
  } else if (number && Fits<std::int16_t>(*number)) {
    AppendInteger(kInt16, *number, 2, out);
  } else if (number && Fits<std::int32_t>(*number)) {
    AppendInteger(kInt32, *number, 4, out);
  } else {
    AppendLength(value.size(), out);
    out->append(value);
  }
}

// --- LZF: steps, each with a control byte first ---
//
//   step := 000xxxxx literal{x + 1}      copies what follows it
//         | lllooooo low:u8              repeats l + 2 bytes (l from 1 to 6), which begin o * 256 + low + 1 bytes back
//         | 111ooooo more:u8 low:u8      the same, of more + 9 bytes

// How many bytes `compressed` yields, found without yielding them. nullopt: a step of it is cut off, or reaches back to
// before the first byte.
std::optional<std::uint64_t> LzfYield(std::string_view compressed) {
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<std::uint8_t>(compressed[i])}; };
  std::uint64_t yield = 0;
  for (std::size_t at = 0; at < compressed.size();) {
    const std::size_t control = byte(at++);
    const std::size_t length = control >> 5;
    if (length == 0) {
      at += control + 1;
      if (at > compressed.size()) return std::nullopt;
      yield += control + 1;
      continue;
    }
    const std::size_t operand_bytes = length == 7 ? 2 : 1;
    if (compressed.size() - at < operand_bytes) return std::nullopt;
    const std::size_t more = length == 7 ? byte(at) : 0;
    at += operand_bytes;
    if (((control & 0x1f) << 8 | byte(at - 1)) >= yield) return std::nullopt;
    yield += length + 2 + more;
  }
  return yield;
}

// Reads from the front of what is left. nullopt everywhere: it is not there, or not what it should be.
class DumpReader {
 public:
  explicit DumpReader(std::string_view bytes) : left_(bytes) {}

  std::optional<std::string_view> Take(std::uint64_t bytes) {
    if (bytes > left_.size()) return std::nullopt;
    const std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }

  std::optional<std::string> TakeString(FunctionRef<void(std::size_t bytes)> before) {
    if (left_.empty()) return std::nullopt;
    switch (static_cast<std::uint8_t>(left_.front())) {
      case kInt8: return TakeInteger<std::int8_t>();
      case kInt16: return TakeInteger<std::int16_t>();
      case kInt32: return TakeInteger<std::int32_t>();
      case kLzf: return TakeCompressed(before);
      default: break;
    }
    const auto bytes = TakeLength();
    if (!bytes || *bytes > kValueBytesMax) return std::nullopt;
    const auto taken = Take(*bytes);
    if (!taken) return std::nullopt;
    before(taken->size());
    return std::string(*taken);
  }

 private:
  std::optional<std::uint64_t> TakeLength() {
    const auto head = Take(1);
    if (!head) return std::nullopt;
    const auto first = static_cast<std::uint8_t>(head->front());
    if (first < 1U << 6) return first;
    if (first < 1U << 7) {
      const auto low = Take(1);
      if (!low) return std::nullopt;
      return (first & 0x3fU) << 8 | BigOf(*low);
    }
    if (first != kLength32 && first != kLength64) return std::nullopt;
    const auto length = Take(first == kLength32 ? 4 : 8);
    if (!length) return std::nullopt;
    return BigOf(*length);
  }

  template <class Integer>
  std::optional<std::string> TakeInteger() {
    left_.remove_prefix(1);
    const auto bytes = Take(sizeof(Integer));
    if (!bytes) return std::nullopt;
    return std::to_string(static_cast<Integer>(LittleOf(*bytes)));
  }

  std::optional<std::string> TakeCompressed(FunctionRef<void(std::size_t bytes)> before) {
    left_.remove_prefix(1);
    const auto compressed_bytes = TakeLength();
    const auto bytes = compressed_bytes ? TakeLength() : std::nullopt;
    if (!bytes || *bytes == 0 || *bytes > kValueBytesMax) return std::nullopt;
    const auto compressed = Take(*compressed_bytes);
    if (!compressed || compressed->size() > kValueBytesMax || LzfYield(*compressed) != *bytes) return std::nullopt;
    before(*bytes);
    std::string value(*bytes, '\0');
    const unsigned written = ::lzf_decompress(compressed->data(), static_cast<unsigned>(compressed->size()),
                                              value.data(), static_cast<unsigned>(value.size()));
    if (written != value.size()) return std::nullopt;
    return value;
  }

  std::string_view left_;
};

bool IsWhole(std::string_view payload) {
  if (payload.size() < kFooterBytes) return false;
  const std::string_view footer = payload.substr(payload.size() - kFooterBytes);
  if (LittleOf(footer.substr(0, kVersionBytes)) > kVersion) return false;
  const std::uint64_t checksum = LittleOf(footer.substr(kVersionBytes));
  return checksum == Crc64(payload.substr(0, payload.size() - kFooterBytes + kVersionBytes));
}

}  // namespace

std::string EncodeDump(std::string_view value) {
  std::string payload;
  payload.reserve(value.size() + 2 * kFooterBytes);
  payload.push_back(static_cast<char>(kStringType));
  AppendString(value, &payload);
  AppendLittle(kVersion, kVersionBytes, &payload);
  AppendLittle(Crc64(payload), sizeof(std::uint64_t), &payload);
  return payload;
}

std::variant<std::string, DumpFault> DecodeDump(std::string_view payload, FunctionRef<void(std::size_t bytes)> before) {
  if (!IsWhole(payload)) return DumpFault::kVersionOrChecksum;
  DumpReader reader(payload.substr(0, payload.size() - kFooterBytes));
  const auto type = reader.Take(1);
  if (!type) return DumpFault::kFormat;
  if (static_cast<std::uint8_t>(type->front()) != kStringType) return DumpFault::kOtherType;
  auto value = reader.TakeString(before);
  if (!value) return DumpFault::kFormat;
  return *std::move(value);
}

std::size_t DumpedStringBytes(std::string_view value) {
  if (value.size() > kIntegerCharactersMax) {
    std::string length;
    AppendLength(value.size(), &length);
    return length.size() + value.size();
  }
  std::string dumped;
  AppendString(value, &dumped);
  return dumped.size();
}

}  // namespace kvs::protocol
