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
#include "keyspace/read_into.h"
#include "net/memory/memory_error.h"

namespace kvs::server {
namespace {

constexpr std::size_t kRunMax = 64;  // Commands that go down in one call.

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
      client_(state.clients.NextId(), socket, std::move(outbox)),
      keys_(state.engine, state.watches, client_.id),
      executor_(state, client_, keys_, limits.request_bytes_max) {
  client_.is_authenticated = !state.config.has_password();
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
  Turn turn(state_, replies, input, run);
  turn.output_bytes_max = std::min(limits_.output_bytes_max, replies.bytes.size() + limits_.output_bytes_per_turn);
  turn.reply.set_version(client_.resp_version.load(std::memory_order_relaxed));  // R1
  ExecuteAll(turn);
  state_.stats.Add(turn.counts);
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(turn.accounts.last_end() - client_.since);
  client_.last_active_s.store(age.count(), std::memory_order_relaxed);  // R1
  return turn.progress;
}

// Whether the turn ends after so many commands.
bool RespConversation::IsOver(const Turn& turn, std::size_t commands) const {
  if (turn.replies.bytes.size() >= turn.output_bytes_max) return true;
  return commands > 0 &&
         (commands == limits_.requests_per_turn || turn.accounts.last_end() - turn.begin >= limits_.turn_time);
}

void RespConversation::ExecuteAll(Turn& turn) {
  Progress& progress = turn.progress;
  client_.is_paused.store(false, std::memory_order_relaxed);  // R1
  if (client_.block && !executor_.EndBlock(turn)) {
    progress.is_waiting = true;
    return;
  }
  if (client_.unfinished != nullptr && !executor_.GoOn(turn)) {
    progress.is_behind = true;
    return;
  }
  for (std::size_t commands = 0; progress.consumed_bytes < turn.input.size(); ++commands) {
    if (executor_.is_unauthenticated() && turn.replies.bytes.size() > kUnauthenticatedOutputBytesMax) {
      KVS_PROBE("unauthenticated client has too much to take");
      progress.is_dropped = true;
      return;
    }
    if (IsOver(turn, commands)) {
      progress.is_behind = true;
      break;
    }
    decoder_.set_is_unauthenticated(executor_.is_unauthenticated());
    const protocol::RespDecoded decoded = decoder_.Decode(turn.input.substr(progress.consumed_bytes));
    if (decoded.status == protocol::RespStatus::kNeedMore) break;
    const std::size_t begin = progress.consumed_bytes;
    progress.consumed_bytes += decoded.consumed_bytes;
    if (decoded.status == protocol::RespStatus::kCommand) {
      if (decoder_.arguments().empty() || AddToRun(begin, turn)) continue;
    }
    EndRun(turn);
    if (progress.is_behind) return;  // The output is full: what was decoded after the run will be decoded again.
    ExecuteAlone(decoded, begin, turn);
    if (progress.is_closing || progress.is_waiting || progress.is_behind || progress.is_dropped) return;
  }
  EndRun(turn);
}

// What was just decoded, from `begin` of the input on, and is in no run.
void RespConversation::ExecuteAlone(const protocol::RespDecoded& decoded, std::size_t begin, Turn& turn) {
  Progress& progress = turn.progress;
  if (decoded.status == protocol::RespStatus::kViolation) {
    const std::string complaint = "ERR " + std::string(decoded.complaint);
    turn.counts.CountError(complaint);
    turn.reply.Error(complaint);
    progress.is_closing = true;
  } else if ((turn.accounts.observed() & Observers::kPause) != 0 && executor_.HasToPause(decoder_.arguments(), turn)) {
    progress.consumed_bytes = begin;
    progress.is_waiting = true;
    KVS_PROBE("command waits for the end of a pause");
    progress.is_put_off = true;
    decoder_.Forget();
  } else {
    client_.query_bytes.store(turn.input.size(), std::memory_order_relaxed);  // R1
    executor_.Execute(decoder_.arguments(), turn);
  }
}

// Whether the command that was just decoded, from `begin` of the input on, is a plain GET or SET that can wait for more
// of its kind.
bool RespConversation::AddToRun(std::size_t begin, Turn& turn) {
  const std::span<const std::string_view> arguments = decoder_.arguments();
  Run::Kind kind = Run::Kind::kNone;
  if (arguments.size() == 2 && base::IsWord(arguments[0], "get")) kind = Run::Kind::kGets;
  if (arguments.size() == 3 && base::IsWord(arguments[0], "set")) kind = Run::Kind::kSets;
  if (kind == Run::Kind::kNone || turn.input[begin] != '*') return false;  // An inline command's arguments do not stay.
  if (client_.is_in_transaction || client_.reply_mode != ReplyMode::kOn || executor_.is_unauthenticated()) return false;
  if (client_.is_subscribed || (turn.accounts.observed() & Observers::kOfCommands) != 0) return false;
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
  turn.accounts.Begin(spec);
  std::size_t performed = run.size;
  if (is_get) {
    performed = PerformGets(turn);
  } else {
    PerformSets(turn);
  }
  turn.counts.commands += performed;
  const std::array<std::string_view, 3> words = {is_get ? "GET" : "SET", run.keys[0], run.pairs[0].value};
  turn.accounts.End(executor_.caller(), std::span(words).first(is_get ? 2 : 3), performed);
  run.size = 0;
}

bool RespConversation::PerformGet(std::string_view key, Turn& turn) {
  const Result<bool> found = ReadInto(turn.replies.bytes, [&] {
    return OrMemoryError([&] { return keys_.ReadValue(key, [&](std::string_view value) { turn.reply.Bulk(value); }); });
  });
  if (found && *found) return true;
  if (found) {
    turn.reply.Null();
  } else {
    turn.reply.Error(turn.accounts.Fail(found.error(), Access::kRead));
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
      return keys_.MultiGet({run.keys.data(), run.size}, [&](std::size_t index, std::optional<std::string_view> value) {
        values.Take(index, value);
      });
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
      turn.replies.AwaitSync(begin, static_cast<std::uint32_t>(set));
    }
    left = left.subspan(set);
    if (status) return;
    turn.reply.Error(turn.accounts.Fail(status.error(), Access::kWrite));
    KVS_PROBE("set within a run fails");
    left = left.subspan(1);
  }
}

std::size_t RespConversation::NoteBuffers(const BufferFigures& figures) {
  client_.query_bytes.store(figures.input, std::memory_order_relaxed);      // R1
  client_.query_room.store(figures.input_room, std::memory_order_relaxed);  // R1
  NoteOutput(figures.output, figures.output_room);
  client_.multi_bytes.store(client_.queue_bytes, std::memory_order_relaxed);  // R1
  const std::size_t gathered = client_.unfinished == nullptr ? 0 : client_.unfinished->bytes();
  return client_.queue_bytes + client_.kept_bytes + gathered + decoder_.held_bytes();
}

void RespConversation::NoteOutput(std::size_t bytes, std::size_t room) {
  client_.output_bytes.store(bytes, std::memory_order_relaxed);  // R1
  client_.output_room.store(room, std::memory_order_relaxed);    // R1
}

void RespConversation::AppendRefusal(const Error& error, base::ByteBuffer* out) {
  protocol::RespWriter(out).Error(ErrorReply(error, Access::kWrite));
}

void RespConversation::AppendSyncFailure(std::uint32_t, const Error& error, base::ByteBuffer* out) {
  protocol::RespWriter(out).Error(CountFailedSync(state_, error));
}

}  // namespace kvs::server
