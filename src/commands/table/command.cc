#include "commands/table/command.h"

#include "base/letters.h"
#include "commands/table/command_table.h"
#include "net/memory/memory_error.h"

namespace kvs::server {

// The codes are those that clients know: MISCONF is what Redis says when it cannot write.
std::string ErrorReply(const Error& error, Access access) {
  if (error.code == ErrorCode::kOverloaded) return "OOM " + error.context;
  const std::string text = error.ToString();
  if (access == Access::kRead)
    return error.code == ErrorCode::kIo ? "ERR Reading the store failed: " + text : "ERR " + text;
  switch (error.code) {
    case ErrorCode::kIo: return "MISCONF Writing to the store failed: " + text;
    case ErrorCode::kPoisoned: return "MISCONF The store takes no writes: " + text;
    case ErrorCode::kNoSpace: return "MISCONF The store has no room: " + text;
    default: return "ERR " + text;
  }
}

void RunHandler(Call& call) {
  const std::size_t begin = call.reply.out().size();
  const Status done = OrMemoryError([&] {
    call.spec.handler(call);
    return Ok();
  });
  if (done) return;
  call.reply.out().Truncate(begin);
  call.client.events.clear();
  call.must_be_alone = false;
  call.Fail(done.error());
}

void Call::Fail(const Error& error) {
  const Access access = spec.has(kReadOnly) ? Access::kRead : Access::kWrite;
  if (access == Access::kWrite) server.NoteWriteFault(error);
  Fail(ErrorReply(error, access));
}

bool Call::IsNewsThatNew(std::string_view key) {
  if (!server.observation.events.wants(EventClass::kNew)) return false;
  const Result<bool> found = keys.Read(key, [](const Entry&) {});
  return found && !*found;
}

bool IsNewsThatNew(ServerState& server, std::string_view key) {
  if (!server.observation.events.wants(EventClass::kNew)) [[likely]]
    return false;
  const Result<bool> found = server.engine.Read(key, [](std::string_view) {});
  return found && !*found;
}

void ReplyHelp(Call& call) {
  const CommandSpec& container = *Commands().Find(call[0]);
  call.reply.Array(1 + 2 * container.subcommands.size());
  call.reply.Simple(base::Uppered(container.name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const CommandSpec& spec : container.subcommands) {
    std::string line = base::Uppered(spec.name);
    if (!spec.usage.empty()) line += " " + std::string(spec.usage);
    call.reply.Simple(line);
    call.reply.Simple("    " + std::string(spec.summary));
  }
}

}  // namespace kvs::server
