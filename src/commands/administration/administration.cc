// The commands about the server as a whole: its size, its disk, its end. INFO, CONFIG and COMMAND have files of their
// own.
#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "base/letters.h"
#include "commands/administration/backups.h"
#include "commands/administration/info.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

void DbSize(Call& call) {
  const Result<std::uint64_t> count = call.keys.Count();
  if (count) {
    call.reply.Integer(static_cast<std::int64_t>(*count));
  } else {
    call.Fail(count.error());
  }
}

// ASYNC or SYNC, from `at` on, or nothing. False: answered.
bool ReadFlushMode(Call& call, std::size_t at) {
  const bool has_mode = call.size() == at + 1 && (base::IsWord(call[at], "async") || base::IsWord(call[at], "sync"));
  if (call.size() == at || has_mode) return true;
  call.FailSyntax();
  return false;
}

void Flush(Call& call) {
  if (ReadFlushMode(call, 1)) call.ReplyStatus(call.keys.Clear());
}

void FunctionFlush(Call& call) {
  const bool has_mode = call.size() == 3 && (base::IsWord(call[2], "async") || base::IsWord(call[2], "sync"));
  if (call.size() == 2 || has_mode) {
    call.reply.Ok();
  } else {
    call.Fail("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
}

void Time(Call& call) {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count();
  call.reply.Array(2);
  call.reply.Bulk(std::to_string(microseconds / 1'000'000));
  call.reply.Bulk(std::to_string(microseconds % 1'000'000));
}

void LastSave(Call& call) { call.reply.Integer(call.server.background.last_save_s()); }

void Save(Call& call) {
  call.needs_sync = true;
  call.reply.Ok();
}

bool StartSave(ServerState& server) {
  const std::string backups = BackupDirectory(server);
  return backups.empty() ? server.background.StartSync() : server.background.StartBackup({.to = backups});
}

void BgSave(Call& call) {
  if (call.size() > 2 || (call.size() == 2 && !base::IsWord(call[1], "schedule"))) {
    call.FailSyntax();
  } else if (StartSave(call.server)) {
    call.reply.Simple("Background saving started");
  } else {
    call.Fail("ERR Background save already in progress");
  }
}

void BgRewriteAof(Call& call) {
  if (call.server.background.StartCompaction()) {
    call.reply.Simple("Background append only file rewriting started");
  } else {
    call.Fail("ERR Background append only file rewriting already in progress");
  }
}

// The server syncs when it ends, and what arrived before is still answered: there is nothing to choose.
void Shutdown(Call& call) {
  bool is_abort = false;
  bool has_other = false;
  bool saves = false;
  bool saves_not = false;
  for (const std::string_view word : call.arguments.subspan(1)) {
    if (base::IsWord(word, "abort")) {
      is_abort = true;
    } else if (base::IsWord(word, "save")) {
      has_other = saves = true;
    } else if (base::IsWord(word, "nosave")) {
      has_other = saves_not = true;
    } else if (base::IsWord(word, "now") || base::IsWord(word, "force")) {
      has_other = true;
    } else {
      call.FailSyntax();
      return;
    }
  }
  if ((is_abort && has_other) || (saves && saves_not)) {
    call.FailSyntax();
  } else if (is_abort) {
    call.Fail("ERR No shutdown in progress.");
  } else if (!call.server.request_stop) {
    call.Fail("ERR Errors trying to SHUTDOWN. Check logs.");
  } else {
    call.client.is_closing_after_reply = true;
    call.server.request_stop();
  }
}

constexpr std::uint32_t kAdministration = kAdmin | kDangerous | kNoScript;

constexpr CommandSpec Server(CommandSpec row) {
  if (row.group.empty()) row.group = "server";
  if (row.complexity.empty()) row.complexity = "O(1)";
  return Row(row);
}

constexpr auto kFunctionSubcommands = std::to_array<CommandSpec>({
    Server({.full_name = "function|flush",
            .handler = FunctionFlush,
            .arity = -2,
            .flags = kWrite | kNoScript,
            .group = "scripting",
            .since = "7.0.0",
            .summary = "Removes all functions: there are none",
            .usage = "[ASYNC|SYNC]"}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    Server({.full_name = "bgrewriteaof",
            .handler = BgRewriteAof,
            .arity = 1,
            .flags = kAdministration,
            .since = "1.0.0",
            .complexity = "O(1); the work is done in the background",
            .summary = "Starts a compaction",
            .differences = "The log is always compacted when it has too much garbage; this does it now."}),
    Server({.full_name = "bgsave",
            .handler = BgSave,
            .arity = -1,
            .flags = kAdministration,
            .since = "1.0.0",
            .complexity = "O(1); the work is done in the background",
            .summary = "Starts a backup if backup-dir is set, otherwise a sync",
            .usage = "[SCHEDULE]",
            .differences = "There is no RDB file: what is synced survives."}),
    Server({.full_name = "dbsize",
            .handler = DbSize,
            .arity = 1,
            .flags = kReadOnly | kFast,
            .since = "1.0.0",
            .summary = "Counts the keys",
            .differences = "Expired keys count until they are removed, well within a second."}),
    Server({.full_name = "flushall",
            .handler = Flush,
            .arity = -1,
            .flags = kWrite | kDangerous | kExclusive,
            .since = "1.0.0",
            .complexity = "O(N) in the keys",
            .summary = "Removes all keys",
            .usage = "[ASYNC|SYNC]",
            .differences = "Always in the foreground."}),
    Server({.full_name = "flushdb",
            .handler = Flush,
            .arity = -1,
            .flags = kWrite | kDangerous | kExclusive,
            .since = "1.0.0",
            .complexity = "O(N) in the keys",
            .summary = "Removes all keys",
            .usage = "[ASYNC|SYNC]",
            .differences = "Always in the foreground."}),
    Server({.full_name = "function",
            .arity = -2,
            .group = "scripting",
            .since = "7.0.0",
            .complexity = "Depends on the subcommand",
            .summary = "A container of commands about functions",
            .differences = "There are no functions: only FLUSH is there, which test suites call.",
            .subcommands = kFunctionSubcommands}),
    Server({.full_name = "info",
            .handler = Info,
            .arity = -1,
            .flags = kLoading | kStale | kDangerous,
            .since = "1.0.0",
            .summary = "Tells about the server",
            .usage = "[section [section ...]]",
            .differences = "What is not measured is left out; fields that begin with kvs_ and the section Kvs are "
                           "ours. Times are divided among commands of one kind that came together."}),
    Server({.full_name = "lastsave",
            .handler = LastSave,
            .arity = 1,
            .flags = kLoading | kStale | kFast | kDangerous | kAdmin,
            .since = "1.0.0",
            .summary = "Tells the second since 1970 of the last good BGSAVE or backup"}),
    Server({.full_name = "save",
            .handler = Save,
            .arity = 1,
            .flags = kAdministration | kNoMulti,
            .since = "1.0.0",
            .complexity = "O(1), and a sync of the disk",
            .summary = "Replies when all that was answered before survives power loss",
            .differences = "There is no RDB file."}),
    Server({.full_name = "shutdown",
            .handler = Shutdown,
            .arity = -1,
            .flags = kAdministration | kLoading | kStale | kNoMulti | kAllowBusy,
            .since = "1.0.0",
            .summary = "Ends the server",
            .usage = "[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]",
            .differences = "Always syncs, and never waits for long: there is nothing to abort."}),
    Server({.full_name = "time",
            .handler = Time,
            .arity = 1,
            .flags = kLoading | kStale | kFast,
            .since = "2.6.0",
            .summary = "Tells the time in seconds since 1970, and microseconds"}),
});

}  // namespace

std::span<const CommandSpec> ServerCommands() { return kRows; }

}  // namespace kvs::server
