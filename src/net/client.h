// Client: one client of a loop: its session, and what the loop knows about it.
//
// Threads     Of its loop's thread. With Turn::kInJob the session is of the job's thread.
#pragma once

#include <cstddef>
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
  // The event that the loop waits for. Each phase has a list in ClientDeadlines.
  enum class Phase : std::uint8_t {
    kHandshake,  // The end of the TLS handshake.
    kReading,    // The next request.
    kSending,    // The client has answers to take.
    kLingering,  // The client's end of the connection. What still arrives is thrown away. No other phase follows.
  };
  static constexpr std::size_t kPhases = 4;

  // Whether the session is to have a turn.
  enum class Turn : std::uint8_t {
    kNone,   // Not before its socket or its outbox has something.
    kReady,  // In the next round.
    kInJob,  // Now, in a job of the pool.
  };

  Client(io::UniqueFd socket, Host& host, const ConnectionLimits& limits, Mailbox* mailbox)
      : outbox(std::make_shared<Outbox>(limits.output_bytes_max, mailbox)),
        session(std::move(socket), host, limits, outbox) {
    outbox->owner = this;
  }

  const std::shared_ptr<Outbox> outbox;
  Session session;
  Phase phase = Phase::kReading;
  Turn turn = Turn::kNone;
  bool is_stopped = false;  // StopAfterArrived() was called.
  io::Interest watched{};
  std::uint64_t answered_in_round = SyncGather::kNoRound;
  std::uint64_t sent_bytes = 0;  // As of the last progress in kSending.

  // Of ClientDeadlines.
  io::Deadline since{};  // When the wait of this phase began, or made progress.
  std::list<Client>::iterator self{};
};

}  // namespace kvs::server
