// ClientCommandLine: what kvs-client was asked for.
//
// Design      A key or a value may look like anything, so words are told apart by their place alone:
//               kvs-client COMMAND [--addr IP:PORT] [--] KEY [VALUE] [--addr IP:PORT]
//             Options come before the key or after the last argument. The words in between are taken as they are.
//             Only a key that is called like an option, or "--", needs the "--" before it.
// Errors      kInvalidArgument: what was not understood.
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

// `words`: the arguments of main() without the program's name.
Result<ClientCommandLine> ParseClientCommandLine(std::span<const std::string_view> words);

}  // namespace kvs::apps
