// Promised: any split of a stream gives the same requests, limits are checked on the header alone, and a violation ends
// the stream for good. The test offers every prefix of a stream, from blocks of exactly its size, and frames at and
// just over each limit.
#include "protocol/frame_decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/coding.h"
#include "protocol/sniff.h"
#include "support/exact_block.h"
#include "support/request_frame.h"

namespace kvs::protocol {
namespace {

constexpr std::size_t kNoFrameLimit = std::size_t{1} << 40;

struct OwnedRequest {
  Opcode opcode;
  std::uint32_t request_id;
  std::string key, value;

  friend bool operator==(const OwnedRequest&, const OwnedRequest&) = default;
};

std::vector<OwnedRequest> SomeRequests() {
  return {{Opcode::kPing, 1, "", ""},
          {Opcode::kSet, 2, "key", "value"},
          {Opcode::kGet, 0xFFFFFFFF, std::string("\0\xB5\xFF", 3), ""},
          {Opcode::kSet, 3, "", ""},
          {static_cast<Opcode>(200), 4, "from", "the future"},
          {Opcode::kRemove, 5, std::string(300, 'k'), ""},
          {Opcode::kSync, 6, "", ""}};
}

std::string Encode(const std::vector<OwnedRequest>& requests) {
  std::string frames;
  for (const OwnedRequest& r : requests) {
    frames += test::RequestFrame({.opcode = r.opcode, .request_id = r.request_id, .key = r.key, .value = r.value});
  }
  return frames;
}

// Feeds a decoder as a connection does: new bytes are appended to the unconsumed ones.
class Feeder {
 public:
  void Feed(std::string_view bytes) {
    pending_ += bytes;
    while (true) {
      const test::ExactBlock block(pending_);
      const Decoded decoded = decoder_.Decode(block.view());
      last_status = decoded.status;
      if (decoded.status != DecodeStatus::kRequest) return;
      const Request& r = decoded.request;
      requests.push_back({r.opcode, r.request_id, std::string(r.key), std::string(r.value)});
      pending_.erase(0, decoded.consumed_bytes);
    }
  }

  std::vector<OwnedRequest> requests;
  DecodeStatus last_status = DecodeStatus::kNeedMore;

 private:
  FrameDecoder decoder_{kNoFrameLimit};
  std::string pending_;
};

std::string Header(std::uint32_t key_bytes, std::uint32_t value_bytes) {
  std::string header(kRequestHeaderBytes, '\0');
  header[0] = static_cast<char>(kFrameMagic);
  header[1] = static_cast<char>(kFrameVersion);
  header[2] = static_cast<char>(Opcode::kSet);
  base::PutFixed32(&header[4], 77);
  base::PutFixed32(&header[8], key_bytes);
  base::PutFixed32(&header[12], value_bytes);
  return header;
}

TEST(FrameDecoderTest, EncodedRequestsDecodeToTheSameRequests) {
  Feeder feeder;
  feeder.Feed(Encode(SomeRequests()));
  EXPECT_EQ(feeder.requests, SomeRequests());
  EXPECT_EQ(feeder.last_status, DecodeStatus::kNeedMore);
}

TEST(FrameDecoderTest, EverySplitOfAStreamGivesTheSameRequests) {
  const std::string stream = Encode(SomeRequests());
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    Feeder feeder;
    feeder.Feed(stream.substr(0, cut));
    feeder.Feed(stream.substr(cut));
    ASSERT_EQ(feeder.requests, SomeRequests()) << "cut at " << cut;
  }
}

TEST(FrameDecoderTest, AStreamFedByteByByteGivesTheSameRequests) {
  Feeder feeder;
  for (const char byte : Encode(SomeRequests())) feeder.Feed({&byte, 1});
  EXPECT_EQ(feeder.requests, SomeRequests());
}

TEST(FrameDecoderTest, EveryProperPrefixOfAFrameAsksForMore) {
  const std::string frame = Encode({{Opcode::kSet, 9, "key", "value"}});
  for (std::size_t bytes = 0; bytes < frame.size(); ++bytes) {
    const test::ExactBlock block(frame.substr(0, bytes));
    const Decoded decoded = FrameDecoder(kNoFrameLimit).Decode(block.view());
    ASSERT_EQ(decoded.status, DecodeStatus::kNeedMore) << bytes;
    ASSERT_EQ(decoded.consumed_bytes, 0U) << bytes;
  }
}

TEST(FrameDecoderTest, TheLargestKeyAndValueAreAwaited) {
  const test::ExactBlock key(Header(65'535, 0));
  EXPECT_EQ(FrameDecoder(kNoFrameLimit).Decode(key.view()).status, DecodeStatus::kNeedMore);
  const test::ExactBlock value(Header(0, 512U << 20));
  EXPECT_EQ(FrameDecoder(kNoFrameLimit).Decode(value.view()).status, DecodeStatus::kNeedMore);
}

TEST(FrameDecoderTest, OneByteOverALimitIsRefusedOnTheHeaderAlone) {
  for (const std::string& header : {Header(65'536, 0), Header(0, (512U << 20) + 1), Header(~0U, ~0U)}) {
    const test::ExactBlock block(header);
    const Decoded decoded = FrameDecoder(kNoFrameLimit).Decode(block.view());
    EXPECT_EQ(decoded.status, DecodeStatus::kTooLarge);
    EXPECT_EQ(decoded.request.request_id, 77U);
    EXPECT_EQ(decoded.consumed_bytes, 0U);
  }
}

TEST(FrameDecoderTest, TheFrameLimitCountsHeaderKeyAndValue) {
  EXPECT_EQ(FrameDecoder(16 + 10).Decode(Header(4, 6)).status, DecodeStatus::kNeedMore);
  EXPECT_EQ(FrameDecoder(16 + 10).Decode(Header(4, 7)).status, DecodeStatus::kTooLarge);
}

TEST(FrameDecoderTest, AWrongFixedByteIsRefusedImmediately) {
  for (const std::size_t offset : {0U, 1U, 3U}) {
    std::string frame = Header(0, 0);
    frame[offset] = 0x7F;
    EXPECT_EQ(FrameDecoder(kNoFrameLimit).Decode(frame.substr(0, offset)).status, DecodeStatus::kNeedMore);
    const test::ExactBlock block(frame.substr(0, offset + 1));
    EXPECT_EQ(FrameDecoder(kNoFrameLimit).Decode(block.view()).status, DecodeStatus::kMalformed) << offset;
  }
}

TEST(FrameDecoderTest, AViolationEndsTheStreamForGood) {
  FrameDecoder decoder(kNoFrameLimit);
  EXPECT_EQ(decoder.Decode("GET /").status, DecodeStatus::kMalformed);
  EXPECT_EQ(decoder.Decode(Header(0, 0)).status, DecodeStatus::kMalformed);
}

TEST(PeekFrameKeyTest, TheKeyIsThatOfTheRequest) {
  for (const OwnedRequest& request : SomeRequests()) {
    const std::string frame = Encode({request});
    for (std::size_t bytes = 0; bytes <= frame.size(); ++bytes) {
      const test::ExactBlock block(std::string_view(frame).substr(0, bytes));
      EXPECT_EQ(PeekFrameKey(block.view()), bytes < kRequestHeaderBytes + request.key.size() ? "" : request.key);
    }
  }
}

TEST(SniffTest, OnlyTheMagicByteIsNative) {
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(Sniff(static_cast<char>(byte)), byte == 0xB5 ? Dialect::kNative : Dialect::kResp) << byte;
  }
}

}  // namespace
}  // namespace kvs::protocol
