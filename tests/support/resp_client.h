// RespClient: a socket that speaks RESP, or any bytes, and returns replies as their raw bytes.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/resp_text.h"
#include "support/test_socket.h"

namespace kvs::test {

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
