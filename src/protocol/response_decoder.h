// DecodeResponse: the client's half of the native protocol. Pure, like FrameDecoder, and with the same rules: the input
// is offered from its first unconsumed byte on, limits are checked on the header, and views point into the input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/native_frame.h"
#include "protocol/request.h"

namespace kvs::protocol {

enum class ResponseStatus : std::uint8_t { kResponse, kNeedMore, kMalformed };

struct DecodedResponse {
  ResponseStatus status;
  std::size_t consumed_bytes = 0;  // 0 unless kResponse.
  Response response{};
};

DecodedResponse DecodeResponse(std::string_view input);

}  // namespace kvs::protocol
