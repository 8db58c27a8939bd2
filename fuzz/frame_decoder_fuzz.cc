// For any bytes: the frame decoder reads none after its input, and gives the same requests for any split of the stream.
// Each request, encoded again, is the bytes it came from.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "protocol/frame_decoder.h"
#include "protocol/frame_encoder.h"
#include "protocol/response_decoder.h"
#include "support/exact_block.h"

namespace kvs::protocol {
namespace {

constexpr std::size_t kFrameBytesMax = 4'096;

struct Outcome {
  std::vector<std::string> frames;
  DecodeStatus end = DecodeStatus::kNeedMore;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

std::string EncodeAgain(const Request& request) {
  const auto header = EncodeRequestHeader(request);
  return std::string(header.data(), header.size()) + std::string(request.key) + std::string(request.value);
}

Outcome DecodeInPieces(std::string_view stream, std::size_t piece_bytes) {
  Outcome outcome;
  FrameDecoder decoder(kFrameBytesMax);
  std::string pending;
  for (std::size_t from = 0; from < stream.size(); from += piece_bytes) {
    pending += stream.substr(from, piece_bytes);
    while (true) {
      const test::ExactBlock block(pending);
      const Decoded decoded = decoder.Decode(block.view());
      outcome.end = decoded.status;
      if (decoded.status != DecodeStatus::kRequest) break;
      const std::string frame = EncodeAgain(decoded.request);
      KVS_CHECK(frame == block.view().substr(0, decoded.consumed_bytes));
      outcome.frames.push_back(frame);
      pending.erase(0, decoded.consumed_bytes);
    }
  }
  return outcome;
}

void Check(std::string_view input) {
  if (input.empty()) return;
  const std::size_t piece_bytes = 1 + static_cast<std::uint8_t>(input.front());
  const std::string_view stream = input.substr(1);
  KVS_CHECK(DecodeInPieces(stream, piece_bytes) == DecodeInPieces(stream, stream.size() + 1));

  const test::ExactBlock block(stream);
  const DecodedResponse response = DecodeResponse(block.view());
  KVS_CHECK(response.consumed_bytes <= stream.size());
}

}  // namespace
}  // namespace kvs::protocol

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::protocol::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
