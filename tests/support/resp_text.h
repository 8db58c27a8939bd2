// The text of RESP, for code that calls a server: commands, and the ends of replies.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/resp_reply.h"

namespace kvs::test {

inline std::string RespCommand(const std::vector<std::string>& words) {
  std::string bytes = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) bytes += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return bytes;
}

using protocol::RespReplyBytes;

// The text of a reply that is a bulk string.
inline std::string RespText(std::string_view bulk) {
  const std::size_t begin = bulk.find("\r\n") + 2;
  return std::string(bulk.substr(begin, bulk.size() - begin - 2));
}

}  // namespace kvs::test
