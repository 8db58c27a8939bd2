// Outbox: what others have for a connection: bytes to send, or the news that it may go on.
//
// Design      A connection belongs to one loop, and nobody else touches it. Who has something for it appends it here
//             and tells the loop, once, through the Mailbox; the connection takes all of it at its next turn.
// Threads     Push() and Wake() from any thread; the calls marked so from the connection's thread.
// Ordering    Bytes come out in the order in which they went in: what one thread pushes stays in its order.
// Ownership   Shared between the connection, its loop's mailbox and all that may wake it; outlives each of them.
// Limits      bytes_max, and what the account of its client allows. More than that is not kept: the reader is too slow,
//             and is to be dropped.
//
// Invariants  I1  While is_announced_ the mailbox has the outbox, or its loop is about to look at the connection.
//             I2  `owner` is the loop's alone.
// Fences      R1  has_mail_: relaxed. A hint: who misses it is told through the mailbox.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "base/byte_buffer.h"
#include "net/client_memory.h"
#include "sync/mutex.h"

namespace kvs::server {

class Outbox;

// Where a loop is told that one of its connections has mail. Any thread.
class Mailbox {
 public:
  virtual void Deliver(std::shared_ptr<Outbox> outbox) = 0;

 protected:
  ~Mailbox() = default;
};

class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  // `mailbox` outlives all who push; nullptr: nobody is told.
  Outbox(std::size_t bytes_max, Mailbox* mailbox) : bytes_max_(bytes_max), mailbox_(mailbox) {}
  // Before anybody pushes.
  void set_account(std::shared_ptr<ClientMemory::Account> account) { account_ = std::move(account); }
  ClientMemory::Account* account() const { return account_.get(); }  // nullptr: nobody counts.

  void Push(std::string_view bytes) KVS_EXCLUDES(mutex_);
  // As a Push() of more than it can keep.
  void Overflow() KVS_EXCLUDES(mutex_);
  // Has the connection run again, if it waits for something: see TakeWake().
  void Wake() KVS_EXCLUDES(mutex_);

  // What is pushed from now on is dropped, as what is there. Of the connection's thread, when it ends.
  void Close() KVS_EXCLUDES(mutex_);

  // The loop is about to look at the connection: later mail is told anew.
  void Acknowledge() KVS_EXCLUDES(mutex_);

  // Of the connection's thread.
  bool has_mail() const { return has_mail_.load(std::memory_order_relaxed); }  // R1
  void Take(base::ByteBuffer* out) KVS_EXCLUDES(mutex_);
  bool TakeWake() KVS_EXCLUDES(mutex_);
  bool has_overflowed() const KVS_EXCLUDES(mutex_);
  std::size_t bytes() const KVS_EXCLUDES(mutex_);  // Any thread.

  void* owner = nullptr;  // I2. What the loop knows the connection by; nullptr once it is closed.

 private:
  void Announce() KVS_EXCLUDES(mutex_);
  bool TryKeep(std::string_view bytes) KVS_REQUIRES(mutex_);
  void Drop() KVS_REQUIRES(mutex_);

  const std::size_t bytes_max_;
  Mailbox* const mailbox_;
  std::shared_ptr<ClientMemory::Account> account_;  // Constant once somebody pushes.

  std::atomic<bool> has_mail_{false};  // R1
  mutable sync::Mutex mutex_;
  base::ByteBuffer bytes_ KVS_GUARDED_BY(mutex_);
  bool is_announced_ KVS_GUARDED_BY(mutex_) = false;
  bool is_woken_ KVS_GUARDED_BY(mutex_) = false;
  bool has_overflowed_ KVS_GUARDED_BY(mutex_) = false;
};

}  // namespace kvs::server
