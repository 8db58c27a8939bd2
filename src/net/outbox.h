// Outbox: messages from other threads to a connection: bytes to send, or a signal to continue.
//
// Design      A connection belongs to one loop, and no other thread touches it. A sender appends to the outbox and
//             tells the loop through the Mailbox, once. The connection takes all the mail in its next turn.
// Threads     Push() and Wake() from any thread. Some calls are for the connection's thread.
// Ordering    Bytes come out in the order in which they went in.
// Ownership   Shared by the connection, its loop's mailbox and all senders. Outlives each of them.
// Limits      bytes_max, and the limit of the client's account. An outbox that exceeds them drops its bytes, and its
//             client is to be dropped too: it reads too slowly.
//
// Invariants  I1  While is_announced_, the mailbox has the outbox, or its loop is about to look at the connection.
//             I2  Only the loop uses `owner`.
// Fences      R1  has_mail_: relaxed. A hint: a connection that misses it hears through the mailbox.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "base/byte_buffer.h"
#include "net/memory/client_memory.h"
#include "sync/mutex.h"

namespace kvs::server {

class Outbox;

// Tells a loop that one of its connections has mail. Any thread.
class Mailbox {
 public:
  virtual void Deliver(std::shared_ptr<Outbox> outbox) = 0;

 protected:
  ~Mailbox() = default;
};

class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  // mailbox: in, outlives all senders; nullptr: no loop is told.
  Outbox(std::size_t bytes_max, Mailbox* mailbox) : bytes_max_(bytes_max), mailbox_(mailbox) {}
  // Before the first Push().
  void set_account(std::shared_ptr<ClientMemory::Account> account) { account_ = std::move(account); }
  ClientMemory::Account* account() const { return account_.get(); }  // nullptr: not counted.

  void Push(std::string_view bytes) KVS_EXCLUDES(mutex_);
  // As a Push() of more than the limit.
  void Overflow() KVS_EXCLUDES(mutex_);
  // Gives the connection a turn. If it waits, it continues: see TakeWake().
  void Wake() KVS_EXCLUDES(mutex_);

  // Drops all bytes, and all that are pushed from now on. Of the connection's thread, when it ends.
  void Close() KVS_EXCLUDES(mutex_);

  // The loop is about to look at the connection: later mail is announced again.
  void Acknowledge() KVS_EXCLUDES(mutex_);

  // Of the connection's thread.
  bool has_mail() const { return has_mail_.load(std::memory_order_relaxed); }  // R1
  void Take(base::ByteBuffer* out) KVS_EXCLUDES(mutex_);
  bool TakeWake() KVS_EXCLUDES(mutex_);
  bool has_overflowed() const KVS_EXCLUDES(mutex_);
  std::size_t bytes() const KVS_EXCLUDES(mutex_);  // Any thread.

  void* owner = nullptr;  // I2. The loop's token of the connection; nullptr after it is closed.

 private:
  void Announce() KVS_EXCLUDES(mutex_);
  bool TryKeep(std::string_view bytes) KVS_REQUIRES(mutex_);
  void Drop() KVS_REQUIRES(mutex_);

  const std::size_t bytes_max_;
  Mailbox* const mailbox_;
  std::shared_ptr<ClientMemory::Account> account_;  // Constant from the first Push() on.

  std::atomic<bool> has_mail_{false};  // R1
  mutable sync::Mutex mutex_;
  base::ByteBuffer bytes_ KVS_GUARDED_BY(mutex_);
  bool is_announced_ KVS_GUARDED_BY(mutex_) = false;
  bool is_woken_ KVS_GUARDED_BY(mutex_) = false;
  bool has_overflowed_ KVS_GUARDED_BY(mutex_) = false;
};

}  // namespace kvs::server
