// ClientDeadlines: all clients of a loop, and when the loop has waited too long for each.
//
// Design      Each client is in exactly one list, that of its phase. Each list has its own timeout, and is in the order
//             of `since`, so that its first client is the next to expire.
// Threads     One thread at a time.
// Ownership   Owns the clients. A pointer to a client is valid until Remove().
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <list>
#include <optional>
#include <utility>

#include "io/socket.h"
#include "net/client.h"

namespace kvs::server {

class ClientDeadlines {
 public:
  using Phase = Client::Phase;

  // `timeout`: 0: none.
  void set_timeout(Phase phase, std::chrono::milliseconds timeout) { timeouts_[Index(phase)] = timeout; }

  // Constructs a client from `arguments`, in `phase`.
  template <class... Arguments>
  Client* Add(Phase phase, io::Deadline now, Arguments&&... arguments);
  void Remove(Client* client) { ListOf(client->phase).erase(client->self); }
  // The wait of `client` begins again, in `phase`, which may be the one that it is in.
  void Restart(Phase phase, io::Deadline now, Client* client);

  bool is_empty() const {
    return std::all_of(lists_.begin(), lists_.end(), [](const auto& list) { return list.empty(); });
  }
  bool has(Phase phase) const { return !lists_[Index(phase)].empty(); }
  std::optional<io::Deadline> Next() const;  // nullopt: no client expires.

  // Calls visit(client) with each client of the phase. The visit may remove the client, or restart its wait.
  template <class Function>
  void Visit(Phase phase, Function visit);
  // The same, for the clients whose time is over at `now`.
  template <class Function>
  void VisitExpired(Phase phase, io::Deadline now, Function visit);

 private:
  static std::size_t Index(Phase phase) { return static_cast<std::size_t>(phase); }
  std::list<Client>& ListOf(Phase phase) { return lists_[Index(phase)]; }

  std::array<std::list<Client>, Client::kPhases> lists_;
  std::array<std::chrono::milliseconds, Client::kPhases> timeouts_{};
};

template <class... Arguments>
Client* ClientDeadlines::Add(Phase phase, io::Deadline now, Arguments&&... arguments) {
  std::list<Client>& list = ListOf(phase);
  Client* const client = &list.emplace_back(std::forward<Arguments>(arguments)...);
  client->phase = phase;
  client->since = now;
  client->self = std::prev(list.end());
  return client;
}

inline void ClientDeadlines::Restart(Phase phase, io::Deadline now, Client* client) {
  std::list<Client>& list = ListOf(phase);
  list.splice(list.end(), ListOf(client->phase), client->self);
  client->phase = phase;
  client->since = now;
}

inline std::optional<io::Deadline> ClientDeadlines::Next() const {
  std::optional<io::Deadline> next;
  for (std::size_t i = 0; i < Client::kPhases; ++i) {
    if (lists_[i].empty() || timeouts_[i].count() <= 0) continue;
    const io::Deadline deadline = lists_[i].front().since + timeouts_[i];
    next = next ? std::min(*next, deadline) : deadline;
  }
  return next;
}

template <class Function>
void ClientDeadlines::Visit(Phase phase, Function visit) {
  std::list<Client>& list = ListOf(phase);
  for (auto next = list.begin(); next != list.end();) {
    Client* const client = &*next++;
    visit(client);
  }
}

template <class Function>
void ClientDeadlines::VisitExpired(Phase phase, io::Deadline now, Function visit) {
  std::list<Client>& list = ListOf(phase);
  const std::chrono::milliseconds timeout = timeouts_[Index(phase)];
  if (timeout.count() <= 0) return;
  for (auto next = list.begin(); next != list.end();) {
    Client* const client = &*next++;
    if (client->since + timeout > now) return;
    visit(client);
  }
}

}  // namespace kvs::server
