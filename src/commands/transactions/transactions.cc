// MULTI, EXEC and WATCH: commands that take effect together, if nothing that they rest on has changed.
#include "commands/transactions/transactions.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/try.h"
#include "commands/clients/client_tracking.h"
#include "commands/execution/call_accounts.h"
#include "commands/table/command_table.h"
#include "keyspace/transaction_keyspace.h"

namespace kvs::server {
namespace {

constexpr std::uint32_t kAny = kNoScript | kLoading | kStale;

bool IsThere(Call& call, std::string_view key) {
  const Result<bool> found = call.server.engine.Read(key, [](std::string_view) {});
  return !found || *found;  // A damaged key is there.
}

void Multi(Call& call) {
  if (call.client.is_in_transaction) {
    call.Fail("ERR MULTI calls can not be nested");
    return;
  }
  call.client.is_in_transaction = true;
  call.client.queued_commands.store(0, std::memory_order_relaxed);  // R1
  call.reply.Ok();
}

void Discard(Call& call) {
  if (!call.client.is_in_transaction) {
    call.Fail("ERR DISCARD without MULTI");
    return;
  }
  EndTransaction(call.client, call.server);
  call.reply.Ok();
}

// By another client, or by time.
bool HasWatchedKeyChanged(Call& call) {
  if (call.client.watcher.is_touched.load(std::memory_order_relaxed)) return true;  // R1
  for (const auto& [key, was_there] : call.client.watched) {
    if (was_there && !IsThere(call, key)) return true;
  }
  return false;
}

void RunQueued(Call& call, const QueuedCommand& queued, Keyspace& keys, CommandHandler run, CallAccounts& accounts) {
  const std::vector<std::string_view> arguments(queued.arguments.begin(), queued.arguments.end());
  Call inner{.spec = *queued.spec,
             .arguments = arguments,
             .reply = call.reply,
             .keys = keys,
             .client = call.client,
             .server = call.server,
             .counts = call.counts,
             .must_be_alone = true,
             .is_queued = true};
  accounts.Begin(*queued.spec);
  if ((accounts.observed() & Observers::kTracking) != 0) RememberKeysRead(inner);
  run(inner);
  if (inner.has_failed) accounts.CountFailed();
  accounts.End({.socket = call.client.socket, .name = call.client.name}, arguments);
  call.needs_sync = call.needs_sync || inner.needs_sync;
  ++call.counts.commands;
}

bool IsAboutPairs(const QueuedCommand& queued) { return queued.spec->has(kWrite | kReadOnly); }

// The replies of a transaction while it runs: those of commands about pairs, then those of the others, which run when
// the pairs are committed.
class QueueRun {
 public:
  QueueRun(Call& call, const std::vector<QueuedCommand>& queue)
      : call_(call),
        queue_(queue),
        out_(call.reply.out()),
        replies_(queue.size()),
        accounts_(call.server, call.counts, CallAccounts::Timing::kExact) {
    call_.reply.Array(queue.size());
    begin_ = out_.size();
  }

  // On a keyspace of their own. Not Ok(): nothing of it may be committed.
  Status RunPairs(TransactionKeyspace& keys) {
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (!IsAboutPairs(queue_[i])) continue;
      Run(i, keys, queue_[i].spec->handler);
      KVS_TRY(keys.status());
      if (out_.size() - begin_ > kReplyBytesMax) {
        return Error{.code = ErrorCode::kInvalidArgument, .context = "the replies would be larger than 1 GiB"};
      }
    }
    return Ok();
  }

  void RunOthers() {
    for (std::size_t i = 0; i < queue_.size(); ++i) {
      if (!IsAboutPairs(queue_[i])) Run(i, call_.keys, RunHandler);
    }
    if (std::is_sorted(replies_.begin(), replies_.end(), ByBegin)) return;
    const std::string made(out_.view().substr(begin_));
    out_.Truncate(begin_);
    for (const Reply& reply : replies_) out_.Append(std::string_view(made).substr(reply.begin - begin_, reply.bytes));
  }

 private:
  struct Reply {
    std::size_t begin = 0;  // In the output.
    std::size_t bytes = 0;
  };
  static constexpr std::size_t kReplyBytesMax = std::size_t{1} << 30;

  static bool ByBegin(const Reply& a, const Reply& b) { return a.begin < b.begin; }
  void Run(std::size_t i, Keyspace& keys, CommandHandler run) {
    const std::size_t begin = out_.size();
    RunQueued(call_, queue_[i], keys, run, accounts_);
    replies_[i] = {.begin = begin, .bytes = out_.size() - begin};
  }

  Call& call_;
  const std::vector<QueuedCommand>& queue_;
  base::ByteBuffer& out_;
  std::vector<Reply> replies_;
  CallAccounts accounts_;
  std::size_t begin_ = 0;
};

void Exec(Call& call) {
  ClientState& client = call.client;
  if (!client.is_in_transaction) {
    call.Fail("ERR EXEC without MULTI");
    return;
  }
  const bool is_refused = client.is_transaction_refused;
  const bool has_changed = !is_refused && HasWatchedKeyChanged(call);
  const std::vector<QueuedCommand> queue = std::move(client.queue);
  EndTransaction(client, call.server);
  if (is_refused) {
    call.Fail("EXECABORT Transaction discarded because of previous errors.");
    return;
  }
  if (has_changed) {
    call.reply.NullArray();
    return;
  }
  const std::size_t begin = call.reply.out().size();
  TransactionKeyspace keys(call.keys, client.outbox->account());
  QueueRun run(call, queue);
  Status done = run.RunPairs(keys);
  if (done) done = keys.Commit();
  if (done) {
    client.is_dropped = true;  // Unless it can be told the replies.
    run.RunOthers();
    client.is_dropped = false;
  } else {
    call.reply.out().Truncate(begin);  // Nothing was done.
    client.events.clear();
    call.Fail(done.error());
  }
}

void Watch(Call& call) {
  if (call.client.is_in_transaction) {
    call.Fail("ERR WATCH inside MULTI is not allowed");
    return;
  }
  for (const std::string_view key : call.arguments.subspan(1)) {
    if (call.client.watched.contains(key)) continue;
    call.client.Keep(key);
    call.client.watched.emplace(key, IsThere(call, key));
    call.server.watches.Watch(key, &call.client.watcher);
  }
  call.reply.Ok();
}

void Unwatch(Call& call) {
  ForgetWatches(call.client, call.server);
  call.reply.Ok();
}

constexpr CommandSpec Transaction(CommandSpec row) {
  row.group = "transactions";
  return Row(row);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Transaction({.full_name = "discard",
                 .handler = Discard,
                 .arity = 1,
                 .flags = kAny | kFast | kAllowBusy | kNotQueued,
                 .since = "2.0.0",
                 .complexity = "O(N) in the queued commands",
                 .summary = "Forgets the commands queued since MULTI"}),
    Transaction({.full_name = "exec",
                 .handler = Exec,
                 .arity = 1,
                 .flags = kAny | kSkipSlowlog | kExclusive | kNotQueued,
                 .since = "1.2.0",
                 .complexity = "That of the queued commands",
                 .summary = "Runs the commands queued since MULTI, as one",
                 .differences =
                     "All or nothing, also across a crash. What it writes is at most 256 MiB. Commands that "
                     "are not about keys, as PUBLISH and CONFIG SET, run when the others are done, and not at "
                     "all where those fail."}),
    Transaction({.full_name = "multi",
                 .handler = Multi,
                 .arity = 1,
                 .flags = kAny | kFast | kAllowBusy | kNotQueued,
                 .since = "1.2.0",
                 .complexity = "O(1)",
                 .summary = "Begins to queue commands for EXEC"}),
    Transaction({.full_name = "unwatch",
                 .handler = Unwatch,
                 .arity = 1,
                 .flags = kAny | kFast | kAllowBusy,
                 .since = "2.2.0",
                 .complexity = "O(N) in the watched keys",
                 .summary = "Forgets the watched keys"}),
    Transaction({.full_name = "watch",
                 .handler = Watch,
                 .arity = -2,
                 .flags = kAny | kFast | kAllowBusy | kExclusive | kNotQueued,
                 .keys = {.first = 1, .last = -1, .step = 1},
                 .key_flags = "RO",
                 .since = "2.2.0",
                 .complexity = "O(1) for each key",
                 .summary = "Has the next EXEC refuse if one of the keys changes before it",
                 .usage = "key [key ...]"}),
});

}  // namespace

void ForgetWatches(ClientState& client, ServerState& server) {
  for (const auto& [key, was_there] : client.watched) {
    server.watches.Forget(key, &client.watcher);
    client.LetGo(key);
  }
  client.watched.clear();
  client.watcher.is_touched.store(false, std::memory_order_relaxed);  // R1
}

void EndTransaction(ClientState& client, ServerState& server) {
  ForgetWatches(client, server);
  client.is_in_transaction = false;
  client.is_transaction_refused = false;
  client.queue.clear();
  client.queue_bytes = 0;
  client.queued_commands.store(-1, std::memory_order_relaxed);  // R1
}

std::span<const CommandSpec> TransactionCommands() { return kRows; }

}  // namespace kvs::server
