// Promised: the bytes of the native protocol, version 1, never change. tests/compat/v1/native_frames.txt pins them. The
// encoders must write exactly these bytes, and the decoders must read them with their meaning.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "base/byte_buffer.h"
#include "protocol/frame_decoder.h"
#include "protocol/frame_encoder.h"
#include "protocol/response_decoder.h"
#include "support/request_frame.h"

namespace kvs::protocol {
namespace {

std::map<std::string, std::string> ReadFrames() {
  std::ifstream file(KVS_COMPAT_DIRECTORY "/v1/native_frames.txt");
  std::map<std::string, std::string> frames;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name, byte;
    if (!(words >> name) || name.front() == '#') continue;
    while (words >> byte) frames[name] += static_cast<char>(std::stoi(byte, nullptr, 16));
  }
  return frames;
}

std::map<std::string, Request> RequestsByName() {
  return {{"request.ping", {.opcode = Opcode::kPing, .request_id = 1}},
          {"request.get", {.opcode = Opcode::kGet, .request_id = 2, .key = "key"}},
          {"request.set", {.opcode = Opcode::kSet, .request_id = 0x01020304, .key = "key", .value = "value"}},
          {"request.set.empty", {.opcode = Opcode::kSet, .request_id = 0xFFFFFFFF}},
          {"request.remove", {.opcode = Opcode::kRemove, .request_id = 5, .key = "key"}},
          {"request.sync", {.opcode = Opcode::kSync, .request_id = 6}}};
}

std::map<std::string, std::string> EncodedResponsesByName() {
  base::ByteBuffer ok, value, empty, not_found, error, closing;
  AppendOk(0x01020304, &ok);
  AppendValue(2, "value", &value);
  AppendValue(2, "", &empty);
  AppendError(5, {.code = ErrorCode::kKeyNotFound}, &not_found);
  AppendError(7, {.code = ErrorCode::kPoisoned, .context = "why?"}, &error);
  AppendClosingError(0, {.code = ErrorCode::kOverloaded, .context = "full"}, &closing);
  return {{"response.ok", std::string(ok.view())},
          {"response.value", std::string(value.view())},
          {"response.value.empty", std::string(empty.view())},
          {"response.not_found", std::string(not_found.view())},
          {"response.error", std::string(error.view())},
          {"response.closing", std::string(closing.view())}};
}

TEST(GoldenFramesTest, EveryPinnedFrameIsKnownToThisTest) {
  EXPECT_EQ(ReadFrames().size(), RequestsByName().size() + EncodedResponsesByName().size());
}

TEST(GoldenFramesTest, RequestsAreWrittenAndReadAsPinned) {
  const auto frames = ReadFrames();
  for (const auto& [name, request] : RequestsByName()) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(frames.contains(name));
    const std::string& pinned = frames.at(name);
    EXPECT_EQ(test::RequestFrame(request), pinned);

    const Decoded decoded = FrameDecoder(1'000).Decode(pinned);
    ASSERT_EQ(decoded.status, DecodeStatus::kRequest);
    EXPECT_EQ(decoded.consumed_bytes, pinned.size());
    EXPECT_EQ(decoded.request.opcode, request.opcode);
    EXPECT_EQ(decoded.request.request_id, request.request_id);
    EXPECT_EQ(decoded.request.key, request.key);
    EXPECT_EQ(decoded.request.value, request.value);
  }
}

TEST(GoldenFramesTest, ResponsesAreWrittenAsPinned) {
  const auto frames = ReadFrames();
  for (const auto& [name, encoded] : EncodedResponsesByName()) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(frames.contains(name));
    EXPECT_EQ(encoded, frames.at(name));
  }
}

TEST(GoldenFramesTest, ResponsesAreReadWithTheirMeaning) {
  const auto frames = ReadFrames();
  const Response value = DecodeResponse(frames.at("response.value")).response;
  EXPECT_TRUE(value.is_ok() && value.has_value && !value.is_closing);
  EXPECT_EQ(value.request_id, 2U);
  EXPECT_EQ(value.payload, "value");

  const Response ok = DecodeResponse(frames.at("response.ok")).response;
  EXPECT_TRUE(ok.is_ok() && !ok.has_value && !ok.is_closing);
  EXPECT_EQ(ok.request_id, 0x01020304U);

  const Response closing = DecodeResponse(frames.at("response.closing")).response;
  EXPECT_TRUE(!closing.is_ok() && closing.is_closing);
  EXPECT_EQ(closing.error_code(), ErrorCode::kOverloaded);
  EXPECT_EQ(closing.payload, "full");
}

}  // namespace
}  // namespace kvs::protocol
