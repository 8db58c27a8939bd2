// ClientRegistry: the RESP clients of all loops, for clients that ask about the others or end them.
//
// Threads     Call anything from any thread. A client is entered and left by its own.
// Invariants  I1  A client's socket is open as long as it is in the registry: what is done to the socket of another
//                 client is done under the mutex.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "kvs/function_ref.h"
#include "service/client_state.h"
#include "sync/mutex.h"

namespace kvs::server {

class ClientRegistry {
 public:
  std::uint64_t NextId() { return next_id_.fetch_add(1, std::memory_order_relaxed); }  // R1: only has to be unique.

  void Enter(ClientState* client) KVS_EXCLUDES(mutex_);
  void Leave(ClientState* client) KVS_EXCLUDES(mutex_);

  std::size_t size() const KVS_EXCLUDES(mutex_);
  // In the order of their ids, which is that of their coming, without those that Kill() has ended. `visit` runs under
  // the mutex.
  void ForEach(FunctionRef<void(const ClientState& client)> visit) const KVS_EXCLUDES(mutex_);
  // Visits the client of that id, under the mutex. False: there is none, or Kill() has ended it.
  bool Find(std::uint64_t id, FunctionRef<void(ClientState& client)> visit) const KVS_EXCLUDES(mutex_);
  // Runs `change` under the mutex, for the names of a client.
  void Change(FunctionRef<void()> change) KVS_EXCLUDES(mutex_);
  // Ends the clients that `chosen` is true for, but `self`, which it only counts. How many there are.
  std::size_t Kill(const ClientState& self, FunctionRef<bool(const ClientState& client)> chosen) KVS_EXCLUDES(mutex_);

 private:
  std::atomic<std::uint64_t> next_id_{1};
  mutable sync::Mutex mutex_;
  std::map<std::uint64_t, ClientState*> clients_ KVS_GUARDED_BY(mutex_);
};

// One line of CLIENT LIST, without its end. Under the registry's mutex.
std::string DescribeClient(const ClientState& client);
std::string PeerOf(const ClientState& client);
std::string LocalOf(const ClientState& client);

}  // namespace kvs::server
