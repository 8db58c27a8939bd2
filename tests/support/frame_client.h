// FrameClient: a socket that speaks native frames, or any bytes, exactly as a test wants them on the wire.
//
// Every wait is bounded, and one that fails is a failure of the test.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/byte_buffer.h"
#include "io/socket.h"
#include "protocol/frame_encoder.h"
#include "protocol/response_decoder.h"

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
  base::ByteBuffer buffer;
  protocol::AppendRequest({.opcode = opcode, .request_id = id, .key = key, .value = value}, &buffer);
  return std::string(buffer.view());
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

class FrameClient {
 public:
  explicit FrameClient(const Address& address) : FrameClient(*io::Connect(address, Soon())) {}
  explicit FrameClient(io::UniqueFd socket) : socket_(std::move(socket)) {}

  // False: the server has ended the connection.
  bool TrySend(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = io::Send(socket_.get(), bytes);
      if (!sent) return false;
      bytes.remove_prefix(sent->bytes);
      if (sent->outcome == io::TransferOutcome::kWouldBlock) {
        EXPECT_TRUE(io::WaitWritable(socket_.get(), Soon()).has_value()) << "the server takes no bytes";
      }
    }
    return true;
  }
  void Send(std::string_view bytes) { EXPECT_TRUE(TrySend(bytes)); }
  void FinishSending() { io::ShutDownSending(socket_.get()); }

  // Returns when the server's kernel has all that was sent.
  void AwaitArrival() {
    while (io::BytesUnacknowledged(socket_.get()) > 0) std::this_thread::yield();
  }

  // nullopt: the connection has ended.
  std::optional<Answer> Receive() {
    while (true) {
      const protocol::DecodedResponse decoded = protocol::DecodeResponse(input_.view());
      EXPECT_NE(decoded.status, protocol::ResponseStatus::kMalformed);
      if (decoded.status == protocol::ResponseStatus::kResponse) {
        const protocol::Response& r = decoded.response;
        Answer answer{r.request_id, r.status, r.has_value, r.is_closing, std::string(r.payload)};
        input_.Consume(decoded.consumed_bytes);
        return answer;
      }
      if (!ReceiveSome()) return std::nullopt;
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
    while (ReceiveSome()) continue;
    return std::string(input_.view());
  }

 private:
  static io::Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(60); }

  bool ReceiveSome() {
    std::array<char, 65'536> bytes;
    while (true) {
      const auto received = io::Receive(socket_.get(), bytes);
      if (!received || received->outcome == io::TransferOutcome::kEnd) return false;
      if (received->outcome == io::TransferOutcome::kBytes) {
        input_.Append({bytes.data(), received->bytes});
        return true;
      }
      const Status waited = io::WaitReadable(socket_.get(), Soon());
      EXPECT_TRUE(waited.has_value()) << "the server sends nothing";
      if (!waited) return false;
    }
  }

  io::UniqueFd socket_;
  base::ByteBuffer input_;
};

}  // namespace kvs::test
