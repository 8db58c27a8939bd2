#include "net/session.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/probe.h"
#include "io/socket.h"

namespace kvs::server {

using io::TransferOutcome;

Session::Session(io::UniqueFd socket, Host& host, const ConnectionLimits& limits, std::shared_ptr<Outbox> outbox)
    : host_(host), socket_(std::move(socket)), connection_(host, limits, socket_.get(), std::move(outbox)) {}

void Session::Receive(std::span<char> room) {
  if (connection_.is_dropped()) {
    is_broken_ = true;
    return;
  }
  const bool may_be_readable = std::exchange(may_be_readable_, false);
  if (connection_.can_resume()) {
    connection_.Resume();
    if (!may_be_readable) return;
  }
  if (connection_.wants_input()) TakeBytes(room);
}

void Session::TakeBytes(std::span<char> room) {
  const std::span<char> into = room.first(std::min({room.size(), kReceiveBytes, input_allowance_}));
  const auto received = tls_ == nullptr ? io::Receive(socket_.get(), into) : tls_->Receive(into);
  if (!received) {
    if (tls_ != nullptr && !tls_->is_secured()) NoteFailedHandshake(received.error().ToString());
    is_broken_ = true;
    has_sent_alert_ = received.error().code == ErrorCode::kProtocol;
    return;
  }
  switch (received->outcome) {
    case TransferOutcome::kWouldBlock:
      KVS_PROBE_IF(is_stopping_, "half a record of tls arrived before the stop");
      if (is_stopping_) connection_.ReceiveEnd();  // Of TLS: what had arrived was no whole record.
      break;
    case TransferOutcome::kEnd:
      peer_has_ended_ = true;
      connection_.ReceiveEnd();
      break;
    case TransferOutcome::kBytes:
      host_.figures.AddReceived(received->bytes);
      input_allowance_ -= received->bytes;
      received_ = {room.data(), received->bytes};
      break;
  }
}

void Session::Execute() {
  if (received_.empty()) return;
  connection_.Receive(std::exchange(received_, {}));
  if (input_allowance_ == 0) connection_.ReceiveEnd();
}

void Session::Output() {
  if (is_broken_ || connection_.is_dropped() || connection_.output().empty()) return;
  const std::string_view output = connection_.output();
  const auto sent = tls_ == nullptr ? io::Send(socket_.get(), output) : tls_->Send(output);
  if (!sent) {
    is_broken_ = true;
  } else if (sent->outcome == TransferOutcome::kBytes) {
    host_.figures.AddSent(sent->bytes);
    KVS_PROBE_IF(sent->bytes < output.size(), "client takes part of its answers");
    sent_bytes_ += sent->bytes;
    connection_.Sent(sent->bytes);
  }
}

void Session::NoteDropped(std::string_view why) {
  host_.figures.CountDroppedClient();
  host_.Note(NetEvent::kClientDropped,
             "dropped the client at " + io::PeerText(socket_.get()) + ": it " + std::string(why));
}

void Session::NoteFailedHandshake(std::string_view why) {
  host_.Note(NetEvent::kHandshakeFailed,
             "no TLS handshake with " + io::PeerText(socket_.get()) + ": " + std::string(why));
}

Session::Next Session::next() const {
  if (connection_.is_dropped()) return Next::kClose;
  if (is_broken_) return has_sent_alert_ ? Next::kLinger : Next::kClose;
  if (connection_.is_finished()) return peer_has_ended_ ? Next::kClose : Next::kLinger;
  if (connection_.can_resume()) return Next::kTurn;
  // What TLS has decrypted already, the socket tells nothing about; nor, once stopping, that nothing more is there.
  const bool has_hidden_input = tls_ != nullptr && (tls_->pending_bytes() > 0 || is_stopping_);
  KVS_PROBE_IF(has_hidden_input && connection_.wants_input(), "tls has input that the socket does not tell of");
  if (has_hidden_input && connection_.wants_input()) return Next::kTurn;
  return Next::kWait;
}

io::Interest Session::interest() const {
  const bool is_blocked_in_sending = tls_ != nullptr && tls_->wants_to_send();
  return {.readable = connection_.wants_input(), .writable = has_output() || is_blocked_in_sending};
}

void Session::StopAfterArrived() {
  input_allowance_ = io::BytesWaiting(socket_.get());
  if (tls_ != nullptr) {  // Encrypted bytes are a bound of what they hold.
    input_allowance_ += tls_->pending_bytes();
    is_stopping_ = true;
  }
  if (input_allowance_ == 0) connection_.ReceiveEnd();
}

void Session::BeginLinger() {
  if (tls_ != nullptr && !is_broken_) tls_->SendEnd();
  io::ShutDownSending(socket_.get());
}

bool Session::Discard() {
  std::array<char, kReceiveBytes> bytes;
  const auto received = io::Receive(socket_.get(), bytes);
  return received && received->outcome != TransferOutcome::kEnd;
}

bool Session::AnswersHaveArrived() const { return io::BytesUnacknowledged(socket_.get()) == 0; }

}  // namespace kvs::server
