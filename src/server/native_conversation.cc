#include "server/native_conversation.h"

#include <algorithm>

#include "protocol/frame_encoder.h"
#include "protocol/native_frame.h"
#include "server/observers/coarse_clock.h"

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

void Answer(std::uint32_t request_id, const Status& status, Replies& replies) {
  if (status) {
    protocol::AppendOk(request_id, &replies.bytes);
  } else {
    protocol::AppendError(request_id, status.error(), &replies.bytes);
  }
}

void Refuse(const protocol::Decoded& violation, Replies& replies) {
  const ErrorCode code =
      violation.status == DecodeStatus::kTooLarge ? ErrorCode::kInvalidArgument : ErrorCode::kProtocol;
  protocol::AppendClosingError(violation.request.request_id, Error{.code = code, .context = violation.complaint},
                               &replies.bytes);
}

}  // namespace

NativeConversation::NativeConversation(ServerState& state, const ConnectionLimits& limits)
    : state_(state), limits_(limits), decoder_(limits.request_bytes_max) {}

Conversation::Progress NativeConversation::Execute(std::string_view input, Replies& replies) {
  Progress progress;
  if (state_.config.has_password()) {
    protocol::AppendClosingError(
        0, Error{.code = ErrorCode::kUnsupported, .context = "this server asks for a password: speak RESP to it"},
        &replies.bytes);
    progress.is_closing = true;
    return progress;
  }
  const sync::Gate::Shared pass(state_.gate);
  const auto begin = CoarseNow();
  const std::size_t output_max =
      std::min(limits_.output_bytes_max, replies.bytes.size() + limits_.output_bytes_per_turn);
  for (std::size_t requests = 0; !progress.is_closing && progress.consumed_bytes < input.size(); ++requests) {
    const bool looks_at_clock = requests > 0 && requests % kRequestsPerLook == 0;
    const bool is_late = looks_at_clock && CoarseNow() - begin >= limits_.turn_time;
    if (is_late || requests == limits_.requests_per_turn || replies.bytes.size() >= output_max) {
      progress.is_behind = true;
      break;
    }
    const protocol::Decoded decoded = decoder_.Decode(input.substr(progress.consumed_bytes));
    if (decoded.status == DecodeStatus::kNeedMore) break;
    if (decoded.status == DecodeStatus::kRequest) {
      Perform(decoded.request, replies);
      progress.consumed_bytes += decoded.consumed_bytes;
    } else {
      Refuse(decoded, replies);
      progress.is_closing = true;
    }
  }
  return progress;
}

void NativeConversation::Perform(const Request& request, Replies& replies) {
  if (!IsKnown(request.opcode)) {
    Answer(request.request_id, Error{.code = ErrorCode::kUnsupported, .context = "this server has no such opcode"},
           replies);
    return;
  }
  if (const char* complaint = PartsComplaint(request)) {
    Answer(request.request_id, Error{.code = ErrorCode::kInvalidArgument, .context = complaint}, replies);
    return;
  }
  switch (request.opcode) {
    case Opcode::kPing: protocol::AppendOk(request.request_id, &replies.bytes); break;
    case Opcode::kGet: PerformGet(request, replies); break;
    case Opcode::kSet:
    case Opcode::kRemove: PerformWrite(request, replies); break;
    // The sync of this turn, which comes after the execution, is the one that was asked for.
    case Opcode::kSync: AnswerUnsettled(request.request_id, replies); break;
  }
}

void NativeConversation::PerformGet(const Request& request, Replies& replies) {
  const std::size_t output_bytes = replies.bytes.size();
  const Result<bool> found = state_.engine.Read(
      request.key, [&](std::string_view value) { protocol::AppendValue(request.request_id, value, &replies.bytes); });
  if (found && *found) return;
  replies.bytes.Truncate(output_bytes);  // An engine may find out after the visit that it must not stand by the value.
  Answer(request.request_id, found ? Ok() : Status(found.error()), replies);
}

void NativeConversation::PerformWrite(const Request& request, Replies& replies) {
  const Status status = request.opcode == Opcode::kSet ? state_.engine.Set(request.key, request.value)
                                                       : state_.engine.Remove(request.key);
  if (status) state_.watches.Touch(request.key);
  if (status && state_.config.sync_before_reply()) {
    AnswerUnsettled(request.request_id, replies);
  } else {
    Answer(request.request_id, status, replies);
  }
}

void NativeConversation::AnswerUnsettled(std::uint32_t request_id, Replies& replies) {
  const std::size_t begin = replies.bytes.size();
  protocol::AppendOk(request_id, &replies.bytes);
  replies.unsettled.push_back({.begin = begin, .end = replies.bytes.size(), .tag = request_id});
}

void NativeConversation::AppendSyncFailure(std::uint32_t tag, const Error& error, base::ByteBuffer* out) {
  protocol::AppendError(tag, error, out);
}

}  // namespace kvs::server
