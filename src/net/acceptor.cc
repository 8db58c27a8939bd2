#include "net/acceptor.h"

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "base/probe.h"
#include "net/descriptor_budget.h"

namespace kvs::server {
namespace {

constexpr int kAcceptsMax = 64;
constexpr std::chrono::milliseconds kPause{100};
constexpr std::string_view kNoDescriptors =
    "no file descriptor is left but those set aside for the store; raise the limit (ulimit -n) or lower maxclients";

}  // namespace

Acceptor::Acceptor(io::UniqueFd listener, Host& host, std::vector<LoopMailbox*> mailboxes, TlsSource* tls)
    : listener_(std::move(listener)),
      host_(host),
      mailboxes_(std::move(mailboxes)),
      tls_(tls),
      reserve_(io::ReserveDescriptor()) {}

std::optional<io::Deadline> Acceptor::AcceptWaiting() {
  for (int i = 0; i < kAcceptsMax; ++i) {
    Result<io::Accepted> accepted = io::Accept(listener_.get());
    if (!accepted) return Pause(accepted.error().ToString());
    io::AcceptOutcome outcome = accepted->outcome;
    if (outcome == io::AcceptOutcome::kAccepted) HandOut(std::move(accepted->socket));
    // Linux asks for a descriptor first and for a client second, so there may be none to refuse.
    if (outcome == io::AcceptOutcome::kNoDescriptors) outcome = RefuseWithReserve();
    switch (outcome) {
      case io::AcceptOutcome::kAccepted:
      case io::AcceptOutcome::kRetry: break;
      case io::AcceptOutcome::kNobodyWaits: return std::nullopt;
      case io::AcceptOutcome::kNoDescriptors: return Pause("no file descriptor is left");
      case io::AcceptOutcome::kOutOfResources: return Pause("the kernel is out of memory for sockets");
    }
  }
  return std::nullopt;
}

void Acceptor::HandOut(io::UniqueFd socket) {
  if (std::exchange(is_paused_, false)) {
    host_.Note(NetEvent::kAcceptResumed, "accepting clients again");
  }
  const std::size_t clients_max = host_.Limits().clients_max;
  if (host_.figures.open_clients() >= clients_max) {
    Refuse(socket, "the server is at its limit, maxclients " + std::to_string(clients_max));
    return;
  }
  if (!DescriptorBudget::AllowsClient(socket.get())) {
    KVS_PROBE("client is refused for want of descriptors");
    Refuse(socket, kNoDescriptors);
    return;
  }
  NewClient new_client{.socket = std::move(socket)};
  if (tls_ != nullptr) {
    Result<std::unique_ptr<io::TlsStream>> stream = tls_->Accept(new_client.socket.get());
    if (!stream) {
      Refuse(new_client.socket, stream.error().ToString());
      return;
    }
    new_client.tls = *std::move(stream);
  }
  host_.figures.AddOpenClient();
  mailboxes_[next_mailbox_]->Add(std::move(new_client));
  next_mailbox_ = (next_mailbox_ + 1) % mailboxes_.size();
}

io::AcceptOutcome Acceptor::RefuseWithReserve() {
  KVS_PROBE("client is refused by the reserved descriptor");
  reserve_.Close();
  auto outcome = io::AcceptOutcome::kNoDescriptors;
  {
    const Result<io::Accepted> accepted = io::Accept(listener_.get());
    if (accepted) outcome = accepted->outcome;
    if (outcome == io::AcceptOutcome::kAccepted) Refuse(accepted->socket, kNoDescriptors);
  }
  reserve_ = io::ReserveDescriptor();  // Now that the client's is free. If another thread was faster: next time.
  return outcome;
}

// The client has not said yet which protocol it speaks.
void Acceptor::Refuse(const io::UniqueFd& socket, std::string_view why) {
  host_.Note(NetEvent::kClientRefused, "refused a client: " + std::string(why));
  host_.figures.CountRefusedClient();
  // Behind TLS it could not read it. A fresh socket has room for so little, and if the client has gone already, nobody
  // is left to be told.
  if (tls_ == nullptr) static_cast<void>(io::Send(socket.get(), host_.RefusalLine()).has_value());
  io::ShutDownSending(socket.get());
  // Bytes that are left unread would reset the connection, and take the line from the client.
  std::array<char, 4'096> ignored;
  static_cast<void>(io::Receive(socket.get(), ignored).has_value());
}

std::optional<io::Deadline> Acceptor::Pause(std::string_view why) {
  if (!std::exchange(is_paused_, true)) {
    host_.Note(NetEvent::kAcceptPaused, "accepting clients pauses: " + std::string(why));
  }
  KVS_PROBE("accepting pauses");
  return std::chrono::steady_clock::now() + kPause;
}

}  // namespace kvs::server
