// For any bytes before the version and the checksum of a DUMP payload, which are put right: the decoder reads none
// after its input, and a string that it finds comes back from a payload of its own.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/check.h"
#include "base/coding.h"
#include "protocol/dump_payload.h"
#include "support/exact_block.h"

namespace kvs::protocol {
namespace {

constexpr std::size_t kYieldMax = std::size_t{16} << 20;  // A compressed string may grow; the fuzzer's memory may not.

struct TooLarge {};

// CRC-64 by Jones, bit by bit.
std::uint64_t Crc64(std::string_view bytes) {
  std::uint64_t crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x95ac9329ac4bc9b5U : 0);
  }
  return crc;
}

void Check(std::string_view input) {
  std::string payload(input);
  payload += std::string("\x0a\0", 2);  // The version.
  const std::size_t body_bytes = payload.size();
  payload.resize(body_bytes + sizeof(std::uint64_t));
  base::PutFixed64(payload.data() + body_bytes, Crc64(std::string_view(payload).substr(0, body_bytes)));
  const test::ExactBlock block(payload);
  const auto refuse_much = [](std::size_t bytes) {
    if (bytes > kYieldMax) throw TooLarge();
  };
  try {
    const auto decoded = DecodeDump(block.view(), refuse_much);
    const auto* const text = std::get_if<std::string>(&decoded);
    if (text == nullptr) return;
    const auto again = DecodeDump(EncodeDump(*text));
    KVS_CHECK(std::get<std::string>(again) == *text);
  } catch (const TooLarge&) {
    return;
  }
}

}  // namespace
}  // namespace kvs::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::protocol::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
