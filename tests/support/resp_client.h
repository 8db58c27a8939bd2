// RespClient: a socket that speaks RESP, or any bytes, and hands over replies as the bytes that they are.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "support/test_socket.h"

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

// The text of a reply that is a bulk string.
inline std::string RespText(std::string_view bulk) {
  const std::size_t begin = bulk.find("\r\n") + 2;
  return std::string(bulk.substr(begin, bulk.size() - begin - 2));
}

// The replies within a reply that is an array or a push.
inline std::vector<std::string> RespElements(std::string_view array) {
  return RespReplies(array.substr(array.find("\r\n") + 2));
}

class RespClient : public TestSocket {
 public:
  using TestSocket::TestSocket;

  // nullopt: the connection has ended.
  std::optional<std::string> TryReceive() {
    while (true) {
      if (const auto bytes = RespReplyBytes(input_)) {
        std::string reply = input_.substr(0, *bytes);
        input_.erase(0, *bytes);
        return reply;
      }
      if (!ReceiveSome(&input_)) return std::nullopt;
    }
  }
  std::string Receive() { return TryReceive().value_or("(the connection has ended)"); }

  std::string Call(const std::vector<std::string>& words) {
    Send(RespCommand(words));
    return Receive();
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
