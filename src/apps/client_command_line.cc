#include "apps/client_command_line.h"

#include <array>
#include <optional>
#include <utility>

#include "base/try.h"

namespace kvs::apps {
namespace {

using Command = ClientCommandLine::Command;

constexpr std::string_view kAddressOption = "--addr";

struct CommandWord {
  std::string_view word;
  Command command;
  bool has_value;
};
constexpr std::array kCommandWords = {
    CommandWord{"set", Command::kSet, true},
    CommandWord{"get", Command::kGet, false},
    CommandWord{"rm", Command::kRemove, false},
};

Error Refusal(std::string why) { return Error{.code = ErrorCode::kInvalidArgument, .context = std::move(why)}; }

Error NotUnderstood(std::string_view word) { return Refusal("Not understood: " + std::string(word)); }

bool IsHelp(std::string_view word) { return word == "-h" || word == "--help"; }
bool IsVersion(std::string_view word) { return word == "-V" || word == "--version"; }

class Parser {
 public:
  explicit Parser(std::span<const std::string_view> words) : words_(words) {}

  Result<ClientCommandLine> Run() {
    KVS_TRY(TakeOptions());
    if (is_done()) return Refusal("a command is missing: set, get or rm");
    const std::string_view word = Take();
    if (IsHelp(word) || IsVersion(word)) return InfoOnly(IsHelp(word) ? Command::kHelp : Command::kVersion);
    const CommandWord* const command = Find(word);
    if (command == nullptr) return NotUnderstood(word);
    line_.command = command->command;
    if (words_.size() == 1 && IsHelp(words_.front())) return InfoOnly(Command::kHelp);
    KVS_TRY(TakeOptions());
    if (!is_done() && words_.front() == "--") Take();
    KVS_TRY(TakeArgument("KEY", &line_.key));
    if (command->has_value) KVS_TRY(TakeArgument("VALUE", &line_.value));
    KVS_TRY(TakeOptions());
    if (!is_done()) return NotUnderstood(words_.front());
    return std::move(line_);
  }

 private:
  static const CommandWord* Find(std::string_view word) {
    for (const CommandWord& command : kCommandWords) {
      if (command.word == word) return &command;
    }
    return nullptr;
  }

  bool is_done() const { return words_.empty(); }

  std::string_view Take() {
    const std::string_view word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

  Result<ClientCommandLine> InfoOnly(Command command) {
    if (!is_done() && !IsHelp(words_.front())) return NotUnderstood(words_.front());
    return ClientCommandLine{.command = command};
  }

  Status TakeArgument(std::string_view name, std::string* into) {
    if (is_done()) return Refusal(std::string(name) + " is missing");
    *into = Take();
    return Ok();
  }

  // Takes --addr IP:PORT or --addr=IP:PORT, if it is next.
  Status TakeOptions() {
    while (!is_done()) {
      std::string_view word = words_.front();
      if (word != kAddressOption && !word.starts_with("--addr=")) return Ok();
      Take();
      word.remove_prefix(kAddressOption.size());
      if (!word.empty()) {
        KVS_TRY(SetAddress(word.substr(1)));
      } else if (is_done()) {
        return Refusal("--addr: IP:PORT is missing");
      } else {
        KVS_TRY(SetAddress(Take()));
      }
    }
    return Ok();
  }

  Status SetAddress(std::string_view text) {
    if (std::exchange(has_address_, true)) return Refusal("--addr is given twice");
    Result<Address> address = Address::Parse(text);
    if (!address) return Refusal("--addr: " + address.error().context);
    line_.address = *std::move(address);
    return Ok();
  }

  std::span<const std::string_view> words_;  // Not yet parsed.
  bool has_address_ = false;
  ClientCommandLine line_;
};

}  // namespace

Result<ClientCommandLine> ParseClientCommandLine(std::span<const std::string_view> words) {
  return Parser(words).Run();
}

}  // namespace kvs::apps
