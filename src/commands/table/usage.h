// ParseUsage: from the line that shows a command's arguments to people, to their tree for COMMAND DOCS.
//
//   line    := part, separated by spaces
//   part    := name | [choice] | <choice> | WORD|WORD...     in brackets: may be left out
//            | [name ...] | [name name ...]                  the name, or names, before it may be repeated
//   choice  := option, separated by |
//   option  := [WORD] name... , the last name perhaps with its [name ...], or with a [choice] of its own
//
// Words in capitals are to be written as they are. Pure: the rows of the command table are its only input, and a test
// parses them all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kvs::server {

struct UsageArgument {
  std::string name{};
  std::string_view type{};  // Of Redis: "key", "string", "integer", "pure-token", "oneof", "block", ...
  std::string token{};
  bool is_optional = false;
  bool is_multiple = false;
  std::vector<UsageArgument> arguments{};  // Of "oneof" and "block".
};

std::vector<UsageArgument> ParseUsage(std::string_view usage);

}  // namespace kvs::server
