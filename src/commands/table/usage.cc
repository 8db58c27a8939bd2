#include "commands/table/usage.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/letters.h"

namespace kvs::server {
namespace {

constexpr std::string_view kRepeatEnd = " ...";

bool IsToken(std::string_view word) { return !word.empty() && word.front() >= 'A' && word.front() <= 'Z'; }

std::string_view TypeOf(std::string_view name) {
  constexpr auto kKeys =
      std::to_array<std::string_view>({"key", "newkey", "source", "destination", "key1", "key2", "destkey"});
  constexpr auto kIntegers = std::to_array<std::string_view>(
      {"seconds", "milliseconds", "count", "cursor", "index", "offset", "start", "end", "client-id", "protover",
       "destination-db", "bit", "increment", "len", "ttl", "db", "index1", "index2"});
  if (std::find(kKeys.begin(), kKeys.end(), name) != kKeys.end()) return "key";
  if (std::find(kIntegers.begin(), kIntegers.end(), name) != kIntegers.end()) return "integer";
  if (name.starts_with("unix-time")) return "unix-time";
  return name == "pattern" ? "pattern" : "string";
}

UsageArgument Named(std::string_view name) { return {.name = std::string(name), .type = TypeOf(name)}; }

// Takes what is before `separator`, or everything, from the front of `text`.
std::string_view TakeUntil(std::string_view& text, char separator) {
  const std::string_view taken = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), taken.size() + 1));
  return taken;
}

// Takes a bracketed part from the front of `text`, and returns what is inside.
std::string_view TakeGroup(std::string_view& text) {
  std::size_t depth = 0;
  std::size_t at = 0;
  do {
    depth += text[at] == '[' || text[at] == '<' ? 1 : 0;
    depth -= text[at] == ']' || text[at] == '>' ? 1 : 0;
    ++at;
  } while (depth > 0 && at < text.size());
  KVS_CHECK(depth == 0);
  const std::string_view inside = text.substr(1, at - 2);
  text.remove_prefix(at);
  return inside;
}

// `inside` of [name ...]: what was named before may be repeated.
void Repeat(std::string_view inside, std::vector<UsageArgument>* arguments) {
  const auto names = 1 + std::count(inside.begin(), inside.end() - kRepeatEnd.size(), ' ');
  KVS_CHECK(static_cast<std::size_t>(names) <= arguments->size());
  if (names > 1) {
    UsageArgument block{.name = "data", .type = "block"};
    block.arguments.assign(arguments->end() - names, arguments->end());
    arguments->erase(arguments->end() - names, arguments->end());
    arguments->push_back(std::move(block));
  }
  arguments->back().is_multiple = true;
}

// Takes one option of a choice from the front of `text`: up to the next | that is not inside brackets.
std::string_view TakeOption(std::string_view& text) {
  std::size_t depth = 0;
  std::size_t at = 0;
  for (; at < text.size() && (depth > 0 || text[at] != '|'); ++at) {
    depth += text[at] == '[' || text[at] == '<' ? 1 : 0;
    depth -= text[at] == ']' || text[at] == '>' ? 1 : 0;
  }
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(text.size(), at + 1));
  return taken;
}

UsageArgument ParseChoice(std::string_view text);

// `inside` of brackets behind the names of an option: their repetition, or a choice that may be left out.
void AddGroup(std::string_view inside, std::vector<UsageArgument>* names) {
  if (inside.ends_with(kRepeatEnd) && inside.find('[') == std::string_view::npos) {
    Repeat(inside, names);
    return;
  }
  names->push_back(ParseChoice(inside));
  names->back().is_optional = true;
}

UsageArgument ParseOption(std::string_view text) {
  UsageArgument option;
  if (IsToken(text)) option.token = TakeUntil(text, ' ');
  std::vector<UsageArgument> names;
  while (!text.empty()) {
    if (text.front() == ' ') {
      text.remove_prefix(1);
    } else if (text.front() == '[') {
      AddGroup(TakeGroup(text), &names);
    } else {
      names.push_back(Named(TakeUntil(text, ' ')));
    }
  }
  if (names.size() == 1) {
    names.front().token = option.token;
    return names.front();
  }
  option.name = option.token.empty() ? "data" : base::Lowered(option.token);
  option.type = names.empty() ? "pure-token" : "block";
  option.arguments = std::move(names);
  return option;
}

UsageArgument ParseChoice(std::string_view text) {
  UsageArgument choice{.name = "option", .type = "oneof"};
  while (!text.empty()) choice.arguments.push_back(ParseOption(TakeOption(text)));
  if (choice.arguments.size() > 1) return choice;
  UsageArgument only = std::move(choice.arguments.front());
  return only;
}

}  // namespace

std::vector<UsageArgument> ParseUsage(std::string_view usage) {
  std::vector<UsageArgument> arguments;
  while (!usage.empty()) {
    if (usage.front() == ' ') {
      usage.remove_prefix(1);
    } else if (usage.front() == '[') {
      const std::string_view inside = TakeGroup(usage);
      if (inside.ends_with(kRepeatEnd) && inside.find('[') == std::string_view::npos) {
        Repeat(inside, &arguments);
      } else {
        arguments.push_back(ParseChoice(inside));
        arguments.back().is_optional = true;
      }
    } else if (usage.front() == '<') {
      arguments.push_back(ParseChoice(TakeGroup(usage)));
    } else if (IsToken(usage)) {
      arguments.push_back(ParseChoice(TakeUntil(usage, ' ')));
    } else {
      arguments.push_back(Named(TakeUntil(usage, ' ')));
    }
  }
  return arguments;
}

}  // namespace kvs::server
