// KVS.BACKUP: makes a backup while the server serves, and tells how far it is.
#include "commands/administration/backups.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

#include "commands/table/command_table.h"
#include "commands/table/parsing.h"
#include "io/named_path.h"

namespace kvs::server {
namespace {

namespace fs = std::filesystem;

// Clients choose only what the operator allows: the directory of the setting, or one below it.
Result<fs::path> ChooseDirectory(const ServerState& server, std::string_view wanted) {
  const std::string directory = BackupDirectory(server);
  if (directory.empty()) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = "there is no place for backups: start the server with --backup-dir"};
  }
  auto allowed = io::NamedPath(directory);
  if (!allowed) return allowed;
  auto chosen = io::NamedPath(*allowed / wanted);
  if (!chosen) return chosen;
  const auto parting = std::mismatch(allowed->begin(), allowed->end(), chosen->begin(), chosen->end());
  if (parting.first == allowed->end()) return chosen;
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = "backups go to " + allowed->string() + " or a directory below it: see backup-dir"};
}

void Create(Call& call) {
  if (call.size() > 4) return call.FailSyntax();
  const auto bytes_per_second = call.size() > 3 ? ReadInteger(call, call[3]) : 0;
  if (!bytes_per_second) return;
  if (*bytes_per_second < 0) return call.Fail("ERR the rate must not be negative");
  const auto to = ChooseDirectory(call.server, call.size() > 2 ? call[2] : std::string_view());
  if (!to) {
    call.Fail("ERR " + to.error().context);
  } else if (call.server.background.StartBackup(
                 {.to = *to, .bytes_per_second = static_cast<std::uint64_t>(*bytes_per_second)})) {
    call.reply.Simple("Backup started");
  } else {
    call.Fail("ERR Backup already in progress");
  }
}

std::string_view StateWord(const Background::BackupState& state) {
  if (state.report.is_under_way) return "running";
  if (!state.error.empty()) return "failed";
  return state.last ? "done" : "none";
}

void Status(Call& call) {
  const Background::BackupState state = call.server.background.backup();
  const BackupInfo last = state.last.value_or(BackupInfo{});
  const auto text = [&](std::string_view name, std::string_view value) {
    call.reply.Bulk(name);
    call.reply.Bulk(value);
  };
  const auto number = [&](std::string_view name, auto value) {
    call.reply.Bulk(name);
    call.reply.Integer(static_cast<std::int64_t>(value));
  };
  call.reply.Map(10);
  text("state", StateWord(state));
  number("done_bytes", state.progress.done_bytes);
  number("total_bytes", state.progress.total_bytes);
  text("error", state.error);
  text("last_directory", last.directory.string());
  number("last_sequence", last.sequence);
  number("last_created", last.created_s);
  number("last_files", last.files);
  number("last_bytes", last.bytes);
  text("last_root", last.root);
}

constexpr CommandSpec Backup(CommandSpec row) {
  row.group = "kvs";
  row.since = "0.1.0";
  return Row(row);
}

constexpr auto kSubcommands = std::to_array<CommandSpec>({
    Backup({.full_name = "kvs.backup|create",
            .handler = Create,
            .arity = -2,
            .flags = kAdmin | kDangerous | kNoScript,
            .complexity = "O(1); the work is done in the background",
            .summary = "Starts a backup in backup-dir, or in a directory below it",
            .usage = "[directory [bytes-per-second]]"}),
    Backup({.full_name = "kvs.backup|status",
            .handler = Status,
            .arity = 2,
            .flags = kAdmin | kDangerous | kNoScript,
            .complexity = "O(1)",
            .summary = "Tells how far the backup is, and which one was the last good one"}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    Backup({.full_name = "kvs.backup",
            .arity = -2,
            .complexity = "Depends on the subcommand",
            .summary = "A container of commands about backups",
            .subcommands = kSubcommands}),
});

}  // namespace

std::string BackupDirectory(const ServerState& server) { return server.config.Get({"backup-dir"}).front().second; }

std::span<const CommandSpec> BackupCommands() { return kRows; }

}  // namespace kvs::server
