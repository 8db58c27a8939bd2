#include "server/connection.h"

#include <span>
#include <utility>

#include "base/check.h"
#include "protocol/sniff.h"
#include "server/native_conversation.h"
#include "server/resp_conversation.h"

namespace kvs::server {

Connection::Connection(ServerState& state, const ConnectionLimits& limits, int socket, std::shared_ptr<Outbox> outbox)
    : state_(state),
      limits_(limits),
      socket_(socket),
      outbox_(outbox != nullptr ? std::move(outbox) : std::make_shared<Outbox>(limits.output_bytes_max, nullptr)) {}

void Connection::Receive(std::string_view bytes) {
  KVS_CHECK(wants_input());
  if (bytes.empty()) return;
  if (is_waiting_) {
    input_.Append(bytes);
    return;
  }
  if (input_.empty()) {
    const std::size_t consumed = Execute(bytes);
    if (!is_closing_) input_.Append(bytes.substr(consumed));
  } else {
    input_.Append(bytes);
    input_.Consume(Execute(input_.view()));
  }
  if (is_closing_) EndConversation();
}

void Connection::Resume() {
  if (!is_runnable()) return;
  if (has_mail()) outbox_->Take(&replies_.bytes);
  if (outbox_->TakeWake() && is_waiting_) {
    is_waiting_ = false;
    is_behind_ = true;
  }
  if (!is_behind_) return;
  input_.Consume(Execute(input_.view()));
  if (is_closing_) EndConversation();
}

// Once no reply needs it. With it the client leaves all who know it: subscriptions, tracking, CLIENT LIST.
void Connection::EndConversation() {
  input_ = {};
  if (replies_.unsettled.empty()) conversation_.reset();
}

std::size_t Connection::Execute(std::string_view input) {
  if (conversation_ == nullptr) {
    switch (protocol::Sniff(input.front())) {
      case protocol::Dialect::kNative:
        conversation_ = std::make_unique<NativeConversation>(state_, limits_, socket_, outbox_);
        break;
      case protocol::Dialect::kResp:
        conversation_ = std::make_unique<RespConversation>(state_, limits_, socket_, outbox_);
        break;
    }
  }
  const Conversation::Progress progress = conversation_->Execute(input, replies_);
  is_behind_ = progress.is_behind;
  is_waiting_ = progress.is_waiting;
  is_put_off_ = progress.is_put_off;
  is_closing_ = progress.is_closing;
  is_dropped_ = progress.is_dropped;
  return progress.consumed_bytes;
}

void Connection::SettleWrites(const Status& sync) {
  const std::vector<Replies::Unsettled> unsettled = std::exchange(replies_.unsettled, {});
  if (!sync) ReplaceByErrors(unsettled, sync.error());
  if (is_closing_) EndConversation();
}

void Connection::ReplaceByErrors(std::span<const Replies::Unsettled> unsettled, const Error& error) {
  base::ByteBuffer corrected;
  const std::string_view made = replies_.bytes.view();
  std::size_t copied = 0;
  for (const Replies::Unsettled& range : unsettled) {
    corrected.Append(made.substr(copied, range.begin - copied));
    for (std::uint32_t i = 0; i < range.count; ++i) {
      conversation_->AppendSyncFailure(range.tag, error, &corrected);
    }
    copied = range.end;
  }
  corrected.Append(made.substr(copied));
  replies_.bytes = std::move(corrected);
}

void Connection::Sent(std::size_t bytes) {
  KVS_CHECK(replies_.unsettled.empty());
  replies_.bytes.Consume(bytes);
}

}  // namespace kvs::server
