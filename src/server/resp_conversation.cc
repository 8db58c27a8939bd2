#include "server/resp_conversation.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/coarse_clock.h"
#include "base/letters.h"
#include "base/probe.h"
#include "commands/table/command_table.h"
#include "commands/transactions/transactions.h"
#include "keyspace/ordered_values.h"
#include "net/memory_error.h"

namespace kvs::server {
namespace {

constexpr std::size_t kRunMax = 64;              // Commands that go down in one call.
constexpr std::size_t kEchoedBytesMax = 128;     // Of an unknown command, and of its arguments, in the answer.
constexpr std::size_t kQueuedCommandBytes = 64;  // What a queued command costs beside its arguments, about.
constexpr std::size_t kQueuedArgumentBytes = 48;

std::string_view Printable(std::string_view text, std::size_t bytes_max) {
  return base::UpToZero(text).substr(0, bytes_max);
}

std::string UnknownCommand(std::span<const std::string_view> arguments) {
  std::string echoed;
  for (std::size_t i = 1; i < arguments.size() && echoed.size() < kEchoedBytesMax; ++i) {
    echoed += "'" + std::string(Printable(arguments[i], kEchoedBytesMax - echoed.size())) + "' ";
  }
  return "ERR unknown command '" + std::string(Printable(arguments[0], kEchoedBytesMax)) +
         "', with args beginning with: " + echoed;
}

std::string UnknownSubcommand(std::span<const std::string_view> arguments) {
  return "ERR unknown subcommand '" + std::string(Printable(arguments[1], kEchoedBytesMax)) + "'. Try " +
         base::Uppered(arguments[0]) + " HELP.";
}

// A browser that was led to this port sends these. Nothing behind them is meant for a store.
bool IsHttp(std::string_view name) { return base::IsWord(name, "post") || base::IsWord(name, "host:"); }

}  // namespace

// Commands of one kind that wait to go down together. The views point into the input.
struct RespConversation::Run {
  enum class Kind : std::uint8_t { kNone, kGets, kSets };

  Kind kind = Kind::kNone;
  std::size_t size = 0;
  std::array<std::string_view, kRunMax> keys;
  std::array<KeyValue, kRunMax> pairs;
  std::array<std::size_t, kRunMax> begins;  // Where each command begins in the input.
};

RespConversation::RespConversation(ServerState& state, const ConnectionLimits& limits, int socket,
                                   std::shared_ptr<Outbox> outbox)
    : state_(state),
      limits_(limits),
      decoder_({.command_bytes_max = limits.request_bytes_max, .bulk_bytes_max = kValueBytesMax}),
      client_(state.clients.NextId(), socket, !state.config.has_password(), std::move(outbox)),
      keys_(state.engine, state.watches, client_.id) {
  state_.clients.Enter(&client_);
}

RespConversation::~RespConversation() {
  if (client_.block) state_.observation.alarms.Cancel(client_.outbox);
  if (client_.is_paused.load(std::memory_order_relaxed)) state_.observation.pause.Forget(client_.outbox);  // R1
  state_.pub_sub.UnsubscribeAll(client_);
  state_.observation.monitors.Leave(client_);
  if (client_.tracking.is_on) {
    state_.observation.tracking.Leave(client_);
    state_.observation.Update();
  }
  ForgetWatches(client_, state_);
  state_.clients.Leave(&client_);
}

Conversation::Progress RespConversation::Execute(std::string_view input, Replies& replies) {
  if (client_.is_killed.load(std::memory_order_relaxed)) return {.is_closing = true};  // R1
  thread_local Run run;
  run.kind = Run::Kind::kNone;
  run.size = 0;
  Turn turn{
      .replies = replies,
      .input = input,
      .run = run,
      .reply = protocol::RespWriter(&replies.bytes),
      .pass = sync::Gate::Shared(state_.gate),
      .begin = base::CoarseNow(),
      .now = {},
      .output_bytes_max = std::min(limits_.output_bytes_max, replies.bytes.size() + limits_.output_bytes_per_turn)};
  turn.now = turn.begin;
  turn.observed = state_.observation.observers.bits();
  turn.reply.set_version(client_.resp_version.load(std::memory_order_relaxed));  // R1
  ExecuteAll(turn);
  EndTimed(turn);
  state_.stats.Add(turn.counts);
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(turn.now - client_.since);
  client_.last_active_s.store(age.count(), std::memory_order_relaxed);  // R1
  return turn.progress;
}

// Whether the turn ends after so many commands.
bool RespConversation::IsOver(const Turn& turn, std::size_t commands) const {
  if (turn.replies.bytes.size() >= turn.output_bytes_max) return true;
  return commands > 0 && (commands == limits_.requests_per_turn || turn.now - turn.begin >= limits_.turn_time);
}

void RespConversation::ExecuteAll(Turn& turn) {
  Progress& progress = turn.progress;
  client_.is_paused.store(false, std::memory_order_relaxed);  // R1
  if (client_.block && !EndBlock(turn)) {
    progress.is_waiting = true;
    return;
  }
  if (client_.unfinished != nullptr && !GoOn(turn)) {
    progress.is_behind = true;
    return;
  }
  for (std::size_t commands = 0; progress.consumed_bytes < turn.input.size(); ++commands) {
    if (is_stranger() && turn.replies.bytes.size() > kUnauthenticatedOutputBytesMax) {
      KVS_PROBE("unauthenticated client has too much to take");
      progress.is_dropped = true;
      return;
    }
    if (IsOver(turn, commands)) {
      progress.is_behind = true;
      break;
    }
    decoder_.set_is_stranger(is_stranger());
    const protocol::RespDecoded decoded = decoder_.Decode(turn.input.substr(progress.consumed_bytes));
    if (decoded.status == protocol::RespStatus::kNeedMore) break;
    const std::size_t begin = progress.consumed_bytes;
    progress.consumed_bytes += decoded.consumed_bytes;
    if (decoded.status == protocol::RespStatus::kCommand) {
      if (decoder_.arguments().empty() || AddToRun(begin, turn)) continue;
    }
    EndRun(turn);
    if (progress.is_behind) return;  // The output is full: what was decoded after the run will be decoded again.
    if (decoded.status == protocol::RespStatus::kViolation) {
      const std::string complaint = "ERR " + std::string(decoded.complaint);
      turn.counts.CountError(complaint);
      turn.reply.Error(complaint);
      progress.is_closing = true;
    } else if ((turn.observed & Observers::kPause) != 0 && HasToPause(turn)) {
      progress.consumed_bytes = begin;
      progress.is_waiting = true;
      KVS_PROBE("command waits for the end of a pause");
      progress.is_put_off = true;
      decoder_.Forget();
    } else {
      Dispatch(turn);
    }
    if (progress.is_closing || progress.is_waiting || progress.is_behind || progress.is_dropped) return;
  }
  EndRun(turn);
}

// Whether the command that was just decoded, from `begin` of the input on, is a plain GET or SET that can wait for more
// of its kind.
bool RespConversation::AddToRun(std::size_t begin, Turn& turn) {
  const std::span<const std::string_view> arguments = decoder_.arguments();
  Run::Kind kind = Run::Kind::kNone;
  if (arguments.size() == 2 && base::IsWord(arguments[0], "get")) kind = Run::Kind::kGets;
  if (arguments.size() == 3 && base::IsWord(arguments[0], "set")) kind = Run::Kind::kSets;
  if (kind == Run::Kind::kNone || turn.input[begin] != '*') return false;  // An inline command's arguments do not stay.
  if (client_.is_in_transaction || client_.reply_mode != ReplyMode::kOn || is_stranger()) return false;
  if (client_.is_subscribed || (turn.observed & Observers::kOfCommands) != 0) return false;
  Run& run = turn.run;
  if (run.kind != kind || run.size == kRunMax) {
    EndRun(turn);
    if (turn.progress.is_behind) return true;
  }
  run.kind = kind;
  run.begins[run.size] = begin;
  run.keys[run.size] = arguments[1];
  if (kind == Run::Kind::kSets) run.pairs[run.size] = {.key = arguments[1], .value = arguments[2]};
  ++run.size;
  return true;
}

void RespConversation::EndRun(Turn& turn) {
  Run& run = turn.run;
  if (run.size == 0) return;
  static const CommandSpec* const get = Commands().Find("get");
  static const CommandSpec* const set = Commands().Find("set");
  const bool is_get = run.kind == Run::Kind::kGets;
  const CommandSpec& spec = is_get ? *get : *set;
  client_.last_command.store(&spec.full_name, std::memory_order_relaxed);  // R1
  BeginCall(spec, turn);
  std::size_t performed = run.size;
  if (is_get) {
    performed = PerformGets(turn);
  } else {
    PerformSets(turn);
  }
  turn.counts.commands += performed;
  turn.timed.calls += performed;
  if (const auto duration = Passed(turn); state_.observation.IsOfNote(duration)) [[unlikely]] {
    const std::array<std::string_view, 3> words = {is_get ? "GET" : "SET", run.keys[0], run.pairs[0].value};
    NoteDuration(caller(), state_, spec, std::span(words).first(is_get ? 2 : 3), duration);
  }
  run.size = 0;
}

// Before a call of `spec`: the clock is read once for all calls of the same command in a row.
void RespConversation::BeginCall(const CommandSpec& spec, Turn& turn) {
  if (turn.timed.spec == &spec) return;
  EndTimed(turn);
  turn.timed.spec = &spec;
}

void RespConversation::EndTimed(Turn& turn) {
  Timed& timed = turn.timed;
  if (timed.calls == 0) return;
  const auto now = ClientState::Clock::now();
  state_.stats.commands.AddCalls(Commands().NumberOf(*timed.spec), std::exchange(timed.calls, 0),
                                 now - std::exchange(timed.since, now));
}

void RespConversation::FailInRun(const CommandSpec& spec, const Error& error, Access access, Turn& turn) {
  if (access == Access::kWrite) state_.NoteWriteFault(error);
  const std::string text = ErrorReply(error, access);
  turn.counts.CountError(text);
  state_.stats.commands.AddFailed(Commands().NumberOf(spec), 1);
  turn.reply.Error(text);
}

bool RespConversation::PerformGet(std::string_view key, Turn& turn) {
  const std::size_t begin = turn.replies.bytes.size();
  const Result<bool> found =
      OrMemoryError([&] { return state_.engine.Read(key, [&](std::string_view value) { turn.reply.Bulk(value); }); });
  if (found && *found) return true;
  turn.replies.bytes.Truncate(begin);  // An engine may find out after the visit that it must not stand by the value.
  if (found) {
    turn.reply.Null();
  } else {
    FailInRun(*turn.timed.spec, found.error(), Access::kRead, turn);
  }
  return false;
}

// Where the output is full the rest of the run is given back to the input. How many were performed.
std::size_t RespConversation::PerformGets(Turn& turn) {
  const Run& run = turn.run;
  base::ByteBuffer& out = turn.replies.bytes;
  const std::size_t begin = out.size();
  std::size_t next = 0;
  std::size_t hits = 0;
  if (run.size > 1) {
    OrderedValues values(turn.reply, run.size, turn.output_bytes_max);
    const Status status = OrMemoryError([&] {
      return state_.engine.MultiGet(
          {run.keys.data(), run.size},
          [&](std::size_t index, std::optional<std::string_view> value) { values.Take(index, value); });
    });
    if (status) {
      next = values.replied();
      hits = values.hits();
    } else {
      KVS_PROBE("run of gets is done one by one");
      out.Truncate(begin);  // One by one, below, to find out which of them is to blame.
    }
  }
  while (next < run.size && out.size() < turn.output_bytes_max) {
    hits += PerformGet(run.keys[next++], turn) ? 1 : 0;
  }
  turn.counts.hits += hits;
  turn.counts.misses += next - hits;
  if (next == run.size) return next;
  KVS_PROBE("output is full within a run of gets");
  turn.progress.consumed_bytes = run.begins[next];
  turn.progress.is_behind = true;
  decoder_.Forget();
  return next;
}

void RespConversation::PerformSets(Turn& turn) {
  std::span<const KeyValue> left(turn.run.pairs.data(), turn.run.size);
  while (!left.empty()) {
    const std::size_t begin = turn.replies.bytes.size();
    std::size_t set = 0;
    const Status status = OrMemoryError([&] { return keys_.MultiSet(left, set); });
    for (std::size_t i = 0; i < set; ++i) turn.reply.Ok();
    if (keys_.TakeHasWritten() && state_.config.sync_before_reply()) {
      Settle(begin, static_cast<std::uint32_t>(set), turn);
    }
    left = left.subspan(set);
    if (status) return;
    FailInRun(*turn.timed.spec, status.error(), Access::kWrite, turn);
    KVS_PROBE("set within a run fails");
    left = left.subspan(1);
  }
}

void RespConversation::Dispatch(Turn& turn) {
  const std::span<const std::string_view> arguments = decoder_.arguments();
  ++turn.counts.commands;
  client_.query_bytes.store(turn.input.size(), std::memory_order_relaxed);  // R1
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
  if (client_.reply_mode == ReplyMode::kOff || client_.reply_mode == ReplyMode::kSkipThis) {
    turn.replies.bytes.Truncate(begin);
    std::erase_if(turn.replies.unsettled, [&](const Replies::Unsettled& range) { return range.begin >= begin; });
  }
  if (client_.reply_mode == ReplyMode::kSkipThis) client_.reply_mode = ReplyMode::kOn;
  if (client_.reply_mode == ReplyMode::kSkipNext) client_.reply_mode = ReplyMode::kSkipThis;
  if (client_.is_closing_after_reply) turn.progress.is_closing = true;
  if (client_.is_dropped) turn.progress.is_dropped = true;
  if (client_.block) turn.progress.is_waiting = true;
  if (client_.unfinished != nullptr) turn.progress.is_behind = true;
}

// Whether the command that was decoded last waits for the end of a pause. One that would be rejected does not.
bool RespConversation::HasToPause(Turn& turn) {
  const std::span<const std::string_view> arguments = decoder_.arguments();
  const CommandSpec* spec = Commands().Find(arguments[0]);
  if (spec != nullptr && !spec->subcommands.empty() && arguments.size() > 1) {
    spec = CommandTable::FindSubcommand(*spec, arguments[1]);
  }
  if (spec == nullptr || !spec->AcceptsCount(arguments.size()) || is_stranger()) return false;
  if (client_.is_monitor.load(std::memory_order_relaxed)) return false;  // R1
  const bool executes_writes =
      spec->name == "exec" && std::any_of(client_.queue.begin(), client_.queue.end(), [](const QueuedCommand& queued) {
        return queued.spec->has(kWrite | kMayReplicate);
      });
  const bool waits =
      state_.observation.pause.HasToWait(spec->has(kWrite | kMayReplicate) || executes_writes, client_.outbox);
  client_.is_paused.store(waits, std::memory_order_relaxed);  // R1
  if (!waits) turn.observed = state_.observation.observers.bits();
  return waits;
}

// Replies to the command that blocks, if its time has come.
bool RespConversation::EndBlock(Turn& turn) {
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
    if (*block.synced > 0) Settle(begin, 1, turn);
  } else {
    turn.reply.Integer(0);
  }
  if (!is_over) state_.observation.alarms.Cancel(client_.outbox);
  client_.block.reset();
  client_.is_blocked.store(false, std::memory_order_relaxed);  // R1
  return true;
}

// The next part of a command that has not replied yet. True: it has now.
bool RespConversation::GoOn(Turn& turn) {
  Call call{.spec = client_.unfinished->spec,
            .arguments = {},
            .reply = turn.reply,
            .keys = keys_,
            .client = client_,
            .server = state_,
            .counts = turn.counts};
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

// Since the last command, by the kernel's ticks.
ClientState::Clock::duration RespConversation::Passed(Turn& turn) {
  const auto now = base::CoarseNow();
  return now - std::exchange(turn.now, now);
}

// The events of a command that is done. Who hears of them on the same connection does so before the reply, which
// begins at `begin` and then where this returns, but for EXEC.
std::size_t RespConversation::PublishEvents(const CommandSpec& spec, std::size_t begin, Turn& turn) {
  state_.observation.expired_events.Publish();
  for (const KeyspaceEvent& event : client_.events) {
    state_.observation.events.Publish(state_.pub_sub, event.name, event.key);
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

// The row of a command that may run now, or be queued. nullptr: it was rejected, and the client told.
const CommandSpec* RespConversation::Admit(std::span<const std::string_view> arguments, Turn& turn) {
  const CommandSpec* spec = Commands().Find(arguments[0]);
  if (spec == nullptr) {
    Reject(UnknownCommand(arguments), turn);
    return nullptr;
  }
  if (!spec->subcommands.empty() && arguments.size() > 1) {
    const CommandSpec* const subcommand = CommandTable::FindSubcommand(*spec, arguments[1]);
    if (subcommand == nullptr) {
      Reject(UnknownSubcommand(arguments), turn);
      return nullptr;
    }
    spec = subcommand;
  }
  std::string refusal;
  if (!spec->AcceptsCount(arguments.size())) {
    refusal = "ERR wrong number of arguments for '" + std::string(spec->full_name) + "' command";
  } else if (is_stranger() && !spec->has(kNoAuth)) {
    refusal = "NOAUTH Authentication required.";
  } else if (client_.is_subscribed && turn.reply.version() == 2 && !spec->has(kInSubscription)) {
    refusal = "ERR Can't execute '" + std::string(spec->full_name) +
              "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
  } else if (spec->has(kWrite | kReadOnly | kMayReplicate) &&
             client_.is_monitor.load(std::memory_order_relaxed)) {  // R1
    refusal = "ERR Replica can't interact with the keyspace";
  } else if (client_.is_in_transaction && spec->has(kNoMulti)) {
    refusal = "ERR Command not allowed inside a transaction";
  }
  if (refusal.empty()) return spec;
  state_.stats.commands.AddRejected(Commands().NumberOf(*spec));
  if (spec->name == "exec") {
    EndTransaction(client_, state_);
    refusal = "EXECABORT Transaction discarded because of: " + refusal.substr(refusal.find(' ') + 1);
  }
  Reject(refusal, turn);
  return nullptr;
}

// A transaction in which a command was rejected is refused as a whole.
void RespConversation::Reject(std::string_view text, Turn& turn) {
  turn.counts.CountError(text);
  if (client_.is_in_transaction) client_.is_transaction_refused = true;
  turn.reply.Error(text);
}

void RespConversation::Queue(const CommandSpec& spec, std::span<const std::string_view> arguments, Turn& turn) {
  std::size_t bytes = kQueuedCommandBytes;
  for (const std::string_view argument : arguments) bytes += argument.size() + kQueuedArgumentBytes;
  if (client_.queue_bytes + bytes > limits_.request_bytes_max) {
    state_.stats.commands.AddRejected(Commands().NumberOf(spec));
    KVS_PROBE("transaction is too large");
    Reject("ERR the transaction is larger than this server is set to take", turn);
    return;
  }
  const Status queued = OrMemoryError([&] {
    client_.Grow(bytes);
    client_.queue.push_back({.spec = &spec, .arguments = {arguments.begin(), arguments.end()}});
    return Ok();
  });
  if (!queued) {
    Reject(ErrorReply(queued.error(), Access::kWrite), turn);
    return;
  }
  client_.queue_bytes += bytes;
  client_.queued_commands.store(static_cast<std::int64_t>(client_.queue.size()), std::memory_order_relaxed);  // R1
  turn.reply.Simple("QUEUED");
}

void RespConversation::Perform(const CommandSpec& spec, std::span<const std::string_view> arguments, Turn& turn) {
  std::size_t begin = turn.replies.bytes.size();
  Call call{.spec = spec,
            .arguments = arguments,
            .reply = turn.reply,
            .keys = keys_,
            .client = client_,
            .server = state_,
            .counts = turn.counts};
  BeginCall(spec, turn);
  const bool is_timed = (turn.observed & Observers::kTiming) != 0;
  const auto started = is_timed ? ClientState::Clock::now() : ClientState::Clock::time_point();
  if ((turn.observed & Observers::kTracking) != 0) BeforeObserved(call);
  call.must_be_alone = spec.has(kExclusive) || (spec.has(kExclusiveMany) && arguments.size() > 2);
  if (!call.must_be_alone) RunHandler(call);
  if (call.must_be_alone) {
    turn.pass.Leave();
    {
      const sync::Gate::Exclusive alone(state_.gate);
      RunHandler(call);
    }
    turn.pass.Enter();
    turn.observed = state_.observation.observers.bits();
  }
  if (!client_.events.empty()) begin = PublishEvents(spec, begin, turn);
  const bool has_written = keys_.TakeHasWritten();
  if (call.needs_sync || (has_written && state_.config.sync_before_reply())) Settle(begin, 1, turn);
  if ((turn.observed & Observers::kMonitors) != 0) AfterObserved(call);
  ++turn.timed.calls;
  if (call.has_failed) state_.stats.commands.AddFailed(Commands().NumberOf(spec), 1);
  auto duration = Passed(turn);
  if (is_timed) duration = ClientState::Clock::now() - started;
  if (state_.observation.IsOfNote(duration)) [[unlikely]]
    NoteDuration(caller(), state_, spec, arguments, duration);
  if (client_.tracking.has_chosen && !client_.is_in_transaction && !spec.full_name.starts_with("client|")) {
    client_.tracking.has_chosen = false;
  }
}

// What stands in the output from `begin` on, `count` replies, waits for a sync where writes do.
void RespConversation::Settle(std::size_t begin, std::uint32_t count, Turn& turn) {
  turn.replies.unsettled.push_back({.begin = begin, .end = turn.replies.bytes.size(), .count = count});
}

std::size_t RespConversation::NoteBuffers(const BufferFigures& figures) {
  client_.query_bytes.store(figures.input, std::memory_order_relaxed);        // R1
  client_.query_room.store(figures.input_room, std::memory_order_relaxed);    // R1
  client_.output_bytes.store(figures.output, std::memory_order_relaxed);      // R1
  client_.output_room.store(figures.output_room, std::memory_order_relaxed);  // R1
  client_.multi_bytes.store(client_.queue_bytes, std::memory_order_relaxed);  // R1
  const std::size_t gathered = client_.unfinished == nullptr ? 0 : client_.unfinished->bytes();
  return client_.queue_bytes + client_.kept_bytes + gathered + decoder_.held_bytes();
}

void RespConversation::AppendRefusal(const Error& error, base::ByteBuffer* out) {
  protocol::RespWriter(out).Error(ErrorReply(error, Access::kWrite));
}

void RespConversation::AppendSyncFailure(std::uint32_t, const Error& error, base::ByteBuffer* out) {
  state_.NoteWriteFault(error);
  const std::string text = ErrorReply(error, Access::kWrite);
  TurnCounts counts;
  counts.CountError(text);
  state_.stats.Add(counts);
  protocol::RespWriter(out).Error(text);
}

}  // namespace kvs::server
