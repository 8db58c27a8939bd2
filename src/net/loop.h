// Loop: serves clients: waits for their sockets and outboxes, gives each ready session a turn, and closes clients.
//
// Design      Direct mode: all ready sessions have their turns here, in one round. Pooled mode: each ready session has
//             its turn in a job of the pool, and returns through the mailbox. All other code serves both modes.
// Threads     Run() on one thread, which owns all clients except those in a job. Stop() from any thread and from a
//             signal handler. mailbox() from any thread.
// Limits      The timeouts of a client's phases (client.h) are the handshake timeout of TLS, idle_timeout for the next
//             request, output_timeout for answers to take, and kLingerTime.
// Invariants  I1  With Turn::kInJob the session is touched by its job alone, and the client is neither closed nor moved
//                 to another phase.
//             I2  A client is in ready_ exactly while it has Turn::kReady, and is not closed meanwhile.
//             I3  A job touches neither the loop nor its session after the mailbox's mutex is released.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "io/event_loop.h"
#include "kvs/result.h"
#include "kvs/thread_pool.h"
#include "net/acceptor.h"
#include "net/client.h"
#include "net/client_deadlines.h"
#include "net/host.h"
#include "net/listeners.h"
#include "net/loop_mailbox.h"
#include "net/round.h"
#include "net/stop_sequence.h"
#include "net/sync_gather.h"

namespace kvs::server {

struct LoopOptions {
  std::size_t loops = 1;                                // Of the server.
  ThreadPool* pool = nullptr;                           // Set: pooled mode. Outlives the loop.
  std::chrono::milliseconds stop_timeout{5'000};        // How long a stopping loop sends answers to slow clients.
  std::chrono::milliseconds handshake_timeout{10'000};  // Of TLS.
};

class Loop {
 public:
  // host: in, outlives the loop.
  static Result<std::unique_ptr<Loop>> Create(Host& host, const LoopOptions& options);

  // Serves until Stop(), then until every session is answered and closed. Accepts from all `acceptors`.
  Status Run(std::span<const std::unique_ptr<Acceptor>> acceptors);
  void Stop();

  LoopMailbox& mailbox() { return mailbox_; }

 private:
  Loop(Host& host, const LoopOptions& options, std::unique_ptr<io::EventLoop> event_loop)
      : host_(host),
        options_(options),
        event_loop_(std::move(event_loop)),
        stop_(options.stop_timeout),
        mailbox_(*event_loop_),
        listeners_(*event_loop_) {}

  Status Iterate();
  void TakeTimeouts();
  void LetOthersSend();
  Status GatherBeforeSync();
  std::optional<io::Deadline> NextDeadline() const;
  void Dispatch(const io::Event& event);

  void TakeMail();
  void Admit(NewClient new_client);
  void TakeMailOf(Outbox& outbox);

  void MakeReady(Client* client);
  void ServeReady();
  void ServeHere(const std::vector<Client*>& clients);
  void ServeInJob(Client* client);
  void EndTurn(Client* client);
  void Rearm(Client* client);

  void AdvanceStop();
  void AnswerArrived();
  void CloseUnanswered();
  void CloseExpired();
  void CloseSilent(Client::Phase phase);
  void NoteInput(Client* client);
  void NoteOutput(Client* client);
  void Linger(Client* client);
  void Close(Client* client);

  bool is_pooled() const { return options_.pool != nullptr; }

  static constexpr std::size_t kRoomBytes = kServedTogether * Session::kReceiveBytes;

  // Constant after construction.
  Host& host_;
  const LoopOptions options_;
  const std::unique_ptr<io::EventLoop> event_loop_;

  StopSequence stop_;
  LoopMailbox mailbox_;

  // Of the thread in Run().
  Listeners listeners_;
  ClientDeadlines clients_;
  std::vector<Client*> ready_;  // Of the next round.
  std::size_t answered_ = 0;    // Clients of the last round.
  const std::unique_ptr<char[]> room_ = std::make_unique_for_overwrite<char[]>(kRoomBytes);  // For ServeRound().
  std::size_t jobs_out_ = 0;
  SyncGather gather_;
  io::Deadline now_{};  // As of the last wake-up.
};

}  // namespace kvs::server
