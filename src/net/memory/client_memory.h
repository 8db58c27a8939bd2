// ClientMemory: the memory that all clients of a server hold together, and its limit.
//
//   account->Grow(bytes);             // Throws if the limit leaves no room.
//   ClientMemory::Loan loan(account);
//   loan.Add(bytes);                  // The same, until the loan ends.
//
// Design      Each client has an account of the bytes in its connection and in its outbox. The sum of the accounts
//             changes in steps of kStepBytes, so that a client with small requests never touches it. If a client would
//             take the sum past the limit, clients that hold more are closed, the largest first. If no client holds
//             more, that client is refused.
// Threads     Call anything from any thread. Some calls of an account are for its connection's thread.
// Ownership   Outlives its accounts. A connection and its outbox share an account. Close() ends the part that needs the
//             socket.
// Limits      The sum may exceed the limit by what closing clients still hold. At twice the limit all are refused.
// Errors      base::MemoryRefused, a std::bad_alloc: nothing was counted.
//
// Invariants  I1  The socket of an account in accounts_ is open, if it has one: it is shut down under the mutex.
// Fences      R1  the atomics: relaxed. Figures, and is_evicted_, which the connection reads after the end of its
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

  // Closes clients until the others are within the limit.
  void set_limit(std::size_t bytes) KVS_EXCLUDES(mutex_);
  std::size_t limit() const { return limit_.load(std::memory_order_relaxed); }        // R1
  std::size_t used() const { return used_.load(std::memory_order_relaxed); }          // R1
  std::uint64_t evicted() const { return evicted_.load(std::memory_order_relaxed); }  // R1. Clients, ever.

  std::shared_ptr<Account> Open(int socket) KVS_EXCLUDES(mutex_);

  // Called with a line for the log. Set before there are accounts.
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

  // Of the connection's thread: it needs more, or less.
  bool TryGrow(std::size_t bytes) override;
  void Grow(std::size_t bytes) {
    if (!TryGrow(bytes)) throw base::MemoryRefused();
  }
  void Shrink(std::size_t bytes) { SetHeld(held_ - bytes); }
  // bytes: in, all that the connection holds. It has called Grow() for what is more than before.
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

// Memory of one command. The end of the loan gives it back.
class ClientMemory::Loan {
 public:
  explicit Loan(Account* account) : account_(account) {}  // nullptr: not counted.
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
