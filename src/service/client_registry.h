// ClientRegistry: the RESP clients of all loops, for CLIENT LIST, CLIENT KILL and their like.
//
// Threads     Call anything from any thread, Enter() and Leave() from the client's.
// Invariants  I1  The socket of a registered client is open. Other threads use it under the mutex only.
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
  // Visits the clients in the order of their ids, without those that Kill() has closed. `visit` runs under the mutex.
  void ForEach(FunctionRef<void(const ClientState& client)> visit) const KVS_EXCLUDES(mutex_);
  // Visits the client of that id, under the mutex. False: there is none, or Kill() has closed it.
  bool Find(std::uint64_t id, FunctionRef<void(ClientState& client)> visit) const KVS_EXCLUDES(mutex_);
  // Runs `change` under the mutex, for the names of a client.
  void Change(FunctionRef<void()> change) KVS_EXCLUDES(mutex_);
  // Closes the clients that `chosen` is true for, except `self`. Returns how many they are, `self` included.
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
