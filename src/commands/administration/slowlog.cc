// SLOWLOG.
#include <array>
#include <cstdint>
#include <limits>
#include <string>

#include "base/decimal.h"
#include "commands/table/command_table.h"

namespace kvs::server {
namespace {

constexpr std::uint32_t kAdministration = kAdmin | kDangerous | kLoading | kStale;

void SlowLogGet(Call& call) {
  constexpr std::int64_t kShown = 10;
  std::int64_t count = kShown;
  if (call.size() > 3) {
    call.Fail("ERR wrong number of arguments for 'slowlog|get' command");
    return;
  }
  if (call.size() == 3) {
    const auto asked = base::ParseDecimal(call[2]);
    if (!asked || *asked < -1) {
      call.Fail("ERR count should be greater than or equal to -1");
      return;
    }
    count = *asked == -1 ? std::numeric_limits<std::int64_t>::max() : *asked;
  }
  const auto entries = call.server.observation.slow_log.Newest(static_cast<std::size_t>(count));
  call.reply.Array(entries.size());
  for (const SlowLog::Command& entry : entries) {
    call.reply.Array(6);
    call.reply.Integer(static_cast<std::int64_t>(entry.id));
    call.reply.Integer(entry.time_s);
    call.reply.Integer(entry.microseconds);
    call.reply.Array(entry.arguments.size());
    for (const std::string& argument : entry.arguments) call.reply.Bulk(argument);
    call.reply.Bulk(entry.peer);
    call.reply.Bulk(entry.client_name);
  }
}

void SlowLogLen(Call& call) { call.reply.Integer(static_cast<std::int64_t>(call.server.observation.slow_log.size())); }

void SlowLogReset(Call& call) {
  call.server.observation.slow_log.Reset();
  call.reply.Ok();
}

constexpr CommandSpec Server(CommandSpec row) {
  row.group = "server";
  if (row.complexity.empty()) row.complexity = "O(1)";
  return Row(row);
}

constexpr auto kSlowLogSubcommands = std::to_array<CommandSpec>({
    Server({.full_name = "slowlog|get",
            .handler = SlowLogGet,
            .arity = -2,
            .flags = kAdministration,
            .since = "2.2.12",
            .complexity = "O(N) in the entries",
            .summary = "Tells about the latest slow commands",
            .usage = "[count]"}),
    Server({.full_name = "slowlog|help",
            .handler = ReplyHelp,
            .arity = 2,
            .flags = kLoading | kStale,
            .since = "6.2.0",
            .summary = "Prints this help"}),
    Server({.full_name = "slowlog|len",
            .handler = SlowLogLen,
            .arity = 2,
            .flags = kAdministration,
            .since = "2.2.12",
            .summary = "Counts the slow commands that are kept"}),
    Server({.full_name = "slowlog|reset",
            .handler = SlowLogReset,
            .arity = 2,
            .flags = kAdministration,
            .since = "2.2.12",
            .complexity = "O(N) in the entries",
            .summary = "Forgets the slow commands"}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    Server({.full_name = "slowlog",
            .arity = -2,
            .since = "2.2.12",
            .complexity = "Depends on the subcommand",
            .summary = "A container of commands about slow commands",
            .differences = "From slowlog-log-slower-than 10000 on, times are those of the kernel's ticks, and GETs or "
                           "SETs that came together count as one.",
            .subcommands = kSlowLogSubcommands}),
});

}  // namespace

std::span<const CommandSpec> SlowLogCommands() { return kRows; }

}  // namespace kvs::server
