#include "net/round.h"

#include <algorithm>

namespace kvs::server {
namespace {

// A client that is waiting has to be woken by the send. One process often has many connections: awake for the first
// answer it finds the others. More would have to wait for the work of too many others.
constexpr std::size_t kAnsweredTogether = 16;

}  // namespace

RoundSync ServeRound(Host& host, std::span<Session* const> sessions) noexcept {
  RoundSync done;
  for (std::size_t first = 0; first < sessions.size(); first += kAnsweredTogether) {
    const auto group = sessions.subspan(first, std::min(kAnsweredTogether, sessions.size() - first));
    for (Session* session : group) session->Input();
    host.EndInput();
    for (Session* session : group) {
      if (session->has_unsettled_writes()) {
        ++done.sessions;
      } else {
        session->Output();
      }
    }
  }
  if (done.sessions == 0) return done;

  const auto begin = std::chrono::steady_clock::now();
  const Status sync = host.Sync();
  done.duration = std::chrono::steady_clock::now() - begin;
  for (Session* session : sessions) {
    if (!session->has_unsettled_writes()) continue;
    session->SettleWrites(sync);
    session->Output();
  }
  return done;
}

}  // namespace kvs::server
