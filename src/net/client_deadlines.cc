#include "net/client_deadlines.h"

#include <algorithm>

namespace kvs::server {

void ClientDeadlines::Restart(Phase phase, io::Deadline now, Client* client) {
  std::list<Client>& list = ListOf(phase);
  list.splice(list.end(), ListOf(client->phase), client->self);
  client->phase = phase;
  client->since = now;
}

bool ClientDeadlines::is_empty() const {
  return std::all_of(lists_.begin(), lists_.end(), [](const auto& list) { return list.empty(); });
}

std::optional<io::Deadline> ClientDeadlines::Next() const {
  std::optional<io::Deadline> next;
  for (std::size_t i = 0; i < Client::kPhases; ++i) {
    if (lists_[i].empty() || timeouts_[i].count() <= 0) continue;
    const io::Deadline deadline = lists_[i].front().since + timeouts_[i];
    next = next ? std::min(*next, deadline) : deadline;
  }
  return next;
}

}  // namespace kvs::server
