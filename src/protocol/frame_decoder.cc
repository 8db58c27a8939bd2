#include "protocol/frame_decoder.h"

#include "base/coding.h"

namespace kvs::protocol {
namespace {

// What is wrong with the fixed bytes that are there, or nullptr. Looks at a partial header too, so that a stranger is
// refused by its first wrong byte instead of being waited for.
const char* FixedBytesComplaint(std::string_view input) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(input[i]); };
  if (!input.empty() && byte(0) != kFrameMagic) return "a frame must begin with the byte 0xB5";
  if (input.size() > 1 && byte(1) != kFrameVersion) return "this server speaks version 1 of the native protocol";
  if (input.size() > 3 && byte(3) != 0) return "the flags of a request must be 0";
  return nullptr;
}

const char* SizeComplaint(std::size_t key_bytes, std::size_t value_bytes, std::size_t frame_bytes_max) {
  if (key_bytes > kFrameKeyBytesMax) return "the key is longer than 65,535 bytes";
  if (value_bytes > kFrameValueBytesMax) return "the value is longer than 512 MiB";
  if (kRequestHeaderBytes + key_bytes + value_bytes > frame_bytes_max) {
    return "the request is larger than this server is set to take";
  }
  return nullptr;
}

}  // namespace

std::string_view PeekFrameKey(std::string_view input) {
  if (input.size() < kRequestHeaderBytes) return {};
  const std::size_t key_bytes = base::GetFixed32(input.data() + 8);
  return key_bytes <= input.size() - kRequestHeaderBytes ? input.substr(kRequestHeaderBytes, key_bytes)
                                                         : std::string_view();
}

Decoded FrameDecoder::Decode(std::string_view input) {
  if (refusal_.status != DecodeStatus::kNeedMore) return refusal_;
  if (const char* complaint = FixedBytesComplaint(input)) {
    return Refuse({.status = DecodeStatus::kMalformed, .complaint = complaint});
  }
  if (input.size() < kRequestHeaderBytes) return {.status = DecodeStatus::kNeedMore};

  Request request{.opcode = static_cast<Opcode>(input[2]), .request_id = base::GetFixed32(input.data() + 4)};
  const std::size_t key_bytes = base::GetFixed32(input.data() + 8);
  const std::size_t value_bytes = base::GetFixed32(input.data() + 12);
  if (const char* complaint = SizeComplaint(key_bytes, value_bytes, frame_bytes_max_)) {
    return Refuse({.status = DecodeStatus::kTooLarge, .request = request, .complaint = complaint});
  }

  const std::size_t frame_bytes = kRequestHeaderBytes + key_bytes + value_bytes;
  if (input.size() < frame_bytes) return {.status = DecodeStatus::kNeedMore};
  request.key = input.substr(kRequestHeaderBytes, key_bytes);
  request.value = input.substr(kRequestHeaderBytes + key_bytes, value_bytes);
  return {.status = DecodeStatus::kRequest, .consumed_bytes = frame_bytes, .request = request};
}

Decoded FrameDecoder::Refuse(Decoded violation) {
  refusal_ = violation;
  return violation;
}

}  // namespace kvs::protocol
