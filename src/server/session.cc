#include "server/session.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "io/socket.h"

namespace kvs::server {

using io::TransferOutcome;

Session::Session(io::UniqueFd socket, ServerState& state, const ConnectionLimits& limits,
                 std::shared_ptr<Outbox> outbox)
    : socket_(std::move(socket)), connection_(state, limits, socket_.get(), std::move(outbox)) {}

void Session::Input() {
  if (connection_.is_dropped()) {
    is_broken_ = true;
    return;
  }
  if (connection_.is_runnable()) {
    connection_.Resume();
  } else if (connection_.wants_input()) {
    TakeBytes();
  }
}

void Session::TakeBytes() {
  std::array<char, kReceiveBytes> bytes;
  const auto received = io::Receive(socket_.get(), {bytes.data(), std::min(bytes.size(), input_allowance_)});
  if (!received) {
    is_broken_ = true;
    return;
  }
  switch (received->outcome) {
    case TransferOutcome::kWouldBlock: break;
    case TransferOutcome::kEnd:
      peer_has_ended_ = true;
      connection_.ReceiveEnd();
      break;
    case TransferOutcome::kBytes:
      input_allowance_ -= received->bytes;
      connection_.Receive({bytes.data(), received->bytes});
      if (input_allowance_ == 0) connection_.ReceiveEnd();
      break;
  }
}

void Session::Output() {
  if (is_broken_ || connection_.output().empty()) return;
  const auto sent = io::Send(socket_.get(), connection_.output());
  if (!sent) {
    is_broken_ = true;
  } else if (sent->outcome == TransferOutcome::kBytes) {
    connection_.Sent(sent->bytes);
  }
}

Session::Next Session::next() const {
  if (is_broken_) return Next::kClose;
  if (connection_.is_finished()) return peer_has_ended_ ? Next::kClose : Next::kLinger;
  return connection_.is_runnable() ? Next::kRunAgain : Next::kWait;
}

io::Interest Session::interest() const {
  return {.readable = connection_.wants_input(), .writable = !connection_.output().empty()};
}

void Session::StopAfterArrived() {
  input_allowance_ = io::BytesWaiting(socket_.get());
  if (input_allowance_ == 0) connection_.ReceiveEnd();
}

void Session::BeginLinger() { io::ShutDownSending(socket_.get()); }

bool Session::Discard() {
  std::array<char, kReceiveBytes> bytes;
  const auto received = io::Receive(socket_.get(), bytes);
  return received && received->outcome != TransferOutcome::kEnd;
}

bool Session::AnswersHaveArrived() const { return io::BytesUnacknowledged(socket_.get()) == 0; }

}  // namespace kvs::server
