// ClientCommandLine: the command of kvs-client and its arguments.
//
// Design      A key or a value may look like anything, so only the position of a word counts:
//               kvs-client COMMAND [--addr IP:PORT] [--] KEY [VALUE] [--addr IP:PORT]
//             Options come before the key or after the last argument. The words between are taken literally. Only a key
//             that looks like an option, or is "--", needs "--" before it.
// Errors      kInvalidArgument: a word is not understood; the context names it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "kvs/address.h"
#include "kvs/result.h"

namespace kvs::apps {

struct ClientCommandLine {
  enum class Command { kSet, kGet, kRemove, kHelp, kVersion };

  Command command = Command::kHelp;
  std::string key{};
  std::string value{};
  Address address{};
};

// words: in, the arguments of main() without the program's name.
Result<ClientCommandLine> ParseClientCommandLine(std::span<const std::string_view> words);

}  // namespace kvs::apps
