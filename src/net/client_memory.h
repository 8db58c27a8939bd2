// ClientMemory: the memory that all clients of a server have together, and the limit of it.
//
//   account->Grow(bytes);                         // Throws where the limit leaves no room.
//   const ClientMemory::Loan loan(account, bytes);  // The same, for as long as it lives.
//
// Design      Each client has an account: what its connection holds, and what others have put into its outbox. Figures
//             change in steps of kStepBytes, so that a client with small requests never touches the sum. When the sum
//             would pass the limit, clients that have more than the one that asks are closed, the greatest first; where
//             there are none, the one that asks is refused.
// Threads     Call anything from any thread; of an account, the calls marked so from its connection's thread.
// Ownership   Outlives its accounts. An account is shared by a connection and its outbox; Close() ends the part of it
//             that needs the socket.
// Limits      The sum may pass the limit by what clients that are being closed still have, who get nothing more; but
//             nobody gets anything while it is at twice the limit.
// Errors      base::MemoryRefused, a std::bad_alloc: nothing was counted.
//
// Invariants  I1  An account in accounts_ has an open socket, or none: it is shut down under the mutex.
// Fences      R1  the atomics: relaxed. Figures, and is_evicted_, which the connection looks at when the end of its
//                 socket has made it ready.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_meter.h"
#include "sync/mutex.h"

namespace kvs::server {

class ClientMemory {
 public:
  static constexpr std::size_t kStepBytes = std::size_t{16} << 10;
  static constexpr std::size_t kNoLimit = 0;
  static constexpr int kNoSocket = -1;

  class Account;
  class Loan;

  // Clients are closed until the others are within it.
  void set_limit(std::size_t bytes) KVS_EXCLUDES(mutex_);
  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }        // R1
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }          // R1
  std::uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }  // R1. Clients, ever.

  std::shared_ptr<Account> Open(int socket) KVS_EXCLUDES(mutex_);

  // Told what was done, a line each; set before there are accounts.
  std::function<void(const std::string& line)> tell{};

 private:
  bool Take(const Account& taker, std::size_t bytes, std::size_t taker_bytes) KVS_EXCLUDES(mutex_);
  void GiveBack(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }  // R1
  bool MakeRoom(const Account* taker, std::size_t taker_bytes) KVS_EXCLUDES(mutex_);
  bool EvictGreater(const Account* taker, std::size_t taker_bytes, std::size_t* closed) KVS_REQUIRES(mutex_);
  void Leave(Account* account) KVS_EXCLUDES(mutex_);

  std::atomic<std::size_t> limit_{kNoLimit};  // R1
  std::atomic<std::size_t> used_{0};          // R1
  std::atomic<std::uint64_t> evicted_{0};     // R1
  sync::Mutex mutex_;                         // Taken when clients come and go, and at the limit.
  std::vector<Account*> accounts_ KVS_GUARDED_BY(mutex_);
};

class ClientMemory::Account final : public base::ByteMeter {
 public:
  Account(ClientMemory& memory, int socket) : memory_(memory), socket_(socket) {}
  ~Account();

  // Of the connection's thread: more is needed, or no longer.
  bool TryGrow(std::size_t bytes) override;
  void Grow(std::size_t bytes) {
    if (!TryGrow(bytes)) throw base::MemoryRefused();
  }
  void Shrink(std::size_t bytes) { SetHeld(held_ - bytes); }
  // What the connection holds, as it was found by looking. Growth was asked for before.
  void SetHeld(std::size_t bytes);
  // The socket is about to be closed.
  void Close();

  // Under the mutex of the outbox.
  bool TrySetMail(std::size_t bytes);

  bool is_evicted() const { return is_evicted_.load(std::memory_order_relaxed); }  // R1
  std::size_t bytes() const {
    return own_.load(std::memory_order_relaxed) + mail_.load(std::memory_order_relaxed);  // R1
  }

 private:
  friend class ClientMemory;
  static std::size_t InSteps(std::size_t bytes) { return bytes / kStepBytes * kStepBytes; }
  bool TryCount(std::atomic<std::size_t>& counted, std::size_t bytes);

  ClientMemory& memory_;
  const int socket_;
  std::size_t held_ = 0;   // Of the connection's thread.
  std::size_t index_ = 0;  // In accounts_. Guarded by its mutex.
  bool is_open_ = true;    // Of the connection's thread.

  std::atomic<std::size_t> own_{0};      // R1. held_, in steps.
  std::atomic<std::size_t> mail_{0};     // R1. What is in the outbox, in steps.
  std::atomic<bool> is_evicted_{false};  // R1
};

// Memory of one command, which goes back when it ends.
class ClientMemory::Loan {
 public:
  explicit Loan(Account* account) : account_(account) {}  // nullptr: nobody counts.
  ~Loan() {
    if (bytes_ > 0) account_->Shrink(bytes_);
  }
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;

  void Add(std::size_t bytes) {
    if (account_ == nullptr) return;
    account_->Grow(bytes);
    bytes_ += bytes;
  }
  void Set(std::size_t bytes) {
    if (bytes > bytes_) {
      Add(bytes - bytes_);
    } else if (account_ != nullptr) {
      account_->Shrink(std::exchange(bytes_, bytes) - bytes);
    }
  }
  Account* account() const { return account_; }

 private:
  Account* const account_;
  std::size_t bytes_ = 0;
};

}  // namespace kvs::server
