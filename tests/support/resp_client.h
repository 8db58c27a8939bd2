// RespClient: a socket that speaks RESP, or any bytes, and hands over replies as the bytes that they are.
//
// Every wait is bounded, and one that fails is a failure of the test.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "io/socket.h"

namespace kvs::test {

inline std::string RespCommand(const std::vector<std::string>& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return bytes;
}

// The bytes of the first whole reply in `input`; nullopt: more are needed.
inline std::optional<std::size_t> RespReplyBytes(std::string_view input) {
  std::size_t at = 0;
  for (std::int64_t left = 1; left > 0; --left) {
    const std::size_t end = input.find("\r\n", at);
    if (end == std::string_view::npos) return std::nullopt;
    const char kind = input[at];
    const std::int64_t number = base::ParseDecimal(input.substr(at + 1, end - at - 1)).value_or(0);
    at = end + 2;
    if ((kind == '$' || kind == '=') && number >= 0) at += static_cast<std::size_t>(number) + 2;
    if (kind == '*' || kind == '~' || kind == '>') left += std::max<std::int64_t>(number, 0);
    if (kind == '%') left += 2 * number;
    if (at > input.size()) return std::nullopt;
  }
  return at;
}

// The replies in `output`, which holds whole ones only.
inline std::vector<std::string> RespReplies(std::string_view output) {
  std::vector<std::string> replies;
  while (const auto bytes = RespReplyBytes(output)) {
    replies.emplace_back(output.substr(0, *bytes));
    output.remove_prefix(*bytes);
  }
  EXPECT_TRUE(output.empty()) << output;
  return replies;
}

class RespClient {
 public:
  explicit RespClient(const Address& address) : socket_(*io::Connect(address, Soon())) {}

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

  // nullopt: the connection has ended.
  std::optional<std::string> TryReceive() {
    while (true) {
      if (const auto bytes = RespReplyBytes(input_)) {
        std::string reply = input_.substr(0, *bytes);
        input_.erase(0, *bytes);
        return reply;
      }
      if (!ReceiveSome()) return std::nullopt;
    }
  }
  std::string Receive() { return TryReceive().value_or("(the connection has ended)"); }

  std::string Call(const std::vector<std::string>& words) {
    Send(RespCommand(words));
    return Receive();
  }

  // Everything that comes before the end of the connection.
  std::string ReceiveToTheEnd() {
    while (ReceiveSome()) continue;
    return input_;
  }

 private:
  static io::Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(60); }

  bool ReceiveSome() {
    std::array<char, 65'536> bytes;
    while (true) {
      const auto received = io::Receive(socket_.get(), bytes);
      if (!received || received->outcome == io::TransferOutcome::kEnd) return false;
      if (received->outcome == io::TransferOutcome::kBytes) {
        input_.append(bytes.data(), received->bytes);
        return true;
      }
      const Status waited = io::WaitReadable(socket_.get(), Soon());
      EXPECT_TRUE(waited.has_value()) << "no reply";
      if (!waited) return false;
    }
  }

  io::UniqueFd socket_;
  std::string input_;
};

}  // namespace kvs::test
