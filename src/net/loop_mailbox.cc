#include "net/loop_mailbox.h"

#include <utility>

namespace kvs::server {

void LoopMailbox::Add(NewClient new_client) {
  {
    const sync::MutexLock lock(mutex_);
    mail_.new_clients.push_back(std::move(new_client));
  }
  event_loop_.Wake();
}

void LoopMailbox::Return(Client* client) {
  const sync::MutexLock lock(mutex_);
  mail_.returned.push_back(client);
  // Under the mutex: when it is released, the loop may find that this was the last job, and end.
  has_returned_.NotifyOne();
  event_loop_.Wake();
}

void LoopMailbox::Deliver(std::shared_ptr<Outbox> outbox) {
  {
    const sync::MutexLock lock(mutex_);
    mail_.announced.push_back(std::move(outbox));
    if (mail_.announced.size() > 1) return;  // The first one has woken the loop, and it has not looked yet.
  }
  event_loop_.Wake();
}

LoopMailbox::Mail LoopMailbox::Take() {
  const sync::MutexLock lock(mutex_);
  return std::exchange(mail_, {});
}

void LoopMailbox::AwaitReturned(std::size_t clients) {
  const sync::MutexLock lock(mutex_);
  while (mail_.returned.size() < clients) has_returned_.Wait(mutex_);
}

}  // namespace kvs::server
