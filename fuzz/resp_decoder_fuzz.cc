// For any bytes: the RESP decoder reads none after its input, and gives the same commands for any split of the stream.
// Each array of bulks, encoded again, is the bytes it came from.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "protocol/resp_decoder.h"
#include "support/exact_block.h"

namespace kvs::protocol {
namespace {

constexpr RespLimits kLimits{.command_bytes_max = 4'096, .bulk_bytes_max = 2'048};

struct Outcome {
  std::vector<std::string> commands{};
  std::string complaint{};

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::string EncodeAgain(std::span<const std::string_view> arguments) {
  std::string bytes = "*" + std::to_string(arguments.size()) + "\r\n";
  for (const std::string_view argument : arguments) {
    bytes += "$" + std::to_string(argument.size()) + "\r\n" + std::string(argument) + "\r\n";
  }
  return bytes;
}

Outcome DecodeInPieces(std::string_view stream, std::size_t piece_bytes, bool is_unauthenticated) {
  Outcome outcome;
  RespDecoder decoder(kLimits);
  decoder.set_is_unauthenticated(is_unauthenticated);
  std::string pending;
  for (std::size_t from = 0; from < stream.size() && outcome.complaint.empty(); from += piece_bytes) {
    pending += stream.substr(from, piece_bytes);
    while (true) {
      const test::ExactBlock block(pending);
      const RespDecoded decoded = decoder.Decode(block.view());
      if (decoded.status == RespStatus::kViolation) outcome.complaint = decoded.complaint;
      if (decoded.status != RespStatus::kCommand) break;
      KVS_CHECK(decoded.consumed_bytes > 0 && decoded.consumed_bytes <= pending.size());
      const std::string again = EncodeAgain(decoder.arguments());
      const bool is_array = pending.front() == '*' && !decoder.arguments().empty();
      KVS_CHECK(!is_array || again == block.view().substr(0, decoded.consumed_bytes));
      outcome.commands.push_back(again);
      pending.erase(0, decoded.consumed_bytes);
    }
  }
  return outcome;
}

void Check(std::string_view input) {
  if (input.empty()) return;
  const auto first = static_cast<std::uint8_t>(input.front());
  const std::size_t piece_bytes = 1 + first / 2;
  const bool is_unauthenticated = first % 2 == 1;
  const std::string_view stream = input.substr(1);
  KVS_CHECK(DecodeInPieces(stream, piece_bytes, is_unauthenticated) ==
            DecodeInPieces(stream, stream.size() + 1, is_unauthenticated));
}

}  // namespace
}  // namespace kvs::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::protocol::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
