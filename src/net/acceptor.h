// Acceptor: takes new clients from a listening socket and deals them out to the loops.
//
// Design      One acceptor serves all loops, so that each loop gets an equal share of the clients. It runs on
//             the first loop.
// Threads     That of the first loop.
// Limits      maxclients, and the descriptors that are set aside for the store. A client above either limit is sent
//             Host::RefusalLine() and closed. If the process has no descriptor left, the acceptor closes a reserved one
//             for a moment, to refuse the client in the same way. If that fails too, accepting pauses for kPause, and
//             clients wait in the kernel's queue.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "io/socket.h"
#include "io/unique_fd.h"
#include "net/host.h"
#include "net/loop_mailbox.h"
#include "net/tls_source.h"

namespace kvs::server {

class Acceptor {
 public:
  // tls: in, outlives the acceptor; nullptr: clients speak without TLS.
  Acceptor(io::UniqueFd listener, Host& host, std::vector<LoopMailbox*> mailboxes, TlsSource* tls = nullptr);

  int socket() const { return listener_.get(); }

  // Accepts the clients that wait, up to a bound. Returns the time before which it must not be called again, if any.
  std::optional<io::Deadline> AcceptWaiting();

 private:
  void HandOut(io::UniqueFd socket);
  io::AcceptOutcome RefuseWithReserve();
  void Refuse(const io::UniqueFd& socket, std::string_view why);
  std::optional<io::Deadline> Pause(std::string_view why);

  // Constant after construction.
  io::UniqueFd listener_;
  Host& host_;
  const std::vector<LoopMailbox*> mailboxes_;
  TlsSource* const tls_;

  io::UniqueFd reserve_;
  std::size_t next_mailbox_ = 0;
  bool is_paused_ = false;  // Until the next client is accepted.
};

}  // namespace kvs::server
