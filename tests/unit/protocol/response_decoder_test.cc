// Promised: DecodeResponse() reads the frames of the encoders, whole ones only. It refuses any other input before it
// waits for the payload. Inputs are in blocks of exactly their size.
#include "protocol/response_decoder.h"

#include <gtest/gtest.h>

#include <string>

#include "base/byte_buffer.h"
#include "base/coding.h"
#include "protocol/frame_encoder.h"
#include "support/exact_block.h"

namespace kvs::protocol {
namespace {

std::string ValueFrame() {
  base::ByteBuffer buffer;
  AppendValue(7, "some value", &buffer);
  return std::string(buffer.view());
}

TEST(ResponseDecoderTest, EveryProperPrefixAsksForMore) {
  const std::string frame = ValueFrame();
  for (std::size_t bytes = 0; bytes < frame.size(); ++bytes) {
    const test::ExactBlock block(frame.substr(0, bytes));
    ASSERT_EQ(DecodeResponse(block.view()).status, ResponseStatus::kNeedMore) << bytes;
  }
}

TEST(ResponseDecoderTest, BytesAfterAResponseAreLeftForTheNext) {
  const std::string frame = ValueFrame();
  const std::string stream = frame + "rest";
  const DecodedResponse decoded = DecodeResponse(stream);
  ASSERT_EQ(decoded.status, ResponseStatus::kResponse);
  EXPECT_EQ(decoded.consumed_bytes, frame.size());
  EXPECT_EQ(decoded.response.payload, "some value");
}

TEST(ResponseDecoderTest, WrongMagicVersionOrFlagsAreMalformed) {
  for (const std::size_t offset : {0U, 1U, 3U}) {
    std::string frame = ValueFrame();
    frame[offset] = 0x7F;
    const test::ExactBlock block(frame.substr(0, offset + 1));
    EXPECT_EQ(DecodeResponse(block.view()).status, ResponseStatus::kMalformed) << offset;
  }
}

TEST(ResponseDecoderTest, OnlyAPayloadOverTheLimitIsMalformed) {
  std::string header = ValueFrame().substr(0, kResponseHeaderBytes);
  base::PutFixed32(&header[8], 512U << 20);
  EXPECT_EQ(DecodeResponse(header).status, ResponseStatus::kNeedMore);
  base::PutFixed32(&header[8], (512U << 20) + 1);
  EXPECT_EQ(DecodeResponse(header).status, ResponseStatus::kMalformed);
}

}  // namespace
}  // namespace kvs::protocol
