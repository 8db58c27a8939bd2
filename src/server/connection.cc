#include "server/connection.h"

#include <utility>

#include "base/check.h"
#include "protocol/frame_encoder.h"
#include "protocol/native_frame.h"
#include "protocol/sniff.h"

namespace kvs::server {

using protocol::DecodeStatus;
using protocol::Opcode;
using protocol::Request;

// What a frame can carry and what an engine takes are the same, so no request is refused halfway down.
static_assert(protocol::kFrameKeyBytesMax == kKeyBytesMax);
static_assert(protocol::kFrameValueBytesMax == kValueBytesMax);

namespace {

// Sent to a client whose first byte is of no protocol that is served. A line of text, for a person or a text protocol.
constexpr std::string_view kUnknownProtocolAnswer =
    "-ERR unknown protocol: this server speaks the native protocol of kvs, whose first byte is 0xB5\r\n";

// What is wrong with the parts of a well-formed frame, or nullptr.
const char* PartsComplaint(const Request& request) {
  const bool takes_key =
      request.opcode == Opcode::kGet || request.opcode == Opcode::kSet || request.opcode == Opcode::kRemove;
  if (!takes_key && !request.key.empty()) return "this opcode takes no key";
  if (request.opcode != Opcode::kSet && !request.value.empty()) return "this opcode takes no value";
  return nullptr;
}

bool IsKnown(Opcode opcode) { return opcode >= Opcode::kPing && opcode <= Opcode::kSync; }

}  // namespace

Connection::Connection(KvsEngine& engine, const ConnectionLimits& limits)
    : engine_(engine), limits_(limits), decoder_(limits.request_bytes_max) {}

void Connection::Receive(std::string_view bytes) {
  KVS_CHECK(wants_input());
  if (bytes.empty() || !SniffPasses(bytes.front())) return;
  if (input_.empty()) {
    const std::size_t consumed = Execute(bytes);
    if (!is_closing_) input_.Append(bytes.substr(consumed));
  } else {
    input_.Append(bytes);
    input_.Consume(Execute(input_.view()));
  }
  if (is_closing_) input_ = {};
}

void Connection::Resume() {
  if (!is_runnable()) return;
  input_.Consume(Execute(input_.view()));
  if (is_closing_) input_ = {};
}

bool Connection::SniffPasses(char first_byte) {
  if (std::exchange(has_sniffed_, true)) return true;
  if (protocol::Sniff(first_byte) == protocol::Dialect::kNative) return true;
  output_.Append(kUnknownProtocolAnswer);
  is_closing_ = true;
  return false;
}

// Executes from the front of `input` and returns how many bytes of it are done with.
std::size_t Connection::Execute(std::string_view input) {
  std::size_t consumed = 0;
  is_behind_ = false;
  for (std::size_t requests = 0; !is_closing_ && consumed < input.size(); ++requests) {
    if (requests == limits_.requests_per_turn || !has_room()) {
      is_behind_ = true;
      break;
    }
    const protocol::Decoded decoded = decoder_.Decode(input.substr(consumed));
    if (decoded.status == DecodeStatus::kNeedMore) break;
    if (decoded.status == DecodeStatus::kRequest) {
      Perform(decoded.request);
      consumed += decoded.consumed_bytes;
    } else {
      Refuse(decoded);
    }
  }
  return consumed;
}

void Connection::Perform(const Request& request) {
  if (!IsKnown(request.opcode)) {
    Answer(request.request_id, Error{.code = ErrorCode::kUnsupported, .context = "this server has no such opcode"});
    return;
  }
  if (const char* complaint = PartsComplaint(request)) {
    Answer(request.request_id, Error{.code = ErrorCode::kInvalidArgument, .context = complaint});
    return;
  }
  switch (request.opcode) {
    case Opcode::kPing: protocol::AppendOk(request.request_id, &output_); break;
    case Opcode::kGet: PerformGet(request); break;
    case Opcode::kSet: AnswerWrite(request, engine_.Set(request.key, request.value)); break;
    case Opcode::kRemove: AnswerWrite(request, engine_.Remove(request.key)); break;
    // The sync of this turn, which comes after the execution, is the one that was asked for.
    case Opcode::kSync: AnswerUnsettled(request.request_id); break;
  }
}

void Connection::PerformGet(const Request& request) {
  const std::size_t output_bytes = output_.size();
  const Result<bool> found = engine_.Read(
      request.key, [&](std::string_view value) { protocol::AppendValue(request.request_id, value, &output_); });
  if (found && *found) return;
  output_.Truncate(output_bytes);  // An engine may find out after the visit that it must not stand by the value.
  Answer(request.request_id, found ? Ok() : Status(found.error()));
}

void Connection::AnswerWrite(const Request& request, const Status& status) {
  if (status && limits_.sync_before_reply) {
    AnswerUnsettled(request.request_id);
  } else {
    Answer(request.request_id, status);
  }
}

void Connection::AnswerUnsettled(std::uint32_t request_id) {
  unsettled_.push_back({.output_offset = output_.size(), .request_id = request_id});
  protocol::AppendOk(request_id, &output_);
}

void Connection::Answer(std::uint32_t request_id, const Status& status) {
  if (status) {
    protocol::AppendOk(request_id, &output_);
  } else {
    protocol::AppendError(request_id, status.error(), &output_);
  }
}

void Connection::Refuse(const protocol::Decoded& violation) {
  const ErrorCode code =
      violation.status == DecodeStatus::kTooLarge ? ErrorCode::kInvalidArgument : ErrorCode::kProtocol;
  protocol::AppendClosingError(violation.request.request_id, Error{.code = code, .context = violation.complaint},
                               &output_);
  is_closing_ = true;
}

void Connection::SettleWrites(const Status& sync) {
  std::vector<UnsettledAnswer> answers = std::exchange(unsettled_, {});
  if (sync) return;
  base::ByteBuffer corrected;
  const std::string_view made = output_.view();
  std::size_t copied = 0;
  for (const UnsettledAnswer& answer : answers) {
    corrected.Append(made.substr(copied, answer.output_offset - copied));
    protocol::AppendError(answer.request_id, sync.error(), &corrected);
    copied = answer.output_offset + protocol::kResponseHeaderBytes;
  }
  corrected.Append(made.substr(copied));
  output_ = std::move(corrected);
}

void Connection::Sent(std::size_t bytes) {
  KVS_CHECK(unsettled_.empty());
  output_.Consume(bytes);
}

}  // namespace kvs::server
