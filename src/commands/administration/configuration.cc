// CONFIG: the server's parameters, read and set while it runs.
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "commands/table/command_table.h"

namespace kvs::server {
namespace {

void Get(Call& call) {
  const auto patterns = call.arguments.subspan(2);
  const auto pairs = call.server.config.Get({patterns.begin(), patterns.end()});
  call.reply.Map(pairs.size());
  for (const auto& [name, value] : pairs) {
    call.reply.Bulk(name);
    call.reply.Bulk(value);
  }
}

void Set(Call& call) {
  if (call.size() % 2 == 1) {
    call.FailSyntax();
    return;
  }
  std::vector<std::pair<std::string_view, std::string_view>> changes;
  for (std::size_t i = 2; i < call.size(); i += 2) changes.emplace_back(call[i], call[i + 1]);
  const Status status = call.server.config.Set(changes);
  if (status) {
    call.server.ApplySettings();
    call.reply.Ok();
  } else {
    call.Fail("ERR " + status.error().context);
  }
}

void ResetStat(Call& call) {
  const Result<EngineStats> engine = call.server.engine.Stats();
  call.server.stats.Reset(engine ? engine->expired : 0);
  call.reply.Ok();
}

void Rewrite(Call& call) { call.Fail("ERR The server is running without a config file"); }

constexpr CommandSpec Config(CommandSpec row) {
  row.group = "server";
  if (row.complexity.empty()) row.complexity = "O(1)";
  if (row.flags == 0 && row.handler != nullptr) row.flags = kAdmin | kDangerous | kNoScript | kLoading | kStale;
  return Row(row);
}

constexpr auto kSubcommands = std::to_array<CommandSpec>({
    Config({.full_name = "config|get",
            .handler = Get,
            .arity = -3,
            .since = "2.0.0",
            .complexity = "O(N) in the parameters",
            .summary = "Tells the values of parameters",
            .usage = "parameter [parameter ...]"}),
    Config({.full_name = "config|help",
            .handler = ReplyHelp,
            .arity = 2,
            .flags = kLoading | kStale,
            .since = "5.0.0",
            .summary = "Prints this help"}),
    Config({.full_name = "config|resetstat",
            .handler = ResetStat,
            .arity = 2,
            .since = "2.0.0",
            .summary = "Sets the counters of INFO to zero"}),
    Config({.full_name = "config|rewrite",
            .handler = Rewrite,
            .arity = 2,
            .since = "2.8.0",
            .summary = "Writes the parameters into the configuration file",
            .differences = "Always refused: there is no such file."}),
    Config({.full_name = "config|set",
            .handler = Set,
            .arity = -4,
            .flags = kAdmin | kDangerous | kNoScript | kLoading | kStale | kExclusive,
            .secrets = Secrets::kOfSettings,
            .since = "2.0.0",
            .complexity = "O(N) in the parameters",
            .summary = "Sets parameters",
            .usage = "parameter value [parameter value ...]",
            .differences =
                "What configuration.md marks as live has an effect; the others that can be set are kept, so that "
                "tools find what they have set."}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    Config({.full_name = "config",
            .arity = -2,
            .since = "2.0.0",
            .complexity = "Depends on the subcommand",
            .summary = "A container of commands about the server's parameters",
            .subcommands = kSubcommands}),
});

}  // namespace

std::span<const CommandSpec> ConfigCommands() { return kRows; }

}  // namespace kvs::server
