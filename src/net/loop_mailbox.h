// LoopMailbox: messages from other threads to a loop: new clients, clients whose job is done, outboxes with mail.
//
// Design      Each call wakes the loop, which takes all the mail together in its next iteration.
// Threads     Add(), Return() and Deliver() from any thread, the other calls from the loop's.
// Ownership   The event loop outlives the mailbox. The mailbox outlives all acceptors, jobs and outboxes that have it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "io/event_loop.h"
#include "io/tls.h"
#include "io/unique_fd.h"
#include "net/outbox.h"
#include "sync/mutex.h"

namespace kvs::server {

struct Client;

struct NewClient {
  io::UniqueFd socket;
  std::unique_ptr<io::TlsStream> tls{};  // nullptr: the client speaks without TLS.
};

class LoopMailbox final : public Mailbox {
 public:
  struct Mail {
    std::vector<NewClient> new_clients{};
    std::vector<Client*> returned{};
    std::vector<std::shared_ptr<Outbox>> announced{};
  };

  explicit LoopMailbox(io::EventLoop& event_loop) : event_loop_(event_loop) {}

  void Add(NewClient new_client) KVS_EXCLUDES(mutex_);
  // The job of `client` is done. It does not touch the client any more.
  void Return(Client* client) KVS_EXCLUDES(mutex_);
  void Deliver(std::shared_ptr<Outbox> outbox) override KVS_EXCLUDES(mutex_);

  Mail Take() KVS_EXCLUDES(mutex_);
  // Waits until `clients` clients have returned since the last Take().
  void AwaitReturned(std::size_t clients) KVS_EXCLUDES(mutex_);

 private:
  io::EventLoop& event_loop_;

  sync::Mutex mutex_;
  sync::ConditionVariable has_returned_;
  Mail mail_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
