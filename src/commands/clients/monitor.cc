// MONITOR.
#include <array>

#include "commands/table/command_table.h"

namespace kvs::server {
namespace {

void Monitor(Call& call) {
  if (call.is_queued) {
    call.Fail("ERR MONITOR isn't allowed for DENY BLOCKING client");
    return;
  }
  call.server.observation.monitors.Enter(call.client);
  call.reply.Ok();
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Row({.full_name = "monitor",
         .handler = Monitor,
         .arity = 1,
         .flags = kAdmin | kDangerous | kLoading | kStale | kNoScript | kExclusive,
         .group = "server",
         .since = "1.0.0",
         .complexity = "O(1)",
         .summary = "Shows every command that the server runs",
         .differences = "Commands that other threads run at the same time come in either order."}),
});

}  // namespace

std::span<const CommandSpec> MonitorCommands() { return kRows; }

}  // namespace kvs::server
