#include "protocol/frame_encoder.h"

#include <cstring>
#include <string>
#include <system_error>

#include "base/check.h"
#include "base/coding.h"

namespace kvs::protocol {
namespace {

void AppendResponse(const Response& response, base::ByteBuffer* out) {
  KVS_CHECK(response.payload.size() <= kFrameValueBytesMax);
  char* to = out->Extend(kResponseHeaderBytes + response.payload.size());
  to[0] = static_cast<char>(kFrameMagic);
  to[1] = static_cast<char>(kFrameVersion);
  to[2] = static_cast<char>(response.status);
  to[3] = static_cast<char>((response.has_value ? kValueFlag : 0) | (response.is_closing ? kClosingFlag : 0));
  base::PutFixed32(to + 4, response.request_id);
  base::PutFixed32(to + 8, static_cast<std::uint32_t>(response.payload.size()));
  if (!response.payload.empty()) {
    std::memcpy(to + kResponseHeaderBytes, response.payload.data(), response.payload.size());
  }
}

// The code travels as the status byte. The number of an errno means something on the server's system only, so the
// client is sent its words.
std::string ErrorText(const Error& error) {
  std::string text = error.context;
  if (error.sys_errno != 0) {
    if (!text.empty()) text += ": ";
    text += std::generic_category().message(error.sys_errno);
  }
  if (text.size() > kFrameErrorTextBytesMax) text.resize(kFrameErrorTextBytesMax);
  return text;
}

}  // namespace

std::array<char, kRequestHeaderBytes> EncodeRequestHeader(const Request& request) {
  KVS_CHECK(request.key.size() <= kFrameKeyBytesMax && request.value.size() <= kFrameValueBytesMax);
  std::array<char, kRequestHeaderBytes> header{};
  header[0] = static_cast<char>(kFrameMagic);
  header[1] = static_cast<char>(kFrameVersion);
  header[2] = static_cast<char>(request.opcode);
  base::PutFixed32(&header[4], request.request_id);
  base::PutFixed32(&header[8], static_cast<std::uint32_t>(request.key.size()));
  base::PutFixed32(&header[12], static_cast<std::uint32_t>(request.value.size()));
  return header;
}

void AppendOk(std::uint32_t request_id, base::ByteBuffer* out) { AppendResponse({.request_id = request_id}, out); }

void AppendValue(std::uint32_t request_id, std::string_view value, base::ByteBuffer* out) {
  AppendResponse({.request_id = request_id, .has_value = true, .payload = value}, out);
}

void AppendError(std::uint32_t request_id, const Error& error, base::ByteBuffer* out) {
  const std::string text = ErrorText(error);
  AppendResponse({.request_id = request_id, .status = static_cast<std::uint8_t>(error.code), .payload = text}, out);
}

void AppendClosingError(std::uint32_t request_id, const Error& error, base::ByteBuffer* out) {
  const std::string text = ErrorText(error);
  AppendResponse(
      {.request_id = request_id, .status = static_cast<std::uint8_t>(error.code), .is_closing = true, .payload = text},
      out);
}

}  // namespace kvs::protocol
