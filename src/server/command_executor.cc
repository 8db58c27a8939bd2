#include "server/command_executor.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/letters.h"
#include "base/probe.h"
#include "commands/clients/client_tracking.h"
#include "commands/table/command_table.h"
#include "commands/transactions/transactions.h"
#include "net/memory/memory_error.h"

namespace kvs::server {
namespace {

constexpr std::size_t kEchoedBytesMax = 128;     // Of an unknown command, and of its arguments, in the answer.
constexpr std::size_t kQueuedCommandBytes = 64;  // What a queued command costs beside its arguments, about.
constexpr std::size_t kQueuedArgumentBytes = 48;

using Arguments = CommandExecutor::Arguments;

std::string_view Printable(std::string_view text, std::size_t bytes_max) {
  return base::UpToZero(text).substr(0, bytes_max);
}

std::string UnknownCommand(Arguments arguments) {
  std::string echoed;
  for (std::size_t i = 1; i < arguments.size() && echoed.size() < kEchoedBytesMax; ++i) {
    echoed += "'" + std::string(Printable(arguments[i], kEchoedBytesMax - echoed.size())) + "' ";
  }
  return "ERR unknown command '" + std::string(Printable(arguments[0], kEchoedBytesMax)) +
         "', with args beginning with: " + echoed;
}

std::string UnknownSubcommand(Arguments arguments) {
  return "ERR unknown subcommand '" + std::string(Printable(arguments[1], kEchoedBytesMax)) + "'. Try " +
         base::Uppered(arguments[0]) + " HELP.";
}

// A browser that was led to this port sends these. Nothing after them is meant for a store.
bool IsHttp(std::string_view name) { return base::IsWord(name, "post") || base::IsWord(name, "host:"); }

}  // namespace

void CommandExecutor::Execute(Arguments arguments, CommandTurn& turn) {
  ++turn.counts.commands;
  if (IsHttp(arguments[0])) {
    turn.progress.is_closing = true;
    return;
  }
  const std::size_t begin = turn.replies.bytes.size();
  if (const CommandSpec* const spec = Admit(arguments, turn); spec != nullptr) {
    client_.last_command.store(&spec->full_name, std::memory_order_relaxed);  // R1
    if (client_.is_in_transaction && !spec->has(kNotQueued)) {
      Queue(*spec, arguments, turn);
    } else {
      Perform(*spec, arguments, turn);
    }
  }
  ApplyReplyMode(begin, turn);
  if (client_.is_closing_after_reply) turn.progress.is_closing = true;
  if (client_.is_dropped) turn.progress.is_dropped = true;
  if (client_.block) turn.progress.is_waiting = true;
  if (client_.unfinished != nullptr) turn.progress.is_behind = true;
}

// CLIENT REPLY.
void CommandExecutor::ApplyReplyMode(std::size_t begin, CommandTurn& turn) {
  ReplyMode& mode = client_.reply_mode;
  if (mode == ReplyMode::kOff || mode == ReplyMode::kSkipThis) {
    turn.replies.bytes.Truncate(begin);
    std::erase_if(turn.replies.unsettled, [&](const Replies::Unsettled& range) { return range.begin >= begin; });
  }
  if (mode == ReplyMode::kSkipThis) mode = ReplyMode::kOn;
  if (mode == ReplyMode::kSkipNext) mode = ReplyMode::kSkipThis;
}

// --- Whether a command may run ---

// The row of a command that may run now, or be queued. nullptr: it was rejected, and the client told.
const CommandSpec* CommandExecutor::Admit(Arguments arguments, CommandTurn& turn) {
  const CommandSpec* spec = Commands().Find(arguments[0]);
  if (spec == nullptr) {
    RejectUnknown(UnknownCommand(arguments), turn);
    return nullptr;
  }
  if (!spec->subcommands.empty() && arguments.size() > 1) {
    const CommandSpec* const subcommand = CommandTable::FindSubcommand(*spec, arguments[1]);
    if (subcommand == nullptr) {
      RejectUnknown(UnknownSubcommand(arguments), turn);
      return nullptr;
    }
    spec = subcommand;
  }
  std::string refusal = RefusalOf(*spec, arguments, turn);
  if (refusal.empty()) return spec;
  Reject(*spec, std::move(refusal), turn);
  return nullptr;
}

std::string CommandExecutor::RefusalOf(const CommandSpec& spec, Arguments arguments, CommandTurn& turn) const {
  if (!spec.AcceptsCount(arguments.size())) {
    return "ERR wrong number of arguments for '" + std::string(spec.full_name) + "' command";
  }
  if (is_unauthenticated() && !spec.has(kNoAuth)) return "NOAUTH Authentication required.";
  if (client_.is_subscribed && turn.reply.version() == 2 && !spec.has(kInSubscription)) {
    return "ERR Can't execute '" + std::string(spec.full_name) +
           "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
  }
  const bool is_about_keys = spec.has(kWrite | kReadOnly | kMayReplicate);
  if (is_about_keys && client_.is_monitor.load(std::memory_order_relaxed)) {  // R1
    return "ERR Replica can't interact with the keyspace";
  }
  if (client_.is_in_transaction && spec.has(kNoMulti)) return "ERR Command not allowed inside a transaction";
  return "";
}

// A transaction in which a command was rejected is refused as a whole.
void CommandExecutor::Reject(const CommandSpec& spec, std::string text, CommandTurn& turn) {
  if (spec.name == "exec") {
    EndTransaction(client_, server_);
    text = "EXECABORT Transaction discarded because of: " + text.substr(text.find(' ') + 1);
  }
  turn.accounts.Reject(spec, text);
  if (client_.is_in_transaction) client_.is_transaction_refused = true;
  turn.reply.Error(text);
}

void CommandExecutor::RejectUnknown(std::string_view text, CommandTurn& turn) {
  turn.counts.CountError(text);
  if (client_.is_in_transaction) client_.is_transaction_refused = true;
  turn.reply.Error(text);
}

bool CommandExecutor::HasToPause(Arguments arguments, CommandTurn& turn) {
  const CommandSpec* spec = Commands().Find(arguments[0]);
  if (spec != nullptr && !spec->subcommands.empty() && arguments.size() > 1) {
    spec = CommandTable::FindSubcommand(*spec, arguments[1]);
  }
  if (spec == nullptr || !spec->AcceptsCount(arguments.size()) || is_unauthenticated()) return false;
  if (client_.is_monitor.load(std::memory_order_relaxed)) return false;  // R1
  const auto writes = [](const CommandSpec& row) { return row.has(kWrite | kMayReplicate); };
  const bool executes_writes =
      spec->name == "exec" && std::any_of(client_.queue.begin(), client_.queue.end(),
                                          [&](const QueuedCommand& queued) { return writes(*queued.spec); });
  const auto effect = writes(*spec) || executes_writes ? Pause::Effect::kWrites : Pause::Effect::kReads;
  const bool waits = server_.observation.pause.HasToWait(effect, client_.outbox);
  client_.is_paused.store(waits, std::memory_order_relaxed);  // R1
  if (!waits) turn.accounts.LookAgain();
  return waits;
}

// --- Running it ---

void CommandExecutor::Queue(const CommandSpec& spec, Arguments arguments, CommandTurn& turn) {
  std::size_t bytes = kQueuedCommandBytes;
  for (const std::string_view argument : arguments) bytes += argument.size() + kQueuedArgumentBytes;
  if (client_.queue_bytes + bytes > queue_bytes_max_) {
    KVS_PROBE("transaction is too large");
    Reject(spec, "ERR the transaction is larger than this server is set to take", turn);
    return;
  }
  const Status queued = OrMemoryError([&] {
    client_.Grow(bytes);
    client_.queue.push_back({.spec = &spec, .arguments = {arguments.begin(), arguments.end()}});
    return Ok();
  });
  if (!queued) {
    RejectUnknown(ErrorReply(queued.error(), Access::kWrite), turn);
    return;
  }
  client_.queue_bytes += bytes;
  client_.queued_commands.store(static_cast<std::int64_t>(client_.queue.size()), std::memory_order_relaxed);  // R1
  turn.reply.Simple("QUEUED");
}

Call CommandExecutor::MakeCall(const CommandSpec& spec, Arguments arguments, CommandTurn& turn) {
  return {.spec = spec,
          .arguments = arguments,
          .reply = turn.reply,
          .keys = keys_,
          .client = client_,
          .server = server_,
          .counts = turn.counts};
}

void CommandExecutor::Perform(const CommandSpec& spec, Arguments arguments, CommandTurn& turn) {
  std::size_t begin = turn.replies.bytes.size();
  Call call = MakeCall(spec, arguments, turn);
  turn.accounts.Begin(spec);
  if ((turn.accounts.observed() & Observers::kTracking) != 0) RememberKeysRead(call);
  PerformUnderPass(call, turn);
  if (!client_.events.empty()) begin = PublishEvents(spec, begin, turn);
  const bool has_written = keys_.TakeHasWritten();
  if (call.needs_sync || (has_written && server_.config.sync_before_reply())) turn.replies.AwaitSync(begin, 1);
  if (call.has_failed) turn.accounts.CountFailed();
  turn.accounts.End(caller(), arguments);
  if (client_.tracking.has_chosen && !client_.is_in_transaction && !spec.full_name.starts_with("client|")) {
    client_.tracking.has_chosen = false;
  }
}

// A command that must be alone finds that out before it has done anything, or its row says so.
void CommandExecutor::PerformUnderPass(Call& call, CommandTurn& turn) {
  call.must_be_alone = call.spec.has(kExclusive) || (call.spec.has(kExclusiveMany) && call.size() > 2);
  if (!call.must_be_alone) RunHandler(call);
  if (!call.must_be_alone) return;
  turn.pass.Leave();
  {
    const sync::Gate::Exclusive alone(server_.gate);
    RunHandler(call);
  }
  turn.pass.Enter();
  turn.accounts.LookAgain();
}

// The events of a command that is done. A client that hears of its own does so before the reply, which begins at
// `begin` and then where this returns, but for EXEC.
std::size_t CommandExecutor::PublishEvents(const CommandSpec& spec, std::size_t begin, CommandTurn& turn) {
  server_.observation.expired_events.Publish();
  for (const KeyspaceEvent& event : client_.events) {
    server_.observation.events.Publish(server_.pub_sub, event.name, event.key);
  }
  client_.events.clear();
  const bool hears = client_.is_subscribed && client_.outbox->has_mail() && client_.reply_mode == ReplyMode::kOn;
  if (!hears || spec.name == "exec") return begin;
  base::ByteBuffer& out = turn.replies.bytes;
  const std::string reply(out.view().substr(begin));
  out.Truncate(begin);
  client_.outbox->Take(&out);
  const std::size_t moved = out.size();
  out.Append(reply);
  return moved;
}

// --- Commands that reply later ---

bool CommandExecutor::EndBlock(CommandTurn& turn) {
  const int unblocked = client_.unblocked.load(std::memory_order_relaxed);  // R1
  const ClientState::Block& block = *client_.block;
  const bool is_over = block.until && *block.until <= ClientState::Clock::now();
  if (unblocked == ClientState::kStaysBlocked && !is_over) return false;
  const std::size_t begin = turn.replies.bytes.size();
  if (unblocked == ClientState::kUnblockedByError) {
    constexpr std::string_view kUnblocked = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
    turn.counts.CountError(kUnblocked);
    turn.reply.Error(kUnblocked);
  } else if (block.synced) {
    turn.reply.Array(2);
    turn.reply.Integer(*block.synced);
    turn.reply.Integer(0);
    if (*block.synced > 0) turn.replies.AwaitSync(begin, 1);
  } else {
    turn.reply.Integer(0);
  }
  if (!is_over) server_.observation.alarms.Cancel(client_.outbox);
  client_.block.reset();
  client_.is_blocked.store(false, std::memory_order_relaxed);  // R1
  return true;
}

bool CommandExecutor::GoOn(CommandTurn& turn) {
  Call call = MakeCall(client_.unfinished->spec, {}, turn);
  const std::size_t begin = turn.replies.bytes.size();
  const Result<bool> has_replied = OrMemoryError([&]() -> Result<bool> { return client_.unfinished->GoOn(call); });
  if (has_replied && !*has_replied) return false;
  if (!has_replied) {
    turn.replies.bytes.Truncate(begin);
    call.Fail(has_replied.error());
  }
  client_.unfinished.reset();
  return true;
}

}  // namespace kvs::server
