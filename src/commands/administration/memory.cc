// MEMORY: what the server's memory and disk go for, as far as the engine and the allocator can tell.
#include <malloc.h>

#include <array>
#include <string>
#include <string_view>

#include "base/letters.h"
#include "commands/administration/figures.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

std::uint64_t IndexBytesPerKey(const EngineStats& stats) {
  return stats.keys == 0 ? 0 : stats.index_bytes / stats.keys;
}

// The bytes of the key and its value, and the key's share of the index.
void Usage(Call& call) {
  for (std::size_t i = 3; i < call.size(); i += 2) {
    if (!base::IsWord(call[i], "samples") || i + 1 == call.size()) {
      call.FailSyntax();
      return;
    }
    const auto samples = ReadInteger(call, call[i + 1]);
    if (!samples) return;
    if (*samples < 0) {
      call.FailSyntax();
      return;
    }
  }
  const auto stats = ReadEngineStats(call);
  if (!stats) return;
  std::uint64_t bytes = call[2].size() + IndexBytesPerKey(*stats);
  const Result<bool> found = call.keys.Read(call[2], [&](const Entry& entry) { bytes += entry.value.size(); });
  if (!found) {
    call.Fail(found.error());
  } else if (*found) {
    call.reply.Integer(static_cast<std::int64_t>(bytes));
  } else {
    call.reply.Null();
  }
}

void Statistics(Call& call) {
  const auto stats = ReadEngineStats(call);
  if (!stats) return;
  const auto figures = std::to_array<Figure>({{"peak.allocated", PeakMemoryBytes()},
                                              {"total.allocated", UsedMemoryBytes(*stats)},
                                              {"index.allocated", stats->index_bytes},
                                              {"keys.count", stats->keys},
                                              {"keys.bytes-per-key", IndexBytesPerKey(*stats)},
                                              {"dataset.bytes", stats->live_bytes}});
  call.reply.Map(figures.size());
  ReplyFigures(call, figures);
}

void Doctor(Call& call) {
  const auto stats = ReadEngineStats(call);
  if (!stats) return;
  call.reply.Verbatim("Values are on the disk, and in the system's cache as far as it has room. Of " +
                      std::to_string(UsedMemoryBytes(*stats)) + " allocated bytes, the index of " +
                      std::to_string(stats->keys) + " keys has " + std::to_string(stats->index_bytes) + ".\n");
}

void Purge(Call& call) {
  ::malloc_trim(0);
  call.reply.Ok();
}

void MallocStats(Call& call) { call.reply.Bulk("Stats not supported for the current allocator"); }

constexpr CommandSpec Memory(CommandSpec row) {
  row.group = "server";
  if (row.complexity.empty()) row.complexity = "O(1)";
  return Row(row);
}

constexpr auto kSubcommands = std::to_array<CommandSpec>({
    Memory({.full_name = "memory|doctor",
            .handler = Doctor,
            .arity = 2,
            .since = "4.0.0",
            .summary = "Says in a sentence where the memory is",
            .differences = "Its words are its own."}),
    Memory({.full_name = "memory|help",
            .handler = ReplyHelp,
            .arity = 2,
            .flags = kLoading | kStale,
            .since = "4.0.0",
            .summary = "Prints this help"}),
    Memory({.full_name = "memory|malloc-stats",
            .handler = MallocStats,
            .arity = 2,
            .since = "4.0.0",
            .summary = "Says that the allocator keeps no figures for people",
            .differences = "As Redis without jemalloc."}),
    Memory({.full_name = "memory|purge",
            .handler = Purge,
            .arity = 2,
            .since = "4.0.0",
            .summary = "Gives free memory of the allocator back to the system"}),
    Memory({.full_name = "memory|stats",
            .handler = Statistics,
            .arity = 2,
            .since = "4.0.0",
            .summary = "Tells figures about memory",
            .differences = "Those that have a meaning here; index.allocated is ours, and dataset.bytes are on disk."}),
    Memory({.full_name = "memory|usage",
            .handler = Usage,
            .arity = -3,
            .flags = kReadOnly,
            .keys = {.first = 2, .last = 2, .step = 1},
            .key_flags = "RO",
            .since = "4.0.0",
            .complexity = "O(N) in the bytes of the value, whose checksum is verified",
            .summary = "Tells how many bytes a key takes",
            .usage = "key [SAMPLES count]",
            .differences = "Key and value, which are on disk, and the share of the index, which is in memory."}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    Memory({.full_name = "memory",
            .arity = -2,
            .since = "4.0.0",
            .complexity = "Depends on the subcommand",
            .summary = "A container of commands about memory",
            .subcommands = kSubcommands}),
});

}  // namespace

std::span<const CommandSpec> MemoryCommands() { return kRows; }

}  // namespace kvs::server
