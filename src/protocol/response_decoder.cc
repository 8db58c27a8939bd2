#include "protocol/response_decoder.h"

#include "base/coding.h"

namespace kvs::protocol {
namespace {

bool FixedBytesAreWrong(std::string_view input) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(input[i]); };
  if (!input.empty() && byte(0) != kFrameMagic) return true;
  if (input.size() > 1 && byte(1) != kFrameVersion) return true;
  return input.size() > 3 && (byte(3) & ~(kValueFlag | kClosingFlag)) != 0;
}

}  // namespace

DecodedResponse DecodeResponse(std::string_view input) {
  if (FixedBytesAreWrong(input)) return {.status = ResponseStatus::kMalformed};
  if (input.size() < kResponseHeaderBytes) return {.status = ResponseStatus::kNeedMore};

  const auto flags = static_cast<std::uint8_t>(input[3]);
  const std::size_t payload_bytes = base::GetFixed32(input.data() + 8);
  if (payload_bytes > kFrameValueBytesMax) return {.status = ResponseStatus::kMalformed};
  if (input.size() - kResponseHeaderBytes < payload_bytes) return {.status = ResponseStatus::kNeedMore};
  return {.status = ResponseStatus::kResponse,
          .consumed_bytes = kResponseHeaderBytes + payload_bytes,
          .response = {.request_id = base::GetFixed32(input.data() + 4),
                       .status = static_cast<std::uint8_t>(input[2]),
                       .has_value = (flags & kValueFlag) != 0,
                       .is_closing = (flags & kClosingFlag) != 0,
                       .payload = input.substr(kResponseHeaderBytes, payload_bytes)}};
}

}  // namespace kvs::protocol
