// ConversationTest: what tests of a RESP conversation send to a connection, and take from it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/connection.h"
#include "support/resp_client.h"

namespace kvs::server {

using Words = std::vector<std::string>;

inline constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

class ConversationTest : public testing::Test {
 protected:
  static std::string Stream(const std::vector<Words>& commands) {
    std::string stream;
    for (const Words& words : commands) stream += test::RespCommand(words);
    return stream;
  }

  static std::vector<std::string> Take(Connection& connection) {
    std::vector<std::string> replies = test::RespReplies(connection.output());
    connection.Sent(connection.output().size());
    return replies;
  }
};

}  // namespace kvs::server
