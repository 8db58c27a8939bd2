// The writing side of the native protocol: frames appended to a buffer. Pure, like the decoders.
//
// The encoders check what the decoders will check (KVS_CHECK: their callers have refused what is over a limit).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/byte_buffer.h"
#include "kvs/result.h"
#include "protocol/native_frame.h"
#include "protocol/request.h"

namespace kvs::protocol {

// The header alone. The client sends key and value after it without a copy.
std::array<char, kRequestHeaderBytes> EncodeRequestHeader(const Request& request);

void AppendOk(std::uint32_t request_id, base::ByteBuffer* out);
void AppendValue(std::uint32_t request_id, std::string_view value, base::ByteBuffer* out);
void AppendError(std::uint32_t request_id, const Error& error, base::ByteBuffer* out);
// As AppendError(), with the announcement that the connection ends after it.
void AppendClosingError(std::uint32_t request_id, const Error& error, base::ByteBuffer* out);

}  // namespace kvs::protocol
