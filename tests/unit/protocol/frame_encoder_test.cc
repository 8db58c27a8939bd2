// Promised: the decoders read the encoders' frames back unchanged. Every kind of answer differs from the others: done,
// absent, an empty value, an error, an error that ends the connection.
#include "protocol/frame_encoder.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include "protocol/response_decoder.h"

namespace kvs::protocol {
namespace {

Response Decode(const base::ByteBuffer& buffer) {
  const DecodedResponse decoded = DecodeResponse(buffer.view());
  EXPECT_EQ(decoded.status, ResponseStatus::kResponse);
  EXPECT_EQ(decoded.consumed_bytes, buffer.size());
  return decoded.response;
}

TEST(FrameEncoderTest, OkHasNoValue) {
  base::ByteBuffer buffer;
  AppendOk(5, &buffer);
  const Response response = Decode(buffer);
  EXPECT_TRUE(response.is_ok());
  EXPECT_EQ(response.request_id, 5U);
  EXPECT_FALSE(response.has_value);
  EXPECT_FALSE(response.is_closing);
}

TEST(FrameEncoderTest, AnEmptyValueIsNotAnAbsentOne) {
  base::ByteBuffer buffer;
  AppendValue(6, "", &buffer);
  const Response response = Decode(buffer);
  EXPECT_TRUE(response.is_ok());
  EXPECT_TRUE(response.has_value);
  EXPECT_EQ(response.payload, "");
}

TEST(FrameEncoderTest, AValueOfAnyBytesComesBack) {
  const std::string value("\0\xB5\x01 value \xFF\0", 12);
  base::ByteBuffer buffer;
  AppendValue(0xFFFFFFFF, value, &buffer);
  const Response response = Decode(buffer);
  EXPECT_EQ(response.request_id, 0xFFFFFFFF);
  EXPECT_EQ(response.payload, value);
}

TEST(FrameEncoderTest, AnErrorCarriesItsCodeAndTheSystemsText) {
  base::ByteBuffer buffer;
  AppendError(8, {.code = ErrorCode::kIo, .sys_errno = EIO, .context = "fdatasync 000007.seg"}, &buffer);
  const Response response = Decode(buffer);
  EXPECT_FALSE(response.is_ok());
  EXPECT_EQ(response.error_code(), ErrorCode::kIo);
  EXPECT_EQ(response.payload, "fdatasync 000007.seg: Input/output error");
  EXPECT_FALSE(response.is_closing);
}

TEST(FrameEncoderTest, AClosingErrorIsMarkedAsClosing) {
  base::ByteBuffer buffer;
  AppendClosingError(0, {.code = ErrorCode::kOverloaded, .context = "full"}, &buffer);
  EXPECT_TRUE(Decode(buffer).is_closing);
}

TEST(FrameEncoderTest, ALongErrorTextIsCutAtItsLimit) {
  base::ByteBuffer buffer;
  AppendError(1, {.code = ErrorCode::kIo, .context = std::string(kFrameErrorTextBytesMax + 1, 'x')}, &buffer);
  EXPECT_EQ(Decode(buffer).payload.size(), kFrameErrorTextBytesMax);
}

TEST(FrameEncoderDeathTest, AKeyOverTheLimitIsABugOfTheCaller) {
  const std::string key(kFrameKeyBytesMax + 1, 'k');
  EXPECT_DEATH(EncodeRequestHeader({.opcode = Opcode::kGet, .key = key}), "does not hold");
}

}  // namespace
}  // namespace kvs::protocol
