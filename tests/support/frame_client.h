// FrameClient: a socket that speaks native frames, or any bytes, exactly as a test wants them on the wire.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/response_decoder.h"
#include "support/request_frame.h"
#include "support/test_socket.h"

namespace kvs::test {

struct Answer {
  std::uint32_t request_id = 0;
  std::uint8_t status = 0;
  bool has_value = false;
  bool is_closing = false;
  std::string payload{};

  bool is_ok() const { return status == 0; }
  bool is(ErrorCode code) const { return status == static_cast<std::uint8_t>(code); }
};

inline std::string Frame(protocol::Opcode opcode, std::uint32_t id, std::string_view key = {},
                         std::string_view value = {}) {
  return RequestFrame({.opcode = opcode, .request_id = id, .key = key, .value = value});
}
inline std::string PingFrame(std::uint32_t id) { return Frame(protocol::Opcode::kPing, id); }
inline std::string SyncFrame(std::uint32_t id) { return Frame(protocol::Opcode::kSync, id); }
inline std::string GetFrame(std::uint32_t id, std::string_view key) { return Frame(protocol::Opcode::kGet, id, key); }
inline std::string RemoveFrame(std::uint32_t id, std::string_view key) {
  return Frame(protocol::Opcode::kRemove, id, key);
}
inline std::string SetFrame(std::uint32_t id, std::string_view key, std::string_view value) {
  return Frame(protocol::Opcode::kSet, id, key, value);
}

class FrameClient : public TestSocket {
 public:
  using TestSocket::TestSocket;

  // nullopt: the connection has ended.
  std::optional<Answer> Receive() {
    while (true) {
      const protocol::DecodedResponse decoded = protocol::DecodeResponse(input_);
      EXPECT_NE(decoded.status, protocol::ResponseStatus::kMalformed);
      if (decoded.status == protocol::ResponseStatus::kResponse) {
        const protocol::Response& r = decoded.response;
        Answer answer{r.request_id, r.status, r.has_value, r.is_closing, std::string(r.payload)};
        input_.erase(0, decoded.consumed_bytes);
        return answer;
      }
      if (!ReceiveSome(&input_)) return std::nullopt;
    }
  }

  // An answer that must come.
  Answer Await() {
    const std::optional<Answer> answer = Receive();
    EXPECT_TRUE(answer.has_value()) << "the connection has ended";
    return answer.value_or(Answer{.request_id = ~0U, .status = 255});
  }
  Answer Call(std::string_view frame) {
    Send(frame);
    return Await();
  }

  // Everything that comes before the end of the connection.
  std::string ReceiveToTheEnd() {
    while (ReceiveSome(&input_)) continue;
    return input_;
  }

 private:
  std::string input_;
};

}  // namespace kvs::test
