// Client: one client of a loop: its session, and what the loop knows about it.
//
// Threads     Of its loop's thread. While is_in_job, the session is of the job's thread.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "io/event_loop.h"
#include "io/unique_fd.h"
#include "net/outbox.h"
#include "net/session.h"
#include "net/sync_gather.h"

namespace kvs::server {

struct Client {
  Client(io::UniqueFd socket, Host& host, const ConnectionLimits& limits, Mailbox* mailbox)
      : outbox(std::make_shared<Outbox>(limits.output_bytes_max, mailbox)),
        session(std::move(socket), host, limits, outbox) {
    outbox->owner = this;
  }

  const std::shared_ptr<Outbox> outbox;
  Session session;
  std::list<Client>* home = nullptr;
  std::list<Client>::iterator self{};  // In `home`.
  io::Interest watched{};
  std::uint64_t answered_in_turn = SyncGather::kNoTurn;
  // In clients_: of its last activity. In owing_: of the last bytes that it took. Elsewhere: of its coming.
  io::Deadline since{};
  std::uint64_t sent_bytes = 0;  // In owing_: until `since`.
  bool is_in_job = false;
  bool is_ready = false;
  bool is_lingering = false;
  bool is_stopped = false;  // StopAfterArrived() was called.
};

}  // namespace kvs::server
