#include "server/native_conversation.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/coarse_clock.h"
#include "base/probe.h"
#include "base/try.h"
#include "commands/table/command_table.h"
#include "keyspace/read_into.h"
#include "net/memory/memory_error.h"
#include "protocol/frame_encoder.h"
#include "protocol/native_frame.h"

namespace kvs::server {

using protocol::DecodeStatus;
using protocol::Opcode;
using protocol::Request;

// What a frame can carry and what an engine takes are the same, so no request is refused halfway down.
static_assert(protocol::kFrameKeyBytesMax == kKeyBytesMax);
static_assert(protocol::kFrameValueBytesMax == kValueBytesMax);

namespace {

constexpr std::size_t kRequestsPerLook = 16;  // At the clock.

// What is wrong with the parts of a well-formed frame, or nullptr.
const char* PartsComplaint(const Request& request) {
  const bool takes_key =
      request.opcode == Opcode::kGet || request.opcode == Opcode::kSet || request.opcode == Opcode::kRemove;
  if (!takes_key && !request.key.empty()) return "this opcode takes no key";
  if (request.opcode != Opcode::kSet && !request.value.empty()) return "this opcode takes no value";
  return nullptr;
}

bool IsKnown(Opcode opcode) { return opcode >= Opcode::kPing && opcode <= Opcode::kSync; }

const CommandSpec& SpecOf(Opcode opcode) {
  static const auto specs =
      std::to_array<const CommandSpec*>({Commands().Find("ping"), Commands().Find("get"), Commands().Find("set"),
                                         Commands().Find("del"), Commands().Find("kvs.sync")});
  return *specs[static_cast<std::size_t>(opcode) - static_cast<std::size_t>(Opcode::kPing)];
}

// The frame as the words of its command. `words`: out, of which the result is a part.
std::span<const std::string_view> WordsOf(const Request& request, std::array<std::string_view, 3>* words) {
  switch (request.opcode) {
    case Opcode::kPing: *words = {"PING"}; return std::span(*words).first(1);
    case Opcode::kGet: *words = {"GET", request.key}; return std::span(*words).first(2);
    case Opcode::kSet: *words = {"SET", request.key, request.value}; return std::span(*words).first(3);
    case Opcode::kRemove: *words = {"DEL", request.key}; return std::span(*words).first(2);
    case Opcode::kSync: *words = {"KVS.SYNC"}; return std::span(*words).first(1);
  }
  return {};
}

void Refuse(const protocol::Decoded& violation, Replies& replies) {
  const ErrorCode code =
      violation.status == DecodeStatus::kTooLarge ? ErrorCode::kInvalidArgument : ErrorCode::kProtocol;
  protocol::AppendClosingError(violation.request.request_id, Error{.code = code, .context = violation.complaint},
                               &replies.bytes);
}

}  // namespace

NativeConversation::NativeConversation(ServerState& state, const ConnectionLimits& limits, int socket,
                                       std::shared_ptr<Outbox> outbox)
    : state_(state),
      limits_(limits),
      socket_(socket),
      outbox_(std::move(outbox)),
      decoder_(limits.request_bytes_max),
      keys_(state.engine, state.watches) {}

NativeConversation::~NativeConversation() {
  if (is_paused_) state_.observation.pause.Forget(outbox_);
}

Conversation::Progress NativeConversation::Execute(std::string_view input, Replies& replies) {
  Progress progress;
  is_paused_ = false;
  if (state_.config.has_password()) {
    protocol::AppendClosingError(
        0, Error{.code = ErrorCode::kUnsupported, .context = "this server asks for a password: speak RESP to it"},
        &replies.bytes);
    progress.is_closing = true;
    return progress;
  }
  const sync::Gate::Shared pass(state_.gate);
  const auto begin = base::CoarseNow();
  const std::size_t output_max =
      std::min(limits_.output_bytes_max, replies.bytes.size() + limits_.output_bytes_per_turn);
  Turn turn(state_, replies);
  for (std::size_t requests = 0; !progress.is_closing && progress.consumed_bytes < input.size(); ++requests) {
    const bool looks_at_clock = requests > 0 && requests % kRequestsPerLook == 0;
    const bool is_late = looks_at_clock && base::CoarseNow() - begin >= limits_.turn_time;
    if (is_late || requests == limits_.requests_per_turn || replies.bytes.size() >= output_max) {
      progress.is_behind = true;
      break;
    }
    const protocol::Decoded decoded = decoder_.Decode(input.substr(progress.consumed_bytes));
    if (decoded.status == DecodeStatus::kNeedMore) break;
    if (decoded.status != DecodeStatus::kRequest) {
      Refuse(decoded, replies);
      progress.is_closing = true;
      break;
    }
    if ((turn.accounts.observed() & Observers::kPause) != 0 && HasToPause(decoded.request)) {
      progress.is_waiting = true;
      KVS_PROBE("native request waits for the end of a pause");
      progress.is_put_off = true;
      break;
    }
    Perform(decoded.request, turn);
    progress.consumed_bytes += decoded.consumed_bytes;
  }
  state_.stats.Add(turn.counts);
  return progress;
}

// A frame that would be rejected does not wait.
bool NativeConversation::HasToPause(const Request& request) {
  if (!IsKnown(request.opcode) || PartsComplaint(request) != nullptr) return false;
  const auto effect = SpecOf(request.opcode).has(kWrite) ? Pause::Effect::kWrites : Pause::Effect::kReads;
  is_paused_ = state_.observation.pause.HasToWait(effect, outbox_);
  return is_paused_;
}

void NativeConversation::Perform(const Request& request, Turn& turn) {
  ++turn.counts.commands;
  if (!IsKnown(request.opcode)) {
    const Error error{.code = ErrorCode::kUnsupported, .context = "this server has no such opcode"};
    turn.counts.CountError(ErrorReply(error, Access::kWrite));
    protocol::AppendError(request.request_id, error, &turn.replies.bytes);
    return;
  }
  if (const char* complaint = PartsComplaint(request)) {
    const Error error{.code = ErrorCode::kInvalidArgument, .context = complaint};
    turn.accounts.Reject(SpecOf(request.opcode), ErrorReply(error, Access::kWrite));
    protocol::AppendError(request.request_id, error, &turn.replies.bytes);
    return;
  }
  turn.accounts.Begin(SpecOf(request.opcode));
  PerformKnown(request, turn);
  std::array<std::string_view, 3> words;
  turn.accounts.End({.socket = socket_}, WordsOf(request, &words));
}

void NativeConversation::PerformKnown(const Request& request, Turn& turn) {
  switch (request.opcode) {
    case Opcode::kPing: protocol::AppendOk(request.request_id, &turn.replies.bytes); break;
    case Opcode::kGet: PerformGet(request, turn); break;
    case Opcode::kSet:
    case Opcode::kRemove: PerformWrite(request, turn); break;
    // The sync of this turn, which comes after the execution, is the one that was asked for.
    case Opcode::kSync: AnswerUnsettled(request.request_id, turn.replies); break;
  }
}

void NativeConversation::PerformGet(const Request& request, Turn& turn) {
  base::ByteBuffer& out = turn.replies.bytes;
  const Result<bool> found = ReadInto(out, [&] {
    return OrMemoryError([&] {
      return keys_.ReadValue(request.key,
                             [&](std::string_view value) { protocol::AppendValue(request.request_id, value, &out); });
    });
  });
  if (found && *found) {
    ++turn.counts.hits;
    return;
  }
  if (!found) {
    Fail(request.request_id, found.error(), Access::kRead, turn);
    return;
  }
  ++turn.counts.misses;
  Publish(EventClass::kKeyMiss, "keymiss", request.key);
  protocol::AppendOk(request.request_id, &out);
}

void NativeConversation::PerformWrite(const Request& request, Turn& turn) {
  const bool sets = request.opcode == Opcode::kSet;
  const bool is_new = sets && IsNewsThatNew(state_, request.key);
  const Result<bool> done = OrMemoryError([&]() -> Result<bool> {
    if (!sets) return keys_.Remove(request.key);
    KVS_TRY(keys_.Set(request.key, request.value, kNoExpiry));
    return true;
  });
  if (!done) {
    Fail(request.request_id, done.error(), Access::kWrite, turn);
    return;
  }
  if (!*done) {  // An answer, not a failure.
    protocol::AppendError(request.request_id, Error{.code = ErrorCode::kKeyNotFound}, &turn.replies.bytes);
    return;
  }
  if (is_new) Publish(EventClass::kNew, "new", request.key);
  Publish(sets ? EventClass::kString : EventClass::kGeneric, sets ? "set" : "del", request.key);
  if (keys_.TakeHasWritten() && state_.config.sync_before_reply()) {
    AnswerUnsettled(request.request_id, turn.replies);
  } else {
    protocol::AppendOk(request.request_id, &turn.replies.bytes);
  }
}

void NativeConversation::Publish(EventClass event, std::string_view name, std::string_view key) {
  if (!state_.observation.events.wants(event)) [[likely]]
    return;
  state_.observation.events.Publish(state_.pub_sub, name, key);
}

void NativeConversation::Fail(std::uint32_t request_id, const Error& error, Access access, Turn& turn) {
  static_cast<void>(turn.accounts.Fail(error, access));
  protocol::AppendError(request_id, error, &turn.replies.bytes);
}

void NativeConversation::AnswerUnsettled(std::uint32_t request_id, Replies& replies) {
  const std::size_t begin = replies.bytes.size();
  protocol::AppendOk(request_id, &replies.bytes);
  replies.AwaitSync(begin, 1, request_id);
}

void NativeConversation::AppendRefusal(const Error& error, base::ByteBuffer* out) {
  protocol::AppendClosingError(0, error, out);
}

void NativeConversation::AppendSyncFailure(std::uint32_t tag, const Error& error, base::ByteBuffer* out) {
  static_cast<void>(CountFailedSync(state_, error));
  protocol::AppendError(tag, error, out);
}

}  // namespace kvs::server
