// COMMAND: the command table itself, as clients and their prompts ask for it.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/glob.h"
#include "base/letters.h"
#include "commands/table/command_table.h"
#include "commands/table/usage.h"

namespace kvs::server {
namespace {

struct FlagName {
  std::uint32_t flag;
  std::string_view name;
};
constexpr auto kFlagNames = std::to_array<FlagName>({{kWrite, "write"},
                                                     {kReadOnly, "readonly"},
                                                     {kDenyOom, "denyoom"},
                                                     {kAdmin, "admin"},
                                                     {kPubSub, "pubsub"},
                                                     {kNoScript, "noscript"},
                                                     {kLoading, "loading"},
                                                     {kStale, "stale"},
                                                     {kSkipSlowlog, "skip_slowlog"},
                                                     {kFast, "fast"},
                                                     {kNoAuth, "no_auth"},
                                                     {kNoMulti, "no_multi"},
                                                     {kAllowBusy, "allow_busy"},
                                                     {kMovableKeys, "movablekeys"}});

std::vector<std::string_view> FlagsOf(const CommandSpec& spec) {
  std::vector<std::string_view> names;
  for (const FlagName& flag : kFlagNames) {
    if (spec.has(flag.flag)) names.push_back(flag.name);
  }
  return names;
}

// The ACL categories that follow from the row.
std::vector<std::string_view> CategoriesOf(const CommandSpec& spec) {
  std::vector<std::string_view> categories;
  if (spec.group == "generic") categories.emplace_back("@keyspace");
  if (spec.has(kReadOnly)) categories.emplace_back("@read");
  if (spec.has(kWrite)) categories.emplace_back("@write");
  if (spec.group == "string") categories.emplace_back("@string");
  if (spec.group == "bitmap") categories.emplace_back("@bitmap");
  if (spec.has(kAdmin)) categories.emplace_back("@admin");
  if (spec.has(kPubSub)) categories.emplace_back("@pubsub");
  categories.emplace_back(spec.has(kFast) ? "@fast" : "@slow");
  if (spec.has(kDangerous)) categories.emplace_back("@dangerous");
  if (spec.group == "connection") categories.emplace_back("@connection");
  if (spec.group == "transactions") categories.emplace_back("@transaction");
  if (spec.group == "scripting") categories.emplace_back("@scripting");
  return categories;
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find(separator));
    parts.push_back(part);
    text.remove_prefix(std::min(text.size(), part.size() + separator.size()));
  }
  return parts;
}

// What Redis tells programs that spread commands over a cluster.
struct Tips {
  std::string_view tips;
  std::string_view names;
};
constexpr auto kTips = std::to_array<Tips>({
    {"nondeterministic_output",
     "client|info client|list dump lastsave object|encoding object|freq object|idletime object|refcount pttl time ttl"},
    {"nondeterministic_output_order", "command command|docs command|info command|list"},
    {"nondeterministic_output request_policy:all_shards response_policy:special",
     "info memory|doctor memory|malloc-stats memory|stats"},
    {"nondeterministic_output request_policy:all_nodes response_policy:special",
     "latency|doctor latency|graph latency|histogram latency|history latency|latest"},
    {"request_policy:all_nodes response_policy:all_succeeded", "config|set latency|reset slowlog|reset"},
    {"request_policy:all_shards response_policy:all_succeeded", "flushall flushdb function|flush memory|purge ping"},
    {"request_policy:multi_shard response_policy:agg_sum", "del exists touch unlink"},
    {"request_policy:multi_shard response_policy:all_succeeded", "mset"},
    {"request_policy:multi_shard response_policy:agg_min", "msetnx"},
    {"request_policy:multi_shard", "mget"},
    {"request_policy:all_shards response_policy:agg_sum", "dbsize"},
    {"request_policy:all_shards response_policy:agg_min", "wait"},
    {"request_policy:all_shards nondeterministic_output_order", "keys"},
    {"request_policy:all_shards nondeterministic_output", "randomkey"},
    {"request_policy:all_nodes response_policy:agg_sum nondeterministic_output", "slowlog|len"},
    {"request_policy:all_nodes nondeterministic_output", "slowlog|get"},
    {"nondeterministic_output request_policy:special", "scan"},
});

std::vector<std::string_view> TipsOf(const CommandSpec& spec) {
  for (const Tips& tips : kTips) {
    const std::vector<std::string_view> names = Split(tips.names, " ");
    if (std::find(names.begin(), names.end(), spec.full_name) != names.end()) return Split(tips.tips, " ");
  }
  return {};
}

void ReplyWords(protocol::RespWriter& reply, const std::vector<std::string_view>& words) {
  reply.Set(words.size());
  for (const std::string_view word : words) reply.Simple(word);
}

void ReplyKeySpecification(protocol::RespWriter& reply, std::string_view flags, KeyPositions keys) {
  reply.Map(3);
  reply.Bulk("flags");
  ReplyWords(reply, Split(flags, " "));
  reply.Bulk("begin_search");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("index");
  reply.Bulk("spec");
  reply.Map(1);
  reply.Bulk("index");
  reply.Integer(keys.first);
  reply.Bulk("find_keys");
  reply.Map(2);
  reply.Bulk("type");
  reply.Bulk("range");
  reply.Bulk("spec");
  reply.Map(3);
  reply.Bulk("lastkey");
  reply.Integer(keys.last < 0 ? keys.last : keys.last - keys.first);
  reply.Bulk("keystep");
  reply.Integer(keys.step);
  reply.Bulk("limit");
  reply.Integer(0);
}

// Keys with flags of their own are a specification each, the last of them perhaps for all that follow.
void ReplyKeySpecifications(protocol::RespWriter& reply, const CommandSpec& spec) {
  const std::vector<std::string_view> flags = Split(spec.key_flags, "; ");
  reply.Set(flags.size());
  for (std::size_t i = 0; i < flags.size(); ++i) {
    KeyPositions keys = spec.keys;
    const bool is_last = i + 1 == flags.size();
    keys.first += static_cast<int>(i);
    if (!is_last || (i > 0 && keys.last > 0)) keys.last = keys.first;
    ReplyKeySpecification(reply, flags[i], keys);
  }
}

constexpr std::size_t kInfoFields = 10;

void ReplyInfoBeforeSubcommands(protocol::RespWriter& reply, const CommandSpec& spec) {
  reply.Array(kInfoFields);
  reply.Bulk(spec.full_name);
  reply.Integer(spec.arity);
  ReplyWords(reply, FlagsOf(spec));
  reply.Integer(spec.keys.first);
  reply.Integer(spec.keys.last);
  reply.Integer(spec.keys.step);
  ReplyWords(reply, CategoriesOf(spec));
  const std::vector<std::string_view> tips = TipsOf(spec);
  reply.Set(tips.size());
  for (const std::string_view tip : tips) reply.Bulk(tip);
  ReplyKeySpecifications(reply, spec);
}

// No subcommands are an empty set, some are an array: clients that know Redis expect it so.
void ReplyInfo(protocol::RespWriter& reply, const CommandSpec& spec) {
  ReplyInfoBeforeSubcommands(reply, spec);
  if (spec.subcommands.empty()) {
    reply.Set(0);
    return;
  }
  reply.Array(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) {
    ReplyInfoBeforeSubcommands(reply, subcommand);
    reply.Set(0);
  }
}

void All(Call& call) {
  call.reply.Array(Commands().all().size());
  for (const CommandSpec* spec : Commands().all()) ReplyInfo(call.reply, *spec);
}

void Count(Call& call) { call.reply.Integer(static_cast<std::int64_t>(Commands().all().size())); }

// "get", "client|list"; nullptr: there is none.
const CommandSpec* FindByFullName(std::string_view name) {
  const std::size_t bar = name.find('|');
  const CommandSpec* const spec = Commands().Find(name.substr(0, bar));
  if (spec == nullptr || bar == std::string_view::npos) return spec;
  return CommandTable::FindSubcommand(*spec, name.substr(bar + 1));
}

void CommandInfo(Call& call) {
  if (call.size() == 2) {
    All(call);
    return;
  }
  call.reply.Array(call.size() - 2);
  for (const std::string_view name : call.arguments.subspan(2)) {
    if (const CommandSpec* const spec = FindByFullName(name)) {
      ReplyInfo(call.reply, *spec);
    } else {
      call.reply.Null();
    }
  }
}

// --- DOCS ---

void ReplyArgumentHead(protocol::RespWriter& reply, const UsageArgument& argument) {
  const bool has_flags = argument.is_optional || argument.is_multiple;
  const std::size_t fields = 2 + (argument.type == "key" ? 1 : 0) + (argument.token.empty() ? 0 : 1) +
                             (has_flags ? 1 : 0) + (argument.arguments.empty() ? 0 : 1);
  reply.Map(fields);
  reply.Bulk("name");
  reply.Bulk(argument.name);
  reply.Bulk("type");
  reply.Bulk(argument.type);
  if (argument.type == "key") {
    reply.Bulk("key_spec_index");
    reply.Integer(argument.name == "newkey" || argument.name == "destination" ? 1 : 0);
  }
  if (!argument.token.empty()) {
    reply.Bulk("token");
    reply.Bulk(argument.token);
  }
  if (has_flags) {
    std::vector<std::string_view> flags;
    if (argument.is_optional) flags.emplace_back("optional");
    if (argument.is_multiple) flags.emplace_back("multiple");
    reply.Bulk("flags");
    ReplyWords(reply, flags);
  }
}

// Depth first, with a stack of what is still to be written.
void ReplyArguments(protocol::RespWriter& reply, const std::vector<UsageArgument>& arguments) {
  std::vector<const UsageArgument*> left;
  const auto push = [&](const std::vector<UsageArgument>& level) {
    reply.Array(level.size());
    for (auto at = level.rbegin(); at != level.rend(); ++at) left.push_back(&*at);
  };
  push(arguments);
  while (!left.empty()) {
    const UsageArgument& argument = *left.back();
    left.pop_back();
    ReplyArgumentHead(reply, argument);
    if (argument.arguments.empty()) continue;
    reply.Bulk("arguments");
    push(argument.arguments);
  }
}

void ReplyDocsBeforeSubcommands(protocol::RespWriter& reply, const CommandSpec& spec) {
  reply.Bulk(spec.full_name);
  reply.Map(4 + (spec.usage.empty() ? 0 : 1) + (spec.subcommands.empty() ? 0 : 1));
  reply.Bulk("summary");
  reply.Bulk(spec.summary);
  reply.Bulk("since");
  reply.Bulk(spec.since);
  reply.Bulk("group");
  reply.Bulk(spec.group == "kvs" ? "module" : spec.group);
  reply.Bulk("complexity");
  reply.Bulk(spec.complexity);
  if (spec.usage.empty()) return;
  reply.Bulk("arguments");
  ReplyArguments(reply, ParseUsage(spec.usage));
}

void ReplyDocs(protocol::RespWriter& reply, const CommandSpec& spec) {
  ReplyDocsBeforeSubcommands(reply, spec);
  if (spec.subcommands.empty()) return;
  reply.Bulk("subcommands");
  reply.Map(spec.subcommands.size());
  for (const CommandSpec& subcommand : spec.subcommands) ReplyDocsBeforeSubcommands(reply, subcommand);
}

void Docs(Call& call) {
  std::vector<const CommandSpec*> asked;
  if (call.size() == 2) asked.assign(Commands().all().begin(), Commands().all().end());
  for (const std::string_view name : call.arguments.subspan(2)) {
    if (const CommandSpec* const spec = FindByFullName(name)) asked.push_back(spec);
  }
  call.reply.Map(asked.size());
  for (const CommandSpec* spec : asked) ReplyDocs(call.reply, *spec);
}

// --- LIST, GETKEYS ---

struct ListFilter {
  enum class By : std::uint8_t { kNothing, kModule, kCategory, kPattern } by = By::kNothing;
  std::string_view argument{};
  std::optional<base::Glob> pattern{};
};

bool IsListed(const CommandSpec& spec, const ListFilter& filter) {
  switch (filter.by) {
    case ListFilter::By::kNothing: return true;
    case ListFilter::By::kModule: return false;  // There are no modules.
    case ListFilter::By::kPattern: return filter.pattern->Matches(spec.full_name);
    case ListFilter::By::kCategory: {
      const std::string category = "@" + base::Lowered(filter.argument);
      const auto categories = CategoriesOf(spec);
      return std::find(categories.begin(), categories.end(), category) != categories.end();
    }
  }
  return false;
}

// nullopt: answered.
std::optional<ListFilter> ReadListFilter(Call& call) {
  ListFilter filter;
  if (call.size() == 2) return filter;
  if (call.size() == 5 && base::IsWord(call[2], "filterby")) {
    filter.argument = call[4];
    if (base::IsWord(call[3], "module")) filter.by = ListFilter::By::kModule;
    if (base::IsWord(call[3], "aclcat")) filter.by = ListFilter::By::kCategory;
    if (base::IsWord(call[3], "pattern")) {
      auto pattern = base::Glob::Parse(filter.argument, base::Case::kInsensitive);
      if (!pattern) {
        call.Fail(pattern.error());
        return std::nullopt;
      }
      filter.by = ListFilter::By::kPattern;
      filter.pattern = *std::move(pattern);
    }
    if (filter.by != ListFilter::By::kNothing) return filter;
  }
  call.FailSyntax();
  return std::nullopt;
}

void List(Call& call) {
  const auto filter = ReadListFilter(call);
  if (!filter) return;
  std::vector<std::string_view> names;
  for (const CommandSpec* spec : Commands().all()) {
    if (IsListed(*spec, *filter)) names.push_back(spec->full_name);
    for (const CommandSpec& subcommand : spec->subcommands) {
      if (IsListed(subcommand, *filter)) names.push_back(subcommand.full_name);
    }
  }
  call.reply.Array(names.size());
  for (const std::string_view name : names) call.reply.Bulk(name);
}

// What a key is to a command whose arguments decide it; empty: its row decides.
std::string_view FlagsByArguments(const CommandSpec& spec, std::span<const std::string_view> arguments) {
  const auto has = [&](std::size_t from, std::string_view word) {
    return std::any_of(arguments.begin() + static_cast<std::ptrdiff_t>(from), arguments.end(),
                       [&](std::string_view argument) { return base::IsWord(argument, word); });
  };
  if (spec.name == "set") return has(3, "get") ? "RW access update" : "OW update";
  if (spec.name == "bitfield") return has(2, "set") || has(2, "incrby") ? "RW access update" : "RO access";
  return {};
}

enum class KeyDetail : std::uint8_t { kNames, kNamesAndFlags };

void ReplyKeys(Call& call, KeyDetail detail) {
  const auto arguments = call.arguments.subspan(2);
  const CommandSpec* spec = Commands().Find(arguments[0]);
  if (spec != nullptr && !spec->subcommands.empty() && arguments.size() > 1) {
    spec = CommandTable::FindSubcommand(*spec, arguments[1]);
  }
  if (spec == nullptr) {
    call.Fail("ERR Invalid command specified");
    return;
  }
  if (spec->keys.first == 0) {
    call.Fail("ERR The command has no key arguments");
    return;
  }
  if (!spec->AcceptsCount(arguments.size())) {
    call.Fail("ERR Invalid number of arguments specified for command");
    return;
  }
  const int count = static_cast<int>(arguments.size());
  const int last = spec->keys.last < 0 ? count + spec->keys.last : spec->keys.last;
  std::vector<std::string_view> keys;
  for (int i = spec->keys.first; i <= last && i < count; i += spec->keys.step) {
    keys.push_back(arguments[static_cast<std::size_t>(i)]);
  }
  std::vector<std::string_view> flags = Split(spec->key_flags, "; ");
  if (const std::string_view decided = FlagsByArguments(*spec, arguments); !decided.empty()) flags = {decided};
  call.reply.Array(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (detail == KeyDetail::kNamesAndFlags) call.reply.Array(2);
    call.reply.Bulk(keys[i]);
    if (detail == KeyDetail::kNamesAndFlags) ReplyWords(call.reply, Split(flags[std::min(i, flags.size() - 1)], " "));
  }
}

void GetKeys(Call& call) { ReplyKeys(call, KeyDetail::kNames); }
void GetKeysAndFlags(Call& call) { ReplyKeys(call, KeyDetail::kNamesAndFlags); }

constexpr CommandSpec OfCommand(CommandSpec row) {
  row.group = "server";
  row.flags = kLoading | kStale;
  if (row.complexity.empty()) row.complexity = "O(N) in the commands";
  return Row(row);
}

constexpr auto kSubcommands = std::to_array<CommandSpec>({
    OfCommand({.full_name = "command|count",
               .handler = Count,
               .arity = 2,
               .since = "2.8.13",
               .complexity = "O(1)",
               .summary = "Counts the commands"}),
    OfCommand({.full_name = "command|docs",
               .handler = Docs,
               .arity = -2,
               .since = "7.0.0",
               .summary = "Tells what commands are for and what they take",
               .usage = "[command-name [command-name ...]]"}),
    OfCommand({.full_name = "command|getkeys",
               .handler = GetKeys,
               .arity = -4,
               .since = "2.8.13",
               .complexity = "O(N) in the arguments",
               .summary = "Tells which arguments of a command are keys",
               .usage = "command [arg [arg ...]]"}),
    OfCommand({.full_name = "command|getkeysandflags",
               .handler = GetKeysAndFlags,
               .arity = -4,
               .since = "7.0.0",
               .complexity = "O(N) in the arguments",
               .summary = "Tells which arguments of a command are keys, and what it does with them",
               .usage = "command [arg [arg ...]]"}),
    OfCommand({.full_name = "command|help",
               .handler = ReplyHelp,
               .arity = 2,
               .since = "5.0.0",
               .complexity = "O(1)",
               .summary = "Prints this help"}),
    OfCommand({.full_name = "command|info",
               .handler = CommandInfo,
               .arity = -2,
               .since = "2.8.13",
               .summary = "Tells what a client has to know about commands",
               .usage = "[command-name [command-name ...]]"}),
    OfCommand({.full_name = "command|list",
               .handler = List,
               .arity = -2,
               .since = "7.0.0",
               .summary = "Lists the names of commands",
               .usage = "[FILTERBY filter argument]"}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    OfCommand({.full_name = "command",
               .handler = All,
               .arity = -1,
               .since = "2.8.13",
               .summary = "Tells what a client has to know about all commands",
               .subcommands = kSubcommands}),
});

}  // namespace

std::span<const CommandSpec> CommandCommands() { return kRows; }

}  // namespace kvs::server
