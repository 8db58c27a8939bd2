// The commands that Redis does not have: ordered ranges, and what this store can tell and do.
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "base/letters.h"
#include "commands/administration/figures.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"
#include "service/service_figure_table.h"

namespace kvs::server {
namespace {

constexpr std::size_t kScanLimit = 1'000;  // Unless told; and the most bytes of a reply, below.
constexpr std::size_t kScanBytesMax = std::size_t{64} << 20;

struct RangeOptions {
  ScanRange range{.limit = kScanLimit};
  bool has_values = false;
};

// nullopt: answered.
std::optional<RangeOptions> ReadRangeOptions(Call& call) {
  RangeOptions options;
  options.range.from = call[1];
  if (!call[2].empty()) options.range.to = call[2];
  for (std::size_t i = 3; i < call.size(); ++i) {
    const bool has_more = i + 1 < call.size();
    if (base::IsWord(call[i], "prefix") && has_more) {
      options.range.prefix = call[++i];
    } else if (base::IsWord(call[i], "limit") && has_more) {
      const auto limit = ReadInteger(call, call[++i]);
      if (!limit) return std::nullopt;
      if (*limit < 1) {
        call.Fail("ERR LIMIT must be positive");
        return std::nullopt;
      }
      options.range.limit = static_cast<std::size_t>(*limit);
    } else if (base::IsWord(call[i], "rev")) {
      options.range.reverse = true;
    } else if (base::IsWord(call[i], "values")) {
      options.has_values = true;
    } else {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  return options;
}

void KvsScan(Call& call) {
  const auto options = ReadRangeOptions(call);
  if (!options) return;
  base::ByteBuffer bulks;
  protocol::RespWriter writer(&bulks);
  std::size_t count = 0;
  bool is_too_large = false;
  const Status status = call.keys.Scan(options->range, [&](std::string_view key, std::string_view value) {
    writer.Bulk(key);
    if (options->has_values) writer.Bulk(value);
    count += options->has_values ? 2 : 1;
    is_too_large = bulks.size() > kScanBytesMax;
    return !is_too_large;
  });
  if (!status) {
    call.Fail(status.error());
  } else if (is_too_large) {
    call.Fail("ERR the reply would be larger than 64 MiB: use a smaller LIMIT");
  } else {
    call.reply.Array(count);
    call.reply.out().Append(bulks.view());
  }
}

void KvsCompact(Call& call) {
  const bool is_new = call.server.background.StartCompaction();
  call.reply.Simple(is_new ? "Compaction started" : "Compaction already in progress");
}

// The sync of this turn, which comes after the execution, is the one that was asked for.
void KvsSync(Call& call) {
  call.needs_sync = true;
  call.reply.Ok();
}

void KvsStats(Call& call) {
  const auto stats = ReadEngineStats(call);
  if (!stats) return;
  std::vector<Figure> figures;
  for (const auto& row : EngineFigureTable()) {
    if (row.spec.is_in_kvs_stats) figures.push_back({.name = row.spec.name, .value = row.read(*stats).Integer()});
  }
  call.reply.Map(figures.size() + 1);
  call.reply.Bulk("engine");
  call.reply.Bulk(call.server.engine.Name());
  ReplyFigures(call, figures);
}

constexpr CommandSpec Kvs(CommandSpec row) {
  row.group = "kvs";
  row.since = "0.1.0";
  return Row(row);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Kvs({.full_name = "kvs.compact",
         .handler = KvsCompact,
         .arity = 1,
         .flags = kAdmin | kDangerous | kNoScript,
         .complexity = "O(1); the work is done in the background",
         .summary = "Starts to give back the space of overwritten and removed pairs"}),
    Kvs({.full_name = "kvs.scan",
         .handler = KvsScan,
         .arity = -3,
         .flags = kReadOnly,
         .complexity = "O(log N + M), M being the pairs in the reply",
         .summary = "Lists the keys from one to before another, in the order of their bytes; an empty `to` is no bound",
         .usage = "from to [PREFIX prefix] [LIMIT count] [REV] [VALUES]"}),
    Kvs({.full_name = "kvs.stats",
         .handler = KvsStats,
         .arity = 1,
         .flags = kReadOnly | kFast,
         .complexity = "O(1)",
         .summary = "Tells the engine's figures"}),
    Kvs({.full_name = "kvs.sync",
         .handler = KvsSync,
         .arity = 1,
         .flags = kFast | kNoMulti,
         .complexity = "O(1), and a sync of the disk",
         .summary = "Replies when all that was answered before survives power loss"}),
});

}  // namespace

std::span<const CommandSpec> KvsCommands() { return kRows; }

}  // namespace kvs::server
