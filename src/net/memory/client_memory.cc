#include "net/memory/client_memory.h"

#include <utility>

#include "base/probe.h"
#include "io/socket.h"

namespace kvs::server {

void ClientMemory::set_limit(std::size_t bytes) {
  limit_.store(bytes, std::memory_order_relaxed);  // R1
  if (bytes != kNoLimit && used() > bytes) static_cast<void>(MakeRoom(nullptr, 0));
}

std::shared_ptr<ClientMemory::Account> ClientMemory::Open(int socket) {
  auto account = std::make_shared<Account>(*this, socket);
  const sync::MutexLock lock(mutex_);
  account->index_ = accounts_.size();
  accounts_.push_back(account.get());
  return account;
}

void ClientMemory::Leave(Account* account) {
  const sync::MutexLock lock(mutex_);
  accounts_.back()->index_ = account->index_;
  accounts_[account->index_] = accounts_.back();
  accounts_.pop_back();
}

// `taker_bytes`: what the taker has then.
bool ClientMemory::Take(const Account& taker, std::size_t bytes, std::size_t taker_bytes) {
  const std::size_t used = used_.fetch_add(bytes, std::memory_order_relaxed) + bytes;  // R1
  const std::size_t bytes_max = limit();
  if (bytes_max == kNoLimit || used <= bytes_max) [[likely]]
    return true;
  if (MakeRoom(&taker, taker_bytes)) return true;
  KVS_PROBE("no room in the memory of the clients");
  GiveBack(bytes);
  return false;
}

bool ClientMemory::MakeRoom(const Account* taker, std::size_t taker_bytes) {
  std::size_t closed = 0;
  bool has_room = false;
  {
    const sync::MutexLock lock(mutex_);
    has_room = EvictGreater(taker, taker_bytes, &closed);
  }
  if (closed > 0 && tell) {
    tell("closed " + std::to_string(closed) + " clients, those with the most memory: together the clients reached " +
         "client-memory-limit, " + std::to_string(limit()) + " bytes");
  }
  return has_room;
}

// Ends clients that have more than `taker_bytes`, the greatest first, until what the others have is within the limit.
// None is ended where that cannot be reached.
bool ClientMemory::EvictGreater(const Account* taker, std::size_t taker_bytes, std::size_t* closed) {
  std::size_t leaving = 0;
  std::size_t greater = 0;
  for (const Account* account : accounts_) {
    if (account->is_evicted()) {
      leaving += account->bytes();
    } else if (account != taker && account->bytes() > taker_bytes) {
      greater += account->bytes();
    }
  }
  const auto is_within = [&](std::size_t gone) { return used() <= limit() + gone; };
  if (!is_within(leaving + greater)) return false;
  while (!is_within(leaving)) {
    Account* greatest = nullptr;
    for (Account* account : accounts_) {
      if (account == taker || account->is_evicted() || account->bytes() <= taker_bytes) continue;
      if (greatest == nullptr || account->bytes() > greatest->bytes()) greatest = account;
    }
    if (greatest == nullptr) return false;  // What they have has changed meanwhile.
    leaving += greatest->bytes();
    KVS_PROBE("greatest client is closed");
    ++*closed;
    greatest->is_evicted_.store(true, std::memory_order_relaxed);         // R1
    evicted_.fetch_add(1, std::memory_order_relaxed);                     // R1
    if (greatest->socket_ != kNoSocket) io::ShutDown(greatest->socket_);  // I1. Its loop finds the end, and closes it.
  }
  return taker == nullptr || used() / 2 <= limit();
}

ClientMemory::Account::~Account() {
  Close();
  memory_.GiveBack(bytes());
}

void ClientMemory::Account::Close() {
  if (!std::exchange(is_open_, false)) return;
  SetHeld(0);
  memory_.Leave(this);
}

// `counted` follows `bytes` in steps.
bool ClientMemory::Account::TryCount(std::atomic<std::size_t>& counted, std::size_t bytes) {
  const std::size_t before = counted.load(std::memory_order_relaxed);  // R1
  const std::size_t after = InSteps(bytes);
  if (after == before) [[likely]]
    return true;
  if (after > before) {
    if (is_evicted() || !memory_.Take(*this, after - before, this->bytes() + after - before)) return false;
  } else {
    memory_.GiveBack(before - after);
  }
  counted.store(after, std::memory_order_relaxed);  // R1
  return true;
}

bool ClientMemory::Account::TryGrow(std::size_t bytes) {
  if (!TryCount(own_, held_ + bytes)) return false;
  held_ += bytes;
  return true;
}

void ClientMemory::Account::SetHeld(std::size_t bytes) {
  held_ = bytes;
  if (TryCount(own_, bytes) || is_evicted_.exchange(true, std::memory_order_relaxed)) return;  // R1
  memory_.evicted_.fetch_add(1, std::memory_order_relaxed);                                    // R1
}

bool ClientMemory::Account::TrySetMail(std::size_t bytes) { return TryCount(mail_, bytes); }

}  // namespace kvs::server
